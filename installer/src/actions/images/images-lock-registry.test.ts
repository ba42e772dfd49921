import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createTestRegistry, type TestRegistry } from "../../../test/stand-ins/registry/create-test-registry.ts";
import type { FaultRule } from "../../../test/stand-ins/registry/faults.ts";
import { seedImage, syntheticBytes, syntheticImage } from "../../../test/stand-ins/registry/synthetic-image.ts";
import { openAssets } from "../../cli/assets.ts";
import { InstallerError, InterruptedError } from "../../errors/installer-error.ts";
import { isResolved } from "../../images/image-lock.ts";
import { parseReference } from "../../oci/reference.ts";
import { TransportError } from "../../platform/transport-error.ts";
import { realPorts } from "../../../test/support/real-ports.ts";
import type { ActionPorts } from "../context.ts";
import { type ImagesLockResult, lockImages } from "./images-lock.ts";
import { readImageTable } from "../desired/load-plan.ts";

const assets = openAssets();
const table = Object.values(readImageTable(assets));
const image = syntheticImage("locked", [syntheticBytes("layer", 1000)]);
const manifests = /\/manifests\//;

let folder: string;
let registry: TestRegistry;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipway-lock-"));
  registry = await createTestRegistry();
  for (const { reference } of table) {
    const { repository, tag } = parseReference(reference);
    seedImage(registry.store, repository, image, tag);
  }
});

afterEach(async () => {
  await registry.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Locks every image out of a registry that has copies of all. */
function lock(
  signal = new AbortController().signal,
  report: ActionPorts["report"] = () => undefined,
  {
    set = [`images.registry=${registry.host}`],
    http,
  }: Partial<Pick<ActionPorts, "http">> & { readonly set?: readonly string[] } = {},
) {
  const real = { ...realPorts({}), ...(http && { http }) };
  const ports: ActionPorts = {
    ...real,
    clock: { ...real.clock, sleep: (ms, stop) => real.clock.sleep(Math.min(ms, 2), stop) },
    assets,
    environment: { HOME: folder },
    report,
    signal,
  };
  return lockImages(
    {
      name: "slipway",
      stateDir: join(folder, "state"),
      values: { files: [], set, without: [] },
      from: ["registry"],
      profiles: ["infra"],
      platforms: ["linux/amd64"],
      cacheDir: join(folder, "cache"),
      registries: { plainHttp: false },
      keyFiles: [],
      allowUnsigned: false,
      output: join(folder, "lock.yaml"),
    },
    ports,
  );
}

async function refusalOf(work: Promise<ImagesLockResult>): Promise<string> {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  if (!(error instanceof InstallerError)) throw error;
  return [error.code, error.message, ...error.details, error.hint].join("\n");
}

describe("images lock without a registry of one's own", () => {
  it("asks no public registry for images of ours, and says so", async () => {
    const asked: string[] = [];
    const http: ActionPorts["http"] = () => ({
      request: ({ url }) => {
        asked.push(url.href);
        return Promise.reject(new TransportError("dns", "no network in this test", { code: "ENOTFOUND" }));
      },
      close: () => undefined,
    });

    const words = await refusalOf(lock(undefined, undefined, { set: [], http }));

    expect(words).toMatch(/slipway\/postgres:\w+ is not looked for in registries: .*no public registry is asked for/);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((url) => url.includes("slipway"))).toEqual([]);
  });
});

describe("images lock from a registry", () => {
  it.each<readonly [string, FaultRule]>([
    ["fails now and then", { path: manifests, nth: (n) => n % 5 === 0, fault: { kind: "status", status: 500 } }],
    ["limits the rate", { nth: (n) => n % 5 === 0, fault: { kind: "too-many", retryAfter: "1" } }],
    ["resets now and then", { path: manifests, nth: (n) => n % 5 === 0, fault: { kind: "reset" } }],
    ["drops at 90 %", { method: "GET", nth: (n) => n % 5 === 0, fault: { kind: "drop", at: 0.9 } }],
  ])("that %s: the lock is the one of an undisturbed run", async (_, rule) => {
    const armed = registry.inject(rule);

    const disturbed = await lock();
    registry.clearFaults();
    const undisturbed = await lock();

    expect(armed.hits).toBeGreaterThan(0);
    expect(disturbed.lock.images.every(isResolved)).toBe(true);
    expect(disturbed.text).toBe(undisturbed.text);
  });

  it.each<readonly [string, FaultRule, RegExp]>([
    [
      "hands out other manifests",
      { method: "GET", path: manifests, fault: { kind: "wrong-bytes" } },
      /calls it sha256:/,
    ],
    ["lies about digests", { path: manifests, fault: { kind: "wrong-digest" } }, /calls it sha256:0000/],
    ["hands out other configurations", { path: /\/blobs\//, fault: { kind: "wrong-bytes" } }, /has the digest sha256:/],
    ["answers with pages", { fault: { kind: "html" } }, /web page/],
    ["forbids it", { fault: { kind: "error", status: 403, code: "DENIED" } }, /forbids this/],
  ])("that %s: every image is named with the reason, and the lock that was there stays", async (_, rule, reason) => {
    writeFileSync(join(folder, "lock.yaml"), "as it was\n");
    registry.inject(rule);

    const words = await refusalOf(lock());

    expect(words).toMatch(reason);
    expect(words).toContain("docker.io/slipway/postgres:");
    expect(readFileSync(join(folder, "lock.yaml"), "utf8")).toBe("as it was\n");
    registry.clearFaults();
    expect((await lock()).unresolved).toBe(0);
  });

  it("that is stopped while it resolves the last image writes nothing", async () => {
    const { length } = (await lock()).lock.images;
    rmSync(join(folder, "lock.yaml"));
    const stop = new AbortController();
    let resolved = 0;
    const report: ActionPorts["report"] = (event) => {
      if (event.type !== "item" || (resolved += 1) < length - 1) return;
      const stalled = registry.inject({ fault: { kind: "stall" } });
      void (async () => {
        while (stalled.hits === 0) await new Promise((resolve) => setImmediate(resolve));
        stop.abort(new InterruptedError("interrupted"));
      })();
    };

    await expect(lock(stop.signal, report)).rejects.toThrow(InterruptedError);

    expect(readdirSync(folder)).not.toContain("lock.yaml");
  });
});
