import { PreflightError } from "../../../errors/installer-error.ts";
import { stateLayout } from "../../../execute/state/layout.ts";
import { readIdentity } from "../../../execute/state/state-store.ts";
import type { Identity } from "../../../execute/state/records.ts";
import type { Cluster, KubeObject, ObjectRef } from "../../../platform/cluster-ports.ts";
import { isRefused } from "../../../platform/cluster-refusal.ts";
import { findDamage, formatHead, type Head, parseHead, type Part, unpackPart } from "./head.ts";
import type { RecordFiles } from "./record-files.ts";

/** Where an install's records are in a cluster. */
export interface RecordsPlace {
  readonly cluster: Cluster;
  readonly namespace: string;
  /** Name of the install. */
  readonly install: string;
}

/** Type of the Secrets; nothing but Slipway reads them. */
export const recordsType = "slipway.dev/state";
/** On everything that holds or locks records of an install; the value is its name. */
export const recordsLabel = "slipway.dev/records";

const headKey = "head.json";
const partKey = "files.json.gz";

export interface StoredHead {
  readonly head: Head;
  readonly object: KubeObject;
}

export function headName({ install }: Pick<RecordsPlace, "install">): string {
  return `${install}-state-head`;
}

export function partName({ install }: Pick<RecordsPlace, "install">, { digest }: Pick<Part, "digest">): string {
  return `${install}-state-${digest.slice(0, 16)}`;
}

/**
 * What the records are made of at the moment; undefined where there are none.
 * @throws PreflightError when it is damaged, of a newer version, or an object of somebody else
 */
export async function readHead(place: RecordsPlace): Promise<StoredHead | undefined> {
  const name = headName(place);
  const object = await place.cluster.get(secretRef(place, name));
  if (object === undefined) return undefined;
  if (object["type"] !== recordsType) {
    throw new PreflightError(`the Secret ${name} in the namespace ${place.namespace} is not Slipway's`, {
      hint: "give the install another --name, or another cluster.namespace",
    });
  }
  const data = dataOf(object, headKey);
  return { head: parseHead(`the Secret ${name} in the namespace ${place.namespace}`, data.toString("utf8")), object };
}

/** Records as they are in the namespace. */
export interface TakenRecords extends StoredHead {
  readonly files: RecordFiles;
  readonly identity: Identity;
}

const mostTries = 5;

/**
 * Reads the records that a head speaks of, or of the one that took its place meanwhile.
 * @throws PreflightError when they are damaged or gone
 */
export async function readRecords(place: RecordsPlace, found: StoredHead): Promise<TakenRecords> {
  let stored = found;
  for (let tries = 0; tries < mostTries; tries += 1) {
    const files = await readParts(place, stored.head);
    if (files !== undefined) return checked(place, stored, files);
    // Whoever replaces the head removes the parts of the one before.
    const now = await readHead(place);
    if (now === undefined || now.head.digest === stored.head.digest) break;
    stored = now;
  }
  throw damaged(place, "a part is gone");
}

async function readParts(place: RecordsPlace, { parts }: Head): Promise<RecordFiles | undefined> {
  const objects = await Promise.all(parts.map((name) => place.cluster.get(secretRef(place, name))));
  const files = new Map<string, string>();
  for (const object of objects) {
    if (object === undefined) return undefined;
    for (const [path, text] of unpacked(place, object)) files.set(path, text);
  }
  return files;
}

function unpacked(place: RecordsPlace, object: KubeObject): RecordFiles {
  try {
    return unpackPart(dataOf(object, partKey));
  } catch (error) {
    throw damaged(place, `the Secret ${object.metadata.name} cannot be read`, error);
  }
}

async function checked(place: RecordsPlace, stored: StoredHead, files: RecordFiles): Promise<TakenRecords> {
  const layout = stateLayout("");
  const fs = { readTextIfPresent: (path: string) => Promise.resolve(files.get(path)) };
  const identity = await readIdentity(fs, layout);
  if (identity === undefined) throw damaged(place, "it lacks who the install is");
  const why = findDamage(identity.digestKey, stored.head, files);
  if (why !== undefined) throw damaged(place, why);
  return { ...stored, files, identity };
}

function damaged(place: RecordsPlace, why: string, cause?: unknown): PreflightError {
  const { namespace } = place;
  return new PreflightError(`the records of ${place.install} in the namespace ${namespace} are damaged: ${why}`, {
    hint: `from a machine whose state directory has them: kubectl -n ${namespace} delete secret ${headName(place)}, and the next slipway install there puts all of them anew`,
    cause,
  });
}

/** Makes sure that a part is there; one that is there already is the same. */
export async function putPart(place: RecordsPlace, part: Part): Promise<void> {
  const name = partName(place, part);
  const object = secret(place, name, partKey, part.contents);
  try {
    await place.cluster.create({ ...object, immutable: true });
  } catch (error) {
    if (!isRefused(error, 409)) throw error;
  }
}

/**
 * Puts a head in the place of the one that was read.
 * @throws what `Cluster` refuses with, status 409 when somebody else did so meanwhile
 */
export async function putHead(place: RecordsPlace, head: Head, before: StoredHead | undefined): Promise<void> {
  const object = secret(place, headName(place), headKey, Buffer.from(formatHead(head)));
  if (before === undefined) {
    await place.cluster.create(object);
    return;
  }
  const { metadata } = before.object;
  await place.cluster.replace({
    ...object,
    metadata: { ...object.metadata, resourceVersion: metadata.resourceVersion ?? "" },
  });
}

/** Removes parts that a head does not speak of: of the one before, and of runs that were killed. */
export async function removeOldParts(place: RecordsPlace, { parts }: Pick<Head, "parts">): Promise<void> {
  const kept = new Set([headName(place), ...parts]);
  for (const name of await recordNames(place)) {
    if (!kept.has(name)) await place.cluster.remove(secretRef(place, name));
  }
}

/** Removes all records of an install; the head first, so that what is left is none. */
export async function removeRecords(place: RecordsPlace): Promise<void> {
  await place.cluster.remove(secretRef(place, headName(place)));
  for (const name of await recordNames(place)) await place.cluster.remove(secretRef(place, name));
}

async function recordNames(place: RecordsPlace): Promise<readonly string[]> {
  const { cluster, namespace, install } = place;
  const kind = { apiVersion: "v1", kind: "Secret" };
  const found = await cluster.listMetadata(kind, { namespace, labels: `${recordsLabel}=${install}` });
  return found.map(({ metadata }) => metadata.name);
}

/** What keeps records is neither the release's nor a part of the platform: it bears none of their labels. */
export function recordLabels({ install }: Pick<RecordsPlace, "install">): Readonly<Record<string, string>> {
  return { "app.kubernetes.io/managed-by": "slipway", [recordsLabel]: install };
}

function secret(place: RecordsPlace, name: string, key: string, contents: Uint8Array): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace: place.namespace, labels: recordLabels(place) },
    type: recordsType,
    data: { [key]: Buffer.from(contents).toString("base64") },
  };
}

function secretRef({ namespace }: Pick<RecordsPlace, "namespace">, name: string): ObjectRef {
  return { apiVersion: "v1", kind: "Secret", name, namespace };
}

function dataOf(object: KubeObject, key: string): Buffer {
  const data = (object["data"] ?? {}) as Readonly<Record<string, string>>;
  return Buffer.from(data[key] ?? "", "base64");
}
