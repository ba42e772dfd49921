import { fullTagged } from "../oci/reference.ts";
import type { ImageLock } from "./image-lock.ts";

/** A row of the table of images, before and after a lock was laid over it. */
export interface TableEntry {
  readonly reference: string;
  readonly source: "built" | "third-party";
  readonly digest?: string;
  readonly local?: boolean;
}

/**
 * The table with the digests of a lock, which win over those of the catalogue. What did not come from a registry is in
 * the engine under its tag alone, so its digest counts only where a registry of one's own is set.
 */
export function withLock(
  table: Readonly<Record<string, TableEntry>>,
  lock: ImageLock | undefined,
): Readonly<Record<string, TableEntry>> {
  if (lock === undefined) return table;
  const locked = new Map(lock.images.map((image) => [image.reference, image]));
  return Object.fromEntries(
    Object.entries(table).map(([name, entry]) => {
      const found = locked.get(fullTagged(entry.reference));
      if (found === undefined || !("digest" in found)) return [name, entry];
      return [name, { ...entry, digest: found.digest, local: found.source !== "registry" }];
    }),
  );
}

/** Digests that an install recorded in its `lock.yaml`, by reference in full with tag. */
export function recordedDigests(lockText: string | undefined): ReadonlyMap<string, string> {
  const found = (lockText ?? "").matchAll(/reference: ["']?([^\s"']+)@(sha256:[0-9a-f]{64})/g);
  return new Map([...found].map(([, reference = "", digest = ""]) => [fullTagged(reference), digest]));
}
