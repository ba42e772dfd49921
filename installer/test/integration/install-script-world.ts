import { createHash, createPublicKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect } from "vitest";
import { mustRun, runChild } from "../support/child.ts";

// Most bundles of this test are made by hand, with tar and node:crypto, after the format's description alone.
/** The script under test. */
export const script = fileURLToPath(new URL("../../../offline-bundle/install.sh", import.meta.url));

const tools =
  "sh tar awk sed od dd ls mktemp uname id cat head grep tr wc dirname rm rmdir mkdir mv chmod sha256sum".split(" ");

/** What stands for the program. */
export const executable = "#!/bin/sh\necho 9.9.9\n";

/** The same for arm64. */
export const executableArm = "#!/bin/sh\necho 9.9.9-arm\n";

/** The folder of the running test. */
export let folder: string;

interface RunOptions {
  readonly checker?: string | undefined;
  readonly uname?: string;
  readonly programs?: Readonly<Record<string, string>>;
  readonly as?: readonly string[];
}

/** Runs the script with nothing in PATH but what it may use. */
export async function install(args: readonly string[], options: RunOptions = { checker: "openssl" }) {
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

/** Refused with this exit status and words, and nothing was left. */
export async function expectRefusal(
  result: { exitCode: number | null; stderr: string },
  exitCode: number,
  text: string,
) {
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

/** A bundle made by hand, right unless told otherwise. */
export async function makeBundle(options: BundleOptions = {}) {
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

export function sha256(bytes: string | Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Each test of the file has an empty folder of its own, and a temporary one in it. */
export function inFreshFolder(): void {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "slipway-install-sh-"));
    await chmod(folder, 0o755);
    await mkdir(join(folder, "tmp"), { mode: 0o777 });
    await chmod(join(folder, "tmp"), 0o777);
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });
}
