import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { type FixtureBundle, fixturePublicKey, makeBundle } from "../../../test/support/bundle-fixture.ts";
import { createBulkFiles } from "../../platform/bulk-files.ts";
import { createHashing } from "../../platform/hashing.ts";
import { createHashingThreads } from "../../platform/hashing-threads.ts";
import type { OpenBundleRequest } from "../bundle-reader.ts";
import { type OpenedBundle, openBundle } from "../open-bundle.ts";

/** Real adapters. */
export const ports = {
  bulkFiles: createBulkFiles(),
  hashing: createHashing(createHashingThreads(2)),
  signal: new AbortController().signal,
};

/** A signed bundle; lies in the folder as full.tar. */
export const full = makeBundle();

let folder: string;

/** A path in the folder of the running test. */
export const at = (name: string): string => join(folder, name);

/** Opens bundles of the folder as somebody who trusts the fixture's key. */
export function open(paths: string | readonly string[], more: Partial<OpenBundleRequest> = {}): Promise<OpenedBundle> {
  const list = typeof paths === "string" ? [paths] : paths;
  return openBundle(
    { paths: list.map(at), partFolders: [], trustedKeys: [fixturePublicKey], allowUnsigned: false, ...more },
    ports,
  );
}

/** Opens, uses and closes. */
export async function opened<T>(
  paths: string | readonly string[],
  use: (bundle: OpenedBundle) => Promise<T> | T,
  more: Partial<OpenBundleRequest> = {},
): Promise<T> {
  const bundle = await open(paths, more);
  try {
    return await use(bundle);
  } finally {
    await bundle.close();
  }
}

/** The fixture with one bit turned at an offset. */
export function withBit(bytes: Buffer, offset: number): Buffer {
  const changed = Buffer.from(bytes);
  changed.writeUInt8(changed.readUInt8(offset) ^ 0x10, offset);
  return changed;
}

/** Where an entry's header begins. */
export function offsetOf(bundle: FixtureBundle, path: string): number {
  const entry = bundle.assembled.layout.entries.find((found) => found.path === path);
  if (entry === undefined) throw new Error(`no ${path}`);
  return entry.offset;
}

/** Each test of the file has a folder of its own with a bundle in it. */
export function inFreshFolder(): void {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "slipway-test-open-"));
    writeFileSync(at("full.tar"), full.bytes);
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });
}
