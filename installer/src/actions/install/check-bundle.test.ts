import { describe, expect, it } from "vitest";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import type { BundleManifest } from "../../bundle/bundle-manifest.ts";
import { requireFittingBundle } from "./check-bundle.ts";

const manifest: BundleManifest = {
  apiVersion: "slipway/v1",
  kind: "Bundle",
  name: "slipway-infra",
  version: "0.4.0",
  profiles: ["infra"],
  platforms: ["linux/amd64"],
  content: "full",
  checksums: `sha256:${"0".repeat(64)}`,
  requires: { previous: ["0.2.0", "0.3.0"], freeBytes: 0, engine: "24.0.0" },
  images: [],
  artifacts: [],
  blobBytes: 0,
};

interface Situation {
  readonly bundle?: Partial<BundleManifest>;
  readonly engine?: string;
  readonly architecture?: string;
  readonly running?: string;
  /** The first install is not complete. */
  readonly pending?: boolean;
  readonly program?: string;
}

function check(situation: Situation) {
  const { engine = "26.1.5+dfsg1", architecture = "x86_64", running, program = "0.4.0" } = situation;
  const record = situation.pending === true ? "/state/plan.pending.json" : "/state/plan.json";
  const files = running === undefined ? {} : { [record]: JSON.stringify({ install: { version: running } }) };
  return requireFittingBundle(
    { complete: { ...manifest, ...situation.bundle }, name: "bundle b.tar" },
    { name: "slipway", stateDir: "/state" },
    {
      target: { images: { info: () => Promise.resolve({ version: engine, architecture }) } } as never,
      fs: createMemoryFileSystem(files),
      assets: { version: program } as never,
    },
  );
}

describe("a bundle that is to be installed", () => {
  it("fits a host of its platform without an install, and gives the platform", async () => {
    await expect(check({})).resolves.toEqual({ os: "linux", architecture: "amd64" });
  });

  it.for(["0.2.0", "0.3.0", "0.4.0"])("may follow version %s", async (running) => {
    await expect(check({ running })).resolves.toBeDefined();
  });

  it("may follow any version when it names none", async () => {
    const bundle = { requires: { ...manifest.requires, previous: [] } };

    await expect(check({ bundle, running: "0.0.1" })).resolves.toBeDefined();
  });

  it.for([
    ["is for another platform", { architecture: "aarch64" }, "BUNDLE_INVALID", "linux/arm64"],
    ["is older than what runs", { running: "0.5.0" }, "BUNDLE_INVALID", "older than the 0.5.0"],
    ["is older than what began to run", { running: "0.5.0", pending: true }, "BUNDLE_INVALID", "older than the 0.5.0"],
    ["skips a version that must come before", { running: "0.1.0" }, "BUNDLE_INVALID", "0.1.0 is installed"],
    ["is not of this program's version", { program: "0.3.0" }, "BUNDLE_INVALID", "this program is 0.3.0"],
    ["needs a newer engine", { engine: "20.10.24" }, "PREFLIGHT_FAILED", "needs 24.0.0"],
  ] as const)("is refused when it %s", async ([, situation, code, words]) => {
    await expect(check(situation)).rejects.toMatchObject({ code, message: expect.stringContaining(words) as string });
  });

  it("is refused with the version to go to first", async () => {
    await expect(check({ running: "0.2.5" })).rejects.toMatchObject({
      hint: expect.stringContaining("update to 0.3.0 first") as string,
    });
  });
});
