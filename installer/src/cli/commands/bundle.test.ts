import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { BundleCreateResult } from "../../actions/bundle/create-request.ts";
import type { Engine } from "../../engine/engine.ts";
import { runCli } from "../run-cli.ts";
import { prepareRun } from "../testing/prepare-run.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-bundle-cli-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const created: BundleCreateResult & { readonly root: string } = {
  apiVersion: "slipway/v1",
  kind: "BundleCreateResult",
  output: "/x/b.tar",
  name: "slipway-infra",
  version: "1.2.3",
  content: "full",
  platforms: ["linux/amd64"],
  root: `sha256:${"a".repeat(64)}`,
  signed: false,
  dryRun: false,
  bytes: 4096,
  blobBytes: 1024,
  resumedBytes: 0,
  files: ["/x/b.tar"],
  images: [],
  without: ["casdoor"],
  ms: 1200,
};

async function cli(line: string, io: Parameters<typeof prepareRun>[1]["io"] = {}) {
  const engine: Partial<Engine> = {
    createBundle: () => Promise.resolve(created),
    flattenBundle: ({ output }) =>
      Promise.resolve({
        apiVersion: "slipway/v1",
        kind: "BundleFlattenResult",
        output,
        name: "slipway-infra",
        version: "1.2.3",
        root: created.root,
        bytes: 1,
      }),
  };
  const run = prepareRun(folder, { engine, io });
  const status = await runCli(line.split(" "), run.context);
  return { ...run, status };
}

describe("bundle create", () => {
  it("hands absolute paths, sizes in bytes and tools with their digests to the action", async () => {
    const hex = "b".repeat(64);

    const run = await cli(
      `bundle create -o b.tar --from engine --from oci:lay --from old.tar --as corp/app --split 4GiB --parity 2 --platform linux/amd64,linux/arm64 --sign-key k --with helm:3.20.2=bin/helm:${hex} --since base.tar --key k.pub --without casdoor`,
    );

    expect(run.status).toBe(0);
    expect(run.requests["createBundle"]?.[0]).toMatchObject({
      output: join(folder, "b.tar"),
      from: ["engine", `oci:${join(folder, "lay")}`, join(folder, "old.tar")],
      as: "corp/app",
      platforms: ["linux/amd64", "linux/arm64"],
      partSize: 4 * 1024 ** 3,
      parity: 2,
      since: [join(folder, "base.tar")],
      keyFiles: [join(folder, "k.pub")],
      signing: { unsigned: false, keyFile: join(folder, "k") },
      tools: [{ name: "helm", version: "3.20.2", file: join(folder, "bin/helm"), digest: `sha256:${hex}` }],
      values: { without: ["casdoor"] },
      dryRun: false,
    });
  });

  it("carries the program it is made by where that is one file and fits, unless others are named", async () => {
    const io = { executable: { path: "/opt/slipway", platform: "linux/amd64" } };

    const runs = await Promise.all([
      cli("bundle create -o b.tar --unsigned", io),
      cli("bundle create -o b.tar --unsigned --platform linux/arm64", io),
      cli("bundle create -o b.tar --unsigned --executable other", io),
      cli("bundle create -o b.tar --unsigned --images-only --image a:1", io),
      cli("bundle create -o b.tar --unsigned"),
    ]);

    const carried = runs.map(({ requests }) => (requests["createBundle"]?.[0] as { executables: unknown }).executables);
    expect(carried).toEqual([["/opt/slipway"], [], [join(folder, "other")], [], []]);
  });

  it("says what was written, that it is not signed, and what an install from it has off", async () => {
    const { stdout } = await cli("bundle create -o b.tar --unsigned");

    expect(stdout()).toContain("wrote slipway-infra 1.2.3 for linux/amd64: 4 KiB in 1.2 s");
    expect(stdout()).toContain("not signed");
    expect(stdout()).toContain("without casdoor: an install from it has them off");
    expect(stdout()).toContain("next: slipway bundle verify /x/b.tar --allow-unsigned");
  });

  it("prints the result as JSON when asked to", async () => {
    const { stdout } = await cli("bundle create -o b.tar --unsigned --json");

    expect(JSON.parse(stdout())).toEqual(created);
  });

  it.each([
    ["bundle create", "-o, --output"],
    ["bundle create -o b.tar --split 4X", "must be a size"],
    ["bundle create -o b.tar --parity 0", "whole number from 1 up"],
    ["bundle create -o b.tar --with helm=file", "is not NAME[:VERSION]=FILE:SHA256"],
    ["bundle flatten -o b.tar", "missing required argument"],
  ])("`slipway %s` ends with 2 and says why", async (line, message) => {
    const run = await cli(line);

    expect(run.status).toBe(2);
    expect(run.stderr()).toContain(message);
  });
});

describe("bundle flatten", () => {
  it("takes the newest delta first and what it builds on after it", async () => {
    const run = await cli("bundle flatten v3.tar v2.tar v1.tar -o full.tar --allow-unsigned");

    expect(run.status).toBe(0);
    expect(run.requests["flattenBundle"]).toEqual([
      {
        paths: ["v3.tar", "v2.tar", "v1.tar"].map((name) => join(folder, name)),
        output: join(folder, "full.tar"),
        keyFiles: [],
        allowUnsigned: true,
      },
    ]);
  });
});
