import { Readable } from "node:stream";
import { beforeEach, describe, expect, it } from "vitest";
import { createMemoryFileSystem, createStillClock, type MemoryFileSystem } from "../../../test/support/memory-ports.ts";
import { formatTarEnd, formatTarHeader, tarPadding } from "../../bundle/tar/tar-header.ts";
import { openAssets } from "../../cli/assets.ts";
import type { InstallerEvent } from "../../events/event.ts";
import { isResolved } from "../../images/image-lock.ts";
import { digestOf, hexOf } from "../../oci/digest.ts";
import type { ActionPorts } from "../context.ts";
import { type ImagesLockRequest, lockImages } from "./images-lock.ts";

const layer = Buffer.from("a layer");
const config = Buffer.from(
  JSON.stringify({ os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: [digestOf(layer)] } }),
);
let fs: MemoryFileSystem;
let events: InstallerEvent[];

beforeEach(() => {
  fs = createMemoryFileSystem();
  events = [];
});

/** An engine that has the same small image under every name that the test lets it have. */
function portsWith(has: (reference: string) => boolean): ActionPorts {
  const details = { id: digestOf(config), layers: [digestOf(layer)], os: "linux", architecture: "amd64", size: 0 };
  const parts = [config, layer].flatMap((data) => [
    formatTarHeader({ name: `blobs/sha256/${hexOf(digestOf(data))}`, size: data.length }),
    data,
    Buffer.alloc(tarPadding(data.length)),
  ]);
  const images = {
    info: () => Promise.resolve({ version: "26.1.5" }),
    imageDetails: (reference: string) =>
      Promise.resolve(has(reference) ? { ...details, tags: [], digests: [] } : undefined),
    exportImages: () => Promise.resolve(Readable.from([Buffer.concat([...parts, formatTarEnd()])])),
  };
  const report = (event: InstallerEvent): void => void events.push(event);
  const { signal } = new AbortController();
  return { fs, images, report, signal, clock: createStillClock(), assets: openAssets() } as unknown as ActionPorts;
}

const isOurs = (reference: string): boolean => reference.includes("/slipway/");

function request(changes: Partial<ImagesLockRequest> = {}): ImagesLockRequest {
  return {
    name: "slipway",
    stateDir: "/state",
    values: { files: [], set: [], without: [] },
    from: ["engine"],
    profiles: [],
    platforms: ["linux/amd64"],
    cacheDir: "/cache",
    registries: { plainHttp: false },
    keyFiles: [],
    allowUnsigned: false,
    ...changes,
  };
}

describe("lockImages", () => {
  it("resolves what the source has, with sizes, source, licence and reasons", async () => {
    const { lock, unresolved } = await lockImages(request(), portsWith(isOurs));

    const gateway = lock.images.find(({ name }) => name === "gateway");
    expect(gateway).toMatchObject({
      source: "engine",
      licenses: "BSD-2-Clause",
      reasons: expect.arrayContaining(["component gateway"]) as unknown,
    });
    expect(gateway !== undefined && isResolved(gateway) && gateway.platforms).toMatchObject([
      { platform: "linux/amd64", imageId: digestOf(config) },
    ]);
    const vendors = lock.images.filter(({ kind }) => kind === "third-party");
    expect(unresolved).toBe(vendors.length);
    expect(lock.images.find(({ name }) => name === "casdoor")).toMatchObject({
      unresolved: "the docker engine of this machine does not have it",
    });
  });

  it("writes the same bytes again, and does not touch a file that is right", async () => {
    const first = await lockImages(request({ output: "/images.lock.yaml" }), portsWith(isOurs));
    fs.operations.length = 0;

    const second = await lockImages(request({ output: "/images.lock.yaml" }), portsWith(isOurs));

    expect(second.text).toBe(first.text);
    expect(await fs.readText("/images.lock.yaml")).toBe(first.text);
    expect(fs.operations).toEqual([]);
  });

  it("says what is other than in the file that was there", async () => {
    await lockImages(request({ output: "/images.lock.yaml" }), portsWith(isOurs));

    const { changes } = await lockImages(
      request({ output: "/images.lock.yaml" }),
      portsWith(() => true),
    );

    expect(changes).toContainEqual(
      expect.stringMatching(/casdoor.*: unresolved in the lock, sha256:[0-9a-f]{64} now$/),
    );
    expect(changes).not.toContainEqual(expect.stringContaining("slipway/"));
  });

  it("names every image of ours that is nowhere, and writes nothing", async () => {
    const ports = portsWith((reference) => isOurs(reference) && !/nats|valkey/.test(reference));

    await expect(lockImages(request({ output: "/images.lock.yaml" }), ports)).rejects.toMatchObject({
      code: "PREFLIGHT_FAILED",
      message: "2 images of ours are in none of the sources; nothing was written",
      details: [expect.stringContaining("slipway/nats:"), expect.stringContaining("slipway/valkey:")],
    });
    expect(await fs.exists("/images.lock.yaml")).toBe(false);
    expect(events.at(-1)).toMatchObject({ type: "step", state: "failed" });
  });

  it("refuses a lock that is not what is there, and writes nothing", async () => {
    const { text } = await lockImages(request(), portsWith(isOurs));
    await fs.writeAtomic("/kept.yaml", text.replace("Apache-2.0", "MIT"));

    await expect(lockImages(request({ check: "/kept.yaml" }), portsWith(isOurs))).rejects.toMatchObject({
      code: "PLAN_CHANGED",
      details: [expect.stringContaining("licence")],
    });
    await expect(lockImages(request({ check: "/none.yaml" }), portsWith(isOurs))).rejects.toThrow(
      "there is no file /none.yaml",
    );
  });

  it("accepts a lock that is", async () => {
    const { text } = await lockImages(request(), portsWith(isOurs));
    await fs.writeAtomic("/kept.yaml", text);

    await expect(lockImages(request({ check: "/kept.yaml" }), portsWith(isOurs))).resolves.toMatchObject({
      checked: "/kept.yaml",
    });
  });

  it.each([
    [{ platforms: ["amd64"] }, /amd64 is not a platform/],
    [{ profiles: ["none"] }, /there is no profile "none"/],
  ])("refuses %j", async (changes, message) => {
    await expect(lockImages(request(changes), portsWith(isOurs))).rejects.toThrow(message);
  });
});
