import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeUnless } from "../support/unless.ts";
import { mustRun, runChild } from "../support/child.ts";
import { sampleImages, writeImageLayout } from "./push-world.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const fuse = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";
let folder: string;
/** Not that of the checkout, which other tests may be writing. */
let dist: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-executable-"));
  dist = join(folder, "dist");
  await pack("first");
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describeUnless(
  process.arch === "x64" ? undefined : "this machine is not amd64",
  "the executable for linux/amd64",
  () => {
    it("runs on a machine without Node: PATH leads nowhere, the folder is empty", async () => {
      const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
        readonly version: string;
      };

      const result = await run("version", ["--version"]);

      expect(result).toMatchObject({ exitCode: 0, stdout: `${version}\n`, stderr: "" });
    });

    it("checks values, plans and renders from what it carries", async () => {
      const valid = await run("files", ["validate", "--json"]);
      const planned = await run("files", ["plan", "--offline", "--json"]);
      const rendered = await run("files", ["render", "--mode", "compose", "--out", "out"]);

      expect(valid).toMatchObject({ exitCode: 0, stderr: "" });
      expect(JSON.parse(valid.stdout)).toMatchObject({ kind: "ValidateResult" });
      expect(planned.exitCode).toBe(0);
      expect(JSON.parse(planned.stdout)).toMatchObject({ apiVersion: "slipway/v1" });
      expect(rendered).toMatchObject({ exitCode: 0 });
      expect(await readdir(join(folder, "files/out"))).toContain("compose.yaml");
    });

    it("says in the usual way what is wrong with a command line", async () => {
      const result = await run("usage", ["instal"]);

      expect(result.exitCode).toBe(2);
      expect(result.stderr).toContain("did you mean install?");
    });

    it("is neither ended nor held where tests of the sources are, whatever the environment says", async () => {
      const layout = join(folder, "layout");
      const points = join(folder, "points-reached");
      await writeImageLayout(layout, sampleImages(1));
      const images = ["--image", "docker.io/slipway/image-0:1", "--from", `oci:${layout}`];

      const result = await run(
        "points",
        ["bundle", "create", "-o", "b.tar", "--images-only", ...images, "--unsigned"],
        {
          // It locks its output by the program flock.
          PATH: process.env["PATH"] ?? "",
          SLIPWAY_FAILPOINT: "bundle.blob",
          SLIPWAY_FAILPOINT_LOG: points,
        },
      );

      expect([result.exitCode, result.signal, result.stderr]).toEqual([0, null, expect.not.stringContaining("error")]);
      expect(existsSync(points)).toBe(false);
    });

    it("puts its guard before the network like the sources: an install names a key that is not there", async () => {
      const values = ["--state-dir", "state", "--mode", "compose"];
      await mkdir(join(folder, "guarded"));
      await writeFile(join(folder, "guarded/some.tar"), "read after the key");

      const result = await run("guarded", ["install", ...values, "--bundle", "some.tar", "--key", "none.pub"]);

      expect(result.stderr).toContain("none.pub does not exist");
    });

    it("is the same file, byte for byte, when it is made again", async () => {
      await pack("second", "--no-build", "--platform", "linux/amd64");

      expect(await digestOf("second/slipway")).toBe(await digestOf("first/slipway"));
    });

    async function run(name: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
      const cwd = join(folder, name);
      await mkdir(cwd, { recursive: true });
      const env = { PATH: "/nonexistent", HOME: cwd, ...environment };
      return await runChild(join(folder, "first/slipway"), args, { cwd, env });
    }
  },
);

describe("the licences beside the executables", () => {
  it("are those of Node and of the npm packages in the program", async () => {
    const node = await readFile(join(folder, "first/node.LICENSES.txt"), "utf8");
    const packages = await readFile(join(dist, "slipway.LICENSES.txt"), "utf8");

    expect(node).toContain("Node.js is licensed for use as follows");
    expect(packages).toMatch(/^commander \d+\.\d+\.\d+: MIT$/m);
    expect(packages).toContain("Copyright (c) 2011 TJ Holowaychuk");
  });
});

describe("the executable for linux/arm64 (built, not run)", () => {
  it("is an ELF file for that processor that holds the program and is told to start it", async () => {
    const bytes = await readFile(join(folder, "first/slipway-linux-arm64"));

    // System V ABI: magic, 64 bits, little-endian; EM_AARCH64.
    expect(bytes.subarray(0, 6).toString("hex")).toBe("7f454c460201");
    expect(bytes.readUInt16LE(18)).toBe(183);
    expect(bytes.includes(`${fuse}:1`)).toBe(true);
    expect(bytes.includes(`${fuse}:0`)).toBe(false);
    expect(notes(bytes)).toContain("NODE_SEA_BLOB");
    expect(bytes.includes(await readFile(join(dist, "slipway-executable.cjs")))).toBe(true);
    expect(bytes.includes(await readFile(join(dist, "program/start.cjs")))).toBe(true);
    expect(bytes.includes(await readFile(join(root, "values/values.schema.json")))).toBe(true);
  });
});

async function pack(name: string, ...options: readonly string[]): Promise<void> {
  await mustRun(process.execPath, ["scripts/package.ts", "--build-in", dist, "--out", join(folder, name), ...options], {
    cwd: root,
  });
}

async function digestOf(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(join(folder, path)))
    .digest("hex");
}

/** Names of the notes in the segments that are loaded, where Node looks for the program. */
function notes(bytes: Buffer): readonly string[] {
  const table = Number(bytes.readBigUInt64LE(0x20));
  const headers = Array.from({ length: bytes.readUInt16LE(0x38) }, (_, index) => table + index * 56);
  return headers
    .filter((header) => bytes.readUInt32LE(header) === 4)
    .flatMap((header) => {
      const names: string[] = [];
      let at = Number(bytes.readBigUInt64LE(header + 8));
      const end = at + Number(bytes.readBigUInt64LE(header + 32));
      while (at + 12 <= end) {
        const [nameSize, size] = [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4)];
        names.push(bytes.toString("latin1", at + 12, at + 12 + nameSize).replace(/\0+$/, ""));
        at += 12 + Math.ceil(nameSize / 4) * 4 + Math.ceil(size / 4) * 4;
      }
      return names;
    });
}
