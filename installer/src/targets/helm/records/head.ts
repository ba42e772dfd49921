import { gunzipSync, gzipSync } from "node:zlib";
import { PreflightError } from "../../../errors/installer-error.ts";
import { canonicalJson, keyedDigest } from "../../../execute/digest.ts";
import type { LockHolder } from "../../../platform/ports.ts";
import { fieldsOf } from "../../../language/fields.ts";
import { isRecordPath, type FileDigests, type RecordFiles } from "./record-files.ts";

/** What all parts of an install's records together are. It is the one object that changes: who replaces it has written them. */
export interface Head {
  /** Install that the records are of. */
  readonly uuid: string;
  /** Counts the times that they were written, from 1. */
  readonly generation: number;
  /** Digest of all of them. */
  readonly digest: string;
  readonly files: FileDigests;
  /** Names of the objects that hold them. */
  readonly parts: readonly string[];
  /** Who wrote them. */
  readonly by: Pick<LockHolder, "run" | "owner" | "command">;
  readonly at: string;
}

/** Records that are kept in one object. The digest of what is in it is part of its name, so that it never changes. */
export interface Part {
  readonly digest: string;
  /** Gzip of the files as JSON, by path. */
  readonly contents: Uint8Array;
}

const headVersion = "slipway/v1";

/** Below the limit of the API server, which is 1 MiB. */
const largestPart = 900 * 1024;
/** Records are texts of some kilobytes: what unpacks to more is none of ours. */
const largestUnpacked = 256 * 2 ** 20;

/**
 * Packs records into parts: what changes together lies together, so that a run that only notes its progress sends only that.
 * @throws PreflightError for a file that is too large for one object
 */
export function packParts(key: string, files: RecordFiles): readonly Part[] {
  const groups = new Map<string, [string, string][]>();
  for (const entry of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const name = groupOf(entry[0]);
    groups.set(name, [...(groups.get(name) ?? []), entry]);
  }
  return [...groups.values()].flatMap((entries) => packGroup(key, entries));
}

const revisionsAPart = 10;

function groupOf(path: string): string {
  const revision = /^revisions\/(\d+)\.json$/.exec(path)?.[1];
  if (revision !== undefined) return `revisions ${Math.floor(Number(revision) / revisionsAPart)}`;
  if (/^(format$|identity|secrets\/)/.test(path)) return "identity";
  return /^(applied|history)/.test(path) ? "progress" : "plan";
}

function packGroup(key: string, entries: readonly (readonly [string, string])[]): readonly Part[] {
  const json = canonicalJson(Object.fromEntries(entries));
  const contents = gzipSync(json);
  if (contents.length <= largestPart) return [{ digest: keyedDigest(key, json), contents }];
  const [first] = entries;
  if (first !== undefined && entries.length === 1) {
    throw new PreflightError(`${first[0]} is too large to be kept in the cluster: ${contents.length} bytes packed`, {
      hint: `at most ${largestPart} bytes fit: keep large texts out of the values`,
    });
  }
  const middle = Math.ceil(entries.length / 2);
  return [...packGroup(key, entries.slice(0, middle)), ...packGroup(key, entries.slice(middle))];
}

/**
 * The files of a part.
 * @throws Error saying why it is none
 */
export function unpackPart(contents: Uint8Array): RecordFiles {
  const unpacked = gunzipSync(contents, { maxOutputLength: largestUnpacked });
  const entries = Object.entries(fieldsOf(JSON.parse(unpacked.toString("utf8"))));
  return new Map(
    entries.map(([path, text]) => {
      if (!isRecordPath(path) || typeof text !== "string") throw new Error(`it holds ${path}, which is no record`);
      return [path, text];
    }),
  );
}

/** Why records are not those that the head speaks of; undefined when they are. */
export function findDamage(key: string, head: Head, files: RecordFiles): string | undefined {
  const paths = [...new Set([...files.keys(), ...Object.keys(head.files)])];
  const wrong = paths.find((path) => head.files[path] !== keyedDigest(key, files.get(path) ?? ""));
  if (wrong !== undefined) return `${wrong} is not the one that was written`;
  return head.digest === headDigest(key, head) ? undefined : "its parts do not belong together";
}

/** The digest that binds files and generation together. */
export function headDigest(key: string, { generation, files }: Pick<Head, "generation" | "files">): string {
  return keyedDigest(key, canonicalJson({ generation, files }));
}

export function formatHead(head: Head): string {
  return canonicalJson({ apiVersion: headVersion, kind: "Records", ...head });
}

/**
 * Reads a head.
 * @param name of its object, for errors
 * @throws PreflightError when it is damaged, or a newer version wrote it
 */
export function parseHead(name: string, text: string): Head {
  const fields = fieldsOf(parseIfJson(text));
  const { apiVersion, uuid, generation, digest, files, parts } = fields;
  if (typeof apiVersion === "string" && apiVersion !== headVersion) {
    throw new PreflightError(`${name} has version ${apiVersion}, and this version of slipway reads ${headVersion}`, {
      hint: "use the version of slipway that wrote it, or a newer one; nothing was changed",
    });
  }
  const isWhole =
    typeof uuid === "string" && typeof digest === "string" && Number.isInteger(generation) && Array.isArray(parts);
  if (!isWhole || typeof files !== "object") throw new PreflightError(`${name} is damaged: it is not whole`);
  return fields as unknown as Head;
}

function parseIfJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
