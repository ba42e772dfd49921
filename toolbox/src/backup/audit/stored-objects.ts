import { createHash } from "node:crypto";
import { join } from "node:path";
import { damageOf, readJson, unfinishedCopy } from "../folder-files.ts";
import { indexFilesOf, type ObjectEntry, readEntries } from "../object-index.ts";
import { objectsFile, type ObjectsIndex } from "../object-restore.ts";
import { DamagedBackupError } from "../restic-errors.ts";
import { addToRegistry, emptyRegistry, manifestsOf, type StoredRegistry } from "./audit-registry.ts";
import { isLfsKey } from "./hub-layout.ts";
import { type Manifest, manifestSizeLimit, parseManifest } from "./registry-manifest.ts";
import { parseRegistryKey, registryPrefix } from "./registry-layout.ts";

/** The index of a copy of buckets, and the contents that it names. */
export interface ObjectPlaces {
  readonly folder: string;
  /** The content of a small file of the copy, by its path below the folder. */
  readonly read: (file: string) => Promise<Buffer>;
}

export interface StoredObjects {
  /** What lies in the registry's layout, and its manifests, for each bucket that has anything in it. */
  readonly registries: readonly {
    readonly registry: StoredRegistry;
    readonly manifests: ReadonlyMap<string, Manifest | undefined>;
  }[];
  /** Bytes of the LFS objects in the hub's bucket, by key. */
  readonly lfs: ReadonlyMap<string, number>;
}

interface Bucket {
  readonly registry: StoredRegistry;
  readonly manifestFiles: Map<string, ObjectEntry>;
  readonly lfs: Map<string, number>;
}

/**
 * What a copy of buckets holds of registries and of LFS objects. Which bucket is whose is seen from its keys: names are the platform's own.
 * @throws ToolboxError when an index or a manifest is damaged
 */
export async function readStoredObjects(places: ObjectPlaces): Promise<StoredObjects> {
  const index = (await readJson(join(places.folder, objectsFile))) as Partial<ObjectsIndex> | undefined;
  if (!Array.isArray(index?.buckets)) throw unfinishedCopy("the objects", objectsFile);
  const registries: StoredObjects["registries"][number][] = [];
  let lfs: ReadonlyMap<string, number> = new Map();
  for (const summary of (index as ObjectsIndex).buckets) {
    const path = indexFilesOf(places.folder, summary.name).index;
    const damage = await damageOf(path, summary.index);
    if (damage !== undefined) throw new DamagedBackupError(`the index of bucket ${summary.name} ${damage}`);
    const bucket = await readBucket(path);
    // One bucket is the hub's: an object that lies in another is not found by it.
    if (bucket.lfs.size > lfs.size) ({ lfs } = bucket);
    if (bucket.registry.blobs.size + bucket.registry.repositories.size === 0) continue;
    registries.push({ registry: bucket.registry, manifests: await readManifests(places, bucket) });
  }
  return { registries, lfs };
}

async function readBucket(path: string): Promise<Bucket> {
  const bucket: Bucket = { registry: emptyRegistry(), manifestFiles: new Map(), lfs: new Map() };
  for await (const entry of readEntries(path)) {
    if (isLfsKey(entry.key)) bucket.lfs.set(entry.key, entry.size);
    if (!entry.key.startsWith(registryPrefix)) continue;
    const key = parseRegistryKey(entry.key);
    if (key === undefined) continue;
    addToRegistry(bucket.registry, key, entry);
    if (key.kind === "blob" && entry.size <= manifestSizeLimit) bucket.manifestFiles.set(key.digest, entry);
  }
  return bucket;
}

async function readManifests(
  { read }: ObjectPlaces,
  { registry, manifestFiles }: Bucket,
): Promise<ReadonlyMap<string, Manifest | undefined>> {
  const manifests = new Map<string, Manifest | undefined>();
  for (const digest of manifestsOf(registry)) {
    const entry = manifestFiles.get(digest);
    if (entry === undefined) continue;
    const content = await read(entry.file);
    if (createHash("sha256").update(content).digest("hex") !== entry.sha256) {
      throw new DamagedBackupError(
        `${entry.file}, which is the manifest ${digest}, has another content than was written`,
      );
    }
    manifests.set(digest, parseManifest(content.toString("utf8")));
  }
  return manifests;
}
