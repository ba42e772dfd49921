import { createHash, createPublicKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { itUnless } from "../support/unless.ts";
import { fixturePublicKey, makeBundle as makeSlipwayBundle, writeSplit } from "../support/bundle-fixture.ts";
import { mustRun, runChild } from "../support/child.ts";

// Most bundles of this test are made by hand, with tar and node:crypto, after the format's description alone.
const script = fileURLToPath(new URL("../../../offline-bundle/install.sh", import.meta.url));
const tools =
  "sh tar awk sed od dd ls mktemp uname id cat head grep tr wc dirname rm rmdir mkdir mv chmod sha256sum".split(" ");
const checkers = ["minisign", "openssl"].filter((name) => {
  const there = (process.env["PATH"] ?? "").split(delimiter).some((place) => existsSync(join(place, name)));
  if (!there) console.log(`${name} is not installed: what is checked with it was not run`);
  return there;
});
const executable = "#!/bin/sh\necho 9.9.9\n";
const executableArm = "#!/bin/sh\necho 9.9.9-arm\n";
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-install-sh-"));
  await chmod(folder, 0o755);
  await mkdir(join(folder, "tmp"), { mode: 0o777 });
  await chmod(join(folder, "tmp"), 0o777);
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("the script", () => {
  it("is what shellcheck has nothing to say about", async () => {
    const result = await runChild("shellcheck", ["-s", "sh", script]).catch(() => undefined);
    if (result === undefined) {
      console.log("shellcheck is not installed: only the syntax was checked");
      await mustRun("sh", ["-n", script]);
      return;
    }

    expect(result).toMatchObject({ exitCode: 0, stdout: "" });
  });

  it("prints how it is used", async () => {
    const asked = await install(["--help"]);
    const wrong = await install([]);

    expect(asked.exitCode).toBe(0);
    expect(asked.stdout).toContain("usage: sh install.sh BUNDLE");
    expect(wrong.exitCode).toBe(2);
    expect((await install(["--key"])).stderr).toContain("--key needs a value");
    expect((await install(["--nope"])).stderr).toContain("unknown option --nope");
    expect((await install([join(folder, "none.tar")])).stderr).toContain("there is no file");
  });
});

describe.each(checkers)("with %s", (checker) => {
  it("checks the signature and puts slipway in place", async () => {
    const { bundle, key } = await makeBundle();

    const result = await install([bundle, "--key", key, "--to", "bin"], { checker });

    expect(result.stderr).toBe("");
    expect(result.exitCode).toBe(0);
    expect(result.stdout).toContain(`signature: good, by the key in ${key} (checked with ${checker})`);
    expect(result.stdout).toContain("slipway, version 9.9.9");
    expect(result.stdout).toContain(`install --mode compose --bundle ${bundle} --key ${key}`);
    expect(await readFile(join(folder, "bin/slipway"), "utf8")).toBe(executable);
    expect((await stat(join(folder, "bin/slipway"))).mode & 0o777).toBe(0o755);
    expect(await readdir(join(folder, "bin"))).toEqual(["slipway"]);
    expect(await readdir(join(folder, "tmp"))).toEqual([]);
  });

  it("takes any of several keys, and replaces an older slipway", async () => {
    const other = await makeBundle({ name: "other" });
    const { bundle, key } = await makeBundle();
    await mkdir(join(folder, "bin"));
    await writeFile(join(folder, "bin/slipway"), "old");

    const result = await install([bundle, "--key", other.key, "--key", key, "--to", "bin"], { checker });

    expect(result.exitCode).toBe(0);
    expect(await readFile(join(folder, "bin/slipway"), "utf8")).toBe(executable);
  });

  it("refuses another's key", async () => {
    const other = await makeBundle({ name: "other" });
    const { bundle } = await makeBundle();

    const result = await install([bundle, "--key", other.key, "--to", "bin"], { checker });

    await expectRefusal(result, 8, "no trusted key made the signature");
  });

  it("refuses a root document that was changed after it was signed", async () => {
    const { bundle, key } = await makeBundle({ afterSigning: (root) => root.replace('"9.9.9"', '"9.9.8"') });

    const result = await install([bundle, "--key", key, "--to", "bin"], { checker });

    await expectRefusal(result, 8, "no trusted key made the signature");
  });

  it("refuses a trusted comment that was changed", async () => {
    const { bundle, key } = await makeBundle({ changeSignature: (text) => text.replace("made by", "made for") });

    const result = await install([bundle, "--key", key, "--to", "bin"], { checker });

    await expectRefusal(result, 8, "no trusted key made the signature");
  });

  it("refuses a signature of the kind that is not over the document's sum", async () => {
    const { bundle, key } = await makeBundle({ kind: "Ed" });

    const result = await install([bundle, "--key", key, "--to", "bin"], { checker });

    await expectRefusal(result, 8, "no trusted key made the signature");
  });
});

describe("a bundle that is not what it should be", () => {
  it("is refused with a checksum list other than the signed one", async () => {
    const { bundle, key } = await makeBundle({ changeChecksums: (text) => text.replace("a", "b") });

    const result = await install([bundle, "--key", key, "--to", "bin"]);

    await expectRefusal(result, 8, "checksums.txt");
  });

  it("is refused with one flipped bit in the executable", async () => {
    const { bundle, key } = await makeBundle({ blob: (text) => text.replace("9.9.9", "9.9.8") });

    const result = await install([bundle, "--key", key, "--to", "bin"]);

    await expectRefusal(result, 8, "is damaged");
  });

  it("is refused when it ends too early", async () => {
    const { bundle, key } = await makeBundle();
    const bytes = await readFile(bundle);
    await writeFile(bundle, bytes.subarray(0, bytes.indexOf("#!/bin/sh")));

    const result = await install([bundle, "--key", key, "--to", "bin"]);

    await expectRefusal(result, 8, "blobs/sha256/");
  });

  it("is refused when it is something else", async () => {
    await writeFile(join(folder, "junk.tar"), randomBytes(4096));

    const result = await install([join(folder, "junk.tar"), "--unchecked", "--to", "bin"]);

    await expectRefusal(result, 8, "is no bundle");
  });

  it("is refused unsigned, and taken with the explicit word", async () => {
    const { bundle, key } = await makeBundle({ unsigned: true });

    const refused = await install([bundle, "--key", key, "--to", "bin"]);
    await expectRefusal(refused, 8, "is not signed");

    const taken = await install([bundle, "--unchecked", "--to", "bin"]);
    expect(taken.exitCode).toBe(0);
    expect(taken.stderr).toContain("warning: --unchecked");
    expect(taken.stdout).toContain("--allow-unsigned");
  });

  it("is refused, even unchecked, when the executable is damaged", async () => {
    const { bundle } = await makeBundle({ blob: (text) => text.replace("9.9.9", "9.9.8") });

    const result = await install([bundle, "--unchecked", "--to", "bin"]);

    await expectRefusal(result, 8, "is damaged");
  });

  it("that is a delta without the executable sends to its base", async () => {
    const { bundle, key } = await makeBundle({ content: "delta", withoutBlobs: true });

    const result = await install([bundle, "--key", key, "--to", "bin"]);

    await expectRefusal(result, 8, "is a delta");
  });

  it("with an executable that does not start leaves nothing", async () => {
    const { bundle, key } = await makeBundle({ program: "#!/bin/sh\necho no libstdc >&2\nexit 127\n" });

    const result = await install([bundle, "--key", key, "--to", "bin"]);

    await expectRefusal(result, 4, "slipway does not start here: no libstdc");
  });
});

describe("a machine", () => {
  it("of another processor gets its own executable", async () => {
    const { bundle, key } = await makeBundle();

    const result = await install([bundle, "--key", key, "--to", "bin"], { uname: "aarch64" });

    expect(result.exitCode).toBe(0);
    expect(await readFile(join(folder, "bin/slipway"), "utf8")).toBe(executableArm);
  });

  it("with spaces in its paths gets a next command that can be typed", async () => {
    const { bundle, key } = await makeBundle();
    await mkdir(join(folder, "it's here"));
    await mustRun("mv", [bundle, key, join(folder, "it's here")]);

    const result = await install(["it's here/bundle.tar", "--key", "it's here/bundle.pub", "--to", "bin"]);

    expect(result.exitCode).toBe(0);
    const next = /^next: (.*)$/m.exec(result.stdout)?.[1] ?? "";
    const typed = await mustRun("sh", ["-c", `printf '%s\\n' ${next}`]);
    expect(typed.split("\n")).toContain(`${folder}/it's here/bundle.tar`);
    expect(typed.split("\n")).toContain("it's here/bundle.pub");
  });

  it("of a processor that is not in the bundle, or not known, is told so", async () => {
    const { bundle, key } = await makeBundle({ platforms: ["linux/amd64"] });

    const absent = await install([bundle, "--key", key, "--to", "bin"], { uname: "aarch64" });
    const unknown = await install([bundle, "--key", key, "--to", "bin"], { uname: "riscv64" });

    await expectRefusal(absent, 8, "carries no slipway for linux/arm64");
    await expectRefusal(unknown, 4, "riscv64");
  });

  it("without a program that checks signatures is refused unless told to do without", async () => {
    const { bundle, key } = await makeBundle();

    const refused = await install([bundle, "--key", key, "--to", "bin"], { checker: undefined });
    await expectRefusal(refused, 4, "neither minisign nor OpenSSL 3 is installed");

    expect((await install([bundle, "--unchecked", "--to", "bin"], { checker: undefined })).exitCode).toBe(0);
  });

  it("with an OpenSSL that is too old is refused", async () => {
    const { bundle, key } = await makeBundle();

    const result = await install([bundle, "--key", key, "--to", "bin"], {
      checker: undefined,
      programs: { openssl: "#!/bin/sh\necho 'OpenSSL 1.1.1w  11 Sep 2023'\n" },
    });

    await expectRefusal(result, 4, "neither minisign nor OpenSSL 3 is installed");
  });

  it("without keys is told where they come from, and finds those of the user", async () => {
    const { bundle, key } = await makeBundle();

    await expectRefusal(await install([bundle, "--to", "bin"]), 8, "there is no key");

    const trusted = join(folder, ".config/slipway/trusted-keys");
    await mkdir(trusted, { recursive: true });
    await writeFile(join(trusted, "maker.pub"), await readFile(key));
    await chmod(trusted, 0o777);
    await expectRefusal(await install([bundle, "--to", "bin"]), 8, "trusted-keys can be written by others");
    await chmod(trusted, 0o755);
    expect((await install([bundle, "--to", "bin"])).exitCode).toBe(0);
  });

  it("used by a person without root gets it in ~/.local/bin and is told about PATH and Docker", async () => {
    const { bundle, key } = await makeBundle();

    const result = await install([bundle, "--key", key], {
      programs: { id: "#!/bin/sh\ncase $1 in -un) echo ann;; *) echo 1000;; esac\n" },
    });

    expect(result.exitCode).toBe(0);
    expect(await readFile(join(folder, ".local/bin/slipway"), "utf8")).toBe(executable);
    expect(result.stdout).toContain("is not in PATH");
    expect(result.stdout).toContain(`next: ${join(folder, ".local/bin/slipway")} install`);
  });

  itUnless(
    process.getuid?.() === 0 ? undefined : "becoming another user needs root",
    "whose target the person may not write leaves nothing behind",
    async () => {
      const { bundle, key } = await makeBundle();
      await mkdir(join(folder, "closed"), { mode: 0o755 });

      const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
      const made = await install([bundle, "--key", key, "--to", join(folder, "closed/bin")], { as: nobody });
      const written = await install([bundle, "--key", key, "--to", join(folder, "closed")], { as: nobody });

      expect(made).toMatchObject({ exitCode: 4 });
      expect(made.stderr).toContain("cannot be made by");
      expect(written).toMatchObject({ exitCode: 4 });
      expect(written.stderr).toContain("cannot be written by");
      expect(await readdir(join(folder, "closed"))).toEqual([]);
      expect(await readdir(join(folder, "tmp"))).toEqual([]);
    },
  );
});

describe("a split bundle", () => {
  it("is read from its parts, in several folders, by its header or by a part", async () => {
    const { bundle, key } = await makeBundle();
    const { header, parts } = await split(bundle);
    await mkdir(join(folder, "usb two"));
    await mustRun("mv", [parts[1] ?? "", join(folder, "usb two")]);

    const byHeader = await install([header, "--key", key, "--to", "bin", "--parts", join(folder, "usb two")]);
    const byPart = await install([parts[0] ?? "", "--key", key, "--to", "bin2", "--parts", join(folder, "usb two")]);

    expect(byHeader.stderr).toBe("");
    expect(byHeader.exitCode).toBe(0);
    expect(byPart.exitCode).toBe(0);
    expect(await readFile(join(folder, "bin2/slipway"), "utf8")).toBe(executable);
  });

  it("with a part missing, cut short or damaged is refused, the part named", async () => {
    const { bundle, key } = await makeBundle();
    const { header, parts } = await split(bundle);
    const [first = "", second = ""] = parts;
    const whole = await readFile(second);

    await writeFile(second, whole.subarray(0, 100));
    await expectRefusal(await install([header, "--key", key, "--to", "bin"]), 8, `the part ${second} has 100 bytes`);

    await rm(second);
    await expectRefusal(await install([header, "--key", key, "--to", "bin"]), 8, "bundle.tar.part002 is missing");

    await writeFile(second, whole);
    const bytes = await readFile(first);
    bytes[600] = (bytes[600] ?? 0) ^ 1;
    await writeFile(first, bytes);
    await expectRefusal(await install([header, "--key", key, "--to", "bin"]), 8, "no trusted key made the signature");
  });

  it("whose header names a part outside its folders is refused", async () => {
    const { bundle, key } = await makeBundle();
    const { header } = await split(bundle);
    await writeFile(header, (await readFile(header, "utf8")).replace("bundle.tar.part001", "../bundle.tar"));

    await expectRefusal(await install([header, "--key", key, "--to", "bin"]), 8, "a part that cannot be one");
  });
});

describe.each(checkers)("a bundle as slipway itself writes it, with %s", (checker) => {
  it("is checked and installed from, whole and in parts", async () => {
    const { bytes } = makeSlipwayBundle({ artifacts: { slipway: executable, helm: "helm" } });
    const [bundle, key] = [join(folder, "real.tar"), join(folder, "real.pub")];
    await writeFile(bundle, bytes);
    await writeFile(key, fixturePublicKey);
    const { headerPath } = writeSplit(join(folder, "parts"), bytes, { partSize: 20_000 });

    const whole = await install([bundle, "--key", key, "--to", "bin"], { checker });
    const parts = await install([headerPath, "--key", key, "--to", "bin2"], { checker });

    expect(whole).toMatchObject({ exitCode: 0, stderr: "" });
    expect(parts).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await readFile(join(folder, "bin2/slipway"), "utf8")).toBe(executable);
  });

  it("is refused as a delta whose base has the executable", async () => {
    const base = makeSlipwayBundle({ artifacts: { slipway: executable } });
    const delta = makeSlipwayBundle({ artifacts: { slipway: executable }, version: "2.0.0", base });
    const [bundle, key] = [join(folder, "delta.tar"), join(folder, "real.pub")];
    await writeFile(bundle, delta.bytes);
    await writeFile(key, fixturePublicKey);

    await expectRefusal(await install([bundle, "--key", key, "--to", "bin"], { checker }), 8, "is a delta");
  });
});

interface RunOptions {
  readonly checker?: string | undefined;
  readonly uname?: string;
  readonly programs?: Readonly<Record<string, string>>;
  readonly as?: readonly string[];
}

/** Runs the script with nothing in PATH but what it may use. */
async function install(args: readonly string[], options: RunOptions = { checker: "openssl" }) {
  const { checker = "checker" in options ? undefined : "openssl" } = options;
  const path = await mkdtemp(join(folder, "path-"));
  await chmod(path, 0o755);
  const programs = {
    ...options.programs,
    uname: `#!/bin/sh\ncase $1 in -m) echo ${options.uname ?? "x86_64"};; *) echo Linux;; esac\n`,
  };
  for (const [name, text] of Object.entries(programs)) await writeFile(join(path, name), text, { mode: 0o755 });
  for (const name of [...tools, ...(checker === undefined ? [] : [checker])]) {
    if (name in programs) continue;
    await symlink(await find(name), join(path, name));
  }
  const shell = await find("dash").catch(() => "/bin/sh");
  const env = { PATH: path, HOME: folder, TMPDIR: join(folder, "tmp") };
  const [user, ...rights] = options.as ?? [];
  if (user === undefined) return await runChild(shell, [script, ...args], { cwd: folder, env });
  return await runChild(await find(user), [...rights, shell, script, ...args], { cwd: folder, env });
}

async function find(name: string): Promise<string> {
  for (const place of (process.env["PATH"] ?? "").split(delimiter)) {
    const found = await stat(join(place, name)).catch(() => undefined);
    if (found?.isFile() === true) return join(place, name);
  }
  throw new Error(`this test needs ${name}`);
}

async function expectRefusal(result: { exitCode: number | null; stderr: string }, exitCode: number, text: string) {
  expect(result.stderr).toContain(text);
  expect(result.exitCode).toBe(exitCode);
  expect(await stat(join(folder, "bin")).catch(() => undefined)).toBeUndefined();
  expect(await readdir(join(folder, "tmp"))).toEqual([]);
}

interface BundleOptions {
  readonly name?: string;
  readonly kind?: "ED" | "Ed";
  readonly content?: string;
  readonly unsigned?: boolean;
  readonly withoutBlobs?: boolean;
  readonly platforms?: readonly string[];
  readonly program?: string;
  readonly afterSigning?: (root: string) => string;
  readonly changeSignature?: (text: string) => string;
  readonly changeChecksums?: (text: string) => string;
  readonly blob?: (text: string) => string;
}

async function makeBundle(options: BundleOptions = {}) {
  const { name = "bundle", platforms = ["linux/amd64", "linux/arm64"], content = "full", kind = "ED" } = options;
  const place = join(folder, `made-${name}`);
  await mkdir(join(place, "blobs/sha256"), { recursive: true });
  const programs = { "linux/amd64": options.program ?? executable, "linux/arm64": executableArm };
  const paths = await writeBlobs(place, Object.values(programs), options);
  const lines = paths.map((path) => `${path.slice(-64)}  ${path}\n`).join("");
  const checksums = paths.length === 0 ? "" : lines;
  const artifacts = Object.entries(programs)
    .filter(([platform]) => platforms.includes(platform))
    .map(([platform, text]) => toArtifact("slipway", platform, text));
  const root = toRoot([toArtifact("helm", "linux/amd64", "helm"), ...artifacts], checksums, content);
  const { publicKey, signature } = minisign(Buffer.from(root), kind);
  const files = {
    "bundle.json": options.afterSigning?.(root) ?? root,
    ...signatureFile(signature, options),
    "checksums.txt": options.changeChecksums?.(checksums) ?? checksums,
  };
  for (const [path, text] of Object.entries(files)) await writeFile(join(place, path), text);
  const bundle = join(folder, `${name}.tar`);
  await mustRun("tar", ["--format=ustar", "-cf", bundle, "-C", place, ...Object.keys(files), ...paths]);
  const key = join(folder, `${name}.pub`);
  await writeFile(key, publicKey);
  return { bundle, key };
}

function signatureFile(signature: string, options: BundleOptions): Readonly<Record<string, string>> {
  if (options.unsigned === true) return {};
  return { "bundle.json.minisig": options.changeSignature?.(signature) ?? signature };
}

async function writeBlobs(place: string, texts: readonly string[], options: BundleOptions): Promise<readonly string[]> {
  if (options.withoutBlobs === true) return [];
  for (const text of texts) await writeFile(join(place, `blobs/sha256/${sha256(text)}`), options.blob?.(text) ?? text);
  return texts.map((text) => `blobs/sha256/${sha256(text)}`).toSorted();
}

function toArtifact(name: string, platform: string, text: string) {
  const digest = `sha256:${sha256(text)}`;
  const descriptor = { mediaType: "application/octet-stream", digest, size: text.length };
  return { name, version: "9.9.9", platform, descriptor };
}

function toRoot(artifacts: readonly unknown[], checksums: string, content: string): string {
  const document = {
    apiVersion: "slipway/v1",
    kind: "Bundle",
    name: "slipway-infra",
    version: "9.9.9",
    content,
    checksums: `sha256:${sha256(checksums)}`,
    images: [{ name: "slipway", platform: "linux/amd64", descriptor: { digest: `sha256:${"1".repeat(64)}` } }],
    artifacts,
    blobBytes: 1,
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** https://jedisct1.github.io/minisign/#signature-format */
function minisign(bytes: Buffer, kind: string) {
  const pair = generateKeyPairSync("ed25519");
  const raw = createPublicKey(pair.privateKey).export({ type: "spki", format: "der" }).subarray(-32);
  const id = randomBytes(8);
  const signed = sign(null, kind === "ED" ? createHash("blake2b512").update(bytes).digest() : bytes, pair.privateKey);
  const comment = "made by a test";
  const global = sign(null, Buffer.concat([signed, Buffer.from(comment)]), pair.privateKey);
  const encode = (...parts: readonly Buffer[]): string => Buffer.concat(parts).toString("base64");
  return {
    publicKey: `untrusted comment: minisign public key\n${encode(Buffer.from("Ed"), id, raw)}\n`,
    signature: `untrusted comment: signature\n${encode(Buffer.from(kind), id, signed)}\ntrusted comment: ${comment}\n${encode(global)}\n`,
  };
}

async function split(bundle: string) {
  const bytes = await readFile(bundle);
  const partSize = Math.ceil(bytes.length / 3);
  const parts: { readonly path: string; readonly file: string; readonly size: number; readonly digest: string }[] = [];
  for (let at = 0; at < bytes.length; at += partSize) {
    const part = bytes.subarray(at, at + partSize);
    const file = `bundle.tar.part00${parts.length + 1}`;
    await writeFile(join(folder, file), part);
    parts.push({ path: join(folder, file), file, size: part.length, digest: `sha256:${sha256(part)}` });
  }
  const listed = parts.map(({ file, size, digest }) => ({ file, size, digest }));
  const document = { apiVersion: "slipway/v1", kind: "SplitBundle", name: "bundle.tar", size: bytes.length };
  const parity = { count: 1, parts: [{ file: "bundle.tar.parity001", size: partSize, digest: "sha256:0" }] };
  const header = `${bundle}.split.json`;
  await writeFile(header, `${JSON.stringify({ ...document, partSize, parts: listed, parity }, undefined, 2)}\n`);
  await rm(bundle);
  return { header, parts: parts.map(({ path }) => path) };
}

function sha256(bytes: string | Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
