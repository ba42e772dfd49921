import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BundleError, PreflightError } from "../../errors/installer-error.ts";
import type { ImageSource } from "../../oci/content.ts";
import { createBulkFiles } from "../../platform/bulk-files.ts";
import { createFileSystem } from "../../platform/file-system.ts";
import { spoolBlobs } from "./spool-blobs.ts";
import { type Shelf, createShelf } from "./testing/sample-images.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-spool-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function engineOf(shelf: Shelf, fed: string[]): ImageSource {
  return {
    kind: "engine",
    name: "the engine",
    resolve: () => Promise.resolve(undefined),
    content: { open: () => Promise.reject(new Error("only fed")) },
    feed: async (wanted, take) => {
      for (const descriptor of wanted) {
        fed.push(descriptor.digest);
        await take(descriptor, Readable.from([Buffer.from(shelf.bytes.get(descriptor.digest) ?? "")]));
      }
    },
    close: () => Promise.resolve(),
  };
}

const ports = { bulkFiles: createBulkFiles(), fs: createFileSystem(), signal: new AbortController().signal };

describe("layers taken into the cache", () => {
  it("can be opened in any order, are not taken twice, and go when they are released", async () => {
    const shelf = createShelf();
    const wanted = [shelf.add("one", "x"), shelf.add("two", "x")];
    const fed: string[] = [];
    const source = engineOf(shelf, fed);

    await spoolBlobs(source, wanted.slice(0, 1), folder, ports);
    const spool = await spoolBlobs(source, wanted, folder, ports);

    expect(fed).toEqual(wanted.map(({ digest }) => digest));
    expect(await text(await spool.content.open(wanted[1]!))).toBe("two");
    expect(await text(await spool.content.open(wanted[0]!, { start: 1, end: 3 }))).toBe("ne");
    await spool.release();
    expect(readdirSync(join(folder, "blobs", "sha256"))).toEqual([]);
  });

  it("are taken again when what lies in the cache has other bytes", async () => {
    const shelf = createShelf();
    const wanted = [shelf.add("one", "x")];
    const fed: string[] = [];
    const source = engineOf(shelf, fed);
    await spoolBlobs(source, wanted, folder, ports);
    writeFileSync(join(folder, "blobs", "sha256", wanted[0]!.digest.slice("sha256:".length)), "eno");

    const spool = await spoolBlobs(source, wanted, folder, ports);

    expect(await text(await spool.content.open(wanted[0]!))).toBe("one");
    expect(fed).toHaveLength(2);
  });

  it("are refused, and nothing is kept of them, when they are not what their digest says", async () => {
    const shelf = createShelf();
    const wanted = shelf.add("one", "x");
    shelf.bytes.set(wanted.digest, Buffer.from("eno"));

    const spooled = spoolBlobs(engineOf(shelf, []), [wanted], folder, ports);

    await expect(spooled).rejects.toThrow(BundleError);
    await expect(spooled).rejects.toThrow(wanted.digest);
    expect(readdirSync(join(folder, "blobs", "sha256"))).toEqual([]);
  });

  it("are not begun when the disk cannot hold them", async () => {
    const shelf = createShelf();
    const fed: string[] = [];
    const full = { ...ports, fs: { ...ports.fs, freeBytes: () => Promise.resolve(1000) } };

    const spooled = spoolBlobs(engineOf(shelf, fed), [shelf.add("one", "x")], folder, full);

    await expect(spooled).rejects.toThrow(PreflightError);
    expect(fed).toEqual([]);
  });
});
