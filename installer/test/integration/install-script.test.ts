import { chmod, mkdir, readFile, readdir, stat, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, it } from "vitest";
import { itUnless } from "../support/unless.ts";
import { fixturePublicKey, makeBundle as makeSlipwayBundle, writeSplit } from "../support/bundle-fixture.ts";
import { mustRun, runChild } from "../support/child.ts";
import {
  script,
  executable,
  executableArm,
  folder,
  install,
  expectRefusal,
  makeBundle,
  inFreshFolder,
} from "./install-script-world.ts";

inFreshFolder();

const checkers = ["minisign", "openssl"].filter((name) => {
  const there = (process.env["PATH"] ?? "").split(delimiter).some((place) => existsSync(join(place, name)));
  if (!there) console.log(`${name} is not installed: what is checked with it was not run`);
  return there;
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
