import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { isDigest } from "../../oci/digest.ts";
import type { FileSystem } from "../../platform/ports.ts";

/** What an earlier, unfinished push of the same images to the same place had already brought there. */
export interface PushJournal {
  /** Whether the repository was given the blob by an earlier run; the registry is still asked before it is relied on. */
  has(repository: string, digest: string): boolean;
  /** Written when it returns; flushed to the disk some time later. */
  record(repository: string, digest: string): Promise<void>;
  /** Whether an earlier run made this at the target: a project of Harbor, by its number. */
  hasMade(what: string): boolean;
  /** Flushed when it returns. */
  recordMade(what: string): Promise<void>;
  /** Whether an earlier run ended with exactly these referrers of an image in place. */
  isComplete(target: string, referrers: readonly string[]): boolean;
  /** The push is through: entries are dropped, only what is complete stays. */
  finish(complete: readonly { readonly target: string; readonly referrers: readonly string[] }[]): Promise<void>;
  /** Flushes what was recorded. */
  close(): Promise<void>;
}

/** Records between two flushes: a power cut costs at most so many questions, a killed program none. */
const recordsPerFlush = 32;
const linesRead = 1_000_000;

/** A journal that is read and never written: for a run that only looks. */
export async function readPushJournal(fs: FileSystem, path: string): Promise<PushJournal> {
  const nothing = (): Promise<void> => Promise.resolve();
  const journal = await openPushJournal(fs, path, () => undefined);
  return { ...journal, record: nothing, recordMade: nothing, finish: nothing, close: nothing };
}

/** The journal's file: one for a target and exactly these images. */
export function journalPath(
  cacheDir: string,
  host: string,
  images: readonly { readonly target: string; readonly digest: string }[],
): string {
  const identity = [host, ...images.map(({ target, digest }) => `${target} ${digest}`).toSorted()].join("\n");
  return join(cacheDir, "push", `${createHash("sha256").update(identity).digest("hex").slice(0, 32)}.jsonl`);
}

/**
 * Opens a journal; what cannot be read of it counts as not recorded.
 * @param warn told once when it cannot be written: the push goes on without
 */
export async function openPushJournal(
  fs: FileSystem,
  path: string,
  warn: (problem: string) => void,
): Promise<PushJournal> {
  const placed = new Map<string, Set<string>>();
  const complete = new Set<string>();
  const made = new Set<string>();
  for (const line of ((await fs.readTextIfPresent(path)) ?? "").split("\n", linesRead)) {
    const entry = parseLine(line);
    if (entry === undefined) continue;
    if ("complete" in entry) complete.add(entry.complete);
    else if ("made" in entry) made.add(entry.made);
    else add(placed, entry.repository, entry.digest);
  }
  let writing: Promise<void> = Promise.resolve();
  let folder: Promise<void> | undefined;
  let unflushed = 0;
  let broken = false;

  function giveUp(error: unknown): void {
    if (!broken) warn(error instanceof Error ? error.message : String(error));
    broken = true;
  }

  /** One writer at a time, in order. */
  function write(text: string, flush: boolean): Promise<void> {
    unflushed = flush ? 0 : unflushed + 1;
    writing = writing
      .then(async () => {
        if (broken) return;
        await (folder ??= fs.makeDirectory(dirname(path), 0o700));
        await (flush ? fs.appendDurable(path, text) : fs.append(path, text));
      })
      .catch(giveUp);
    return writing;
  }

  return {
    has: (repository, digest) => placed.get(repository)?.has(digest) === true,
    record: (repository, digest) => {
      add(placed, repository, digest);
      return write(`${JSON.stringify({ repository, digest })}\n`, unflushed + 1 >= recordsPerFlush);
    },
    hasMade: (what) => made.has(what),
    recordMade: (what) => {
      made.add(what);
      return write(`${JSON.stringify({ made: what })}\n`, true);
    },
    isComplete: (target, referrers) => complete.has(completionOf(target, referrers)),
    finish: async (images) => {
      await writing;
      unflushed = 0;
      const lines = images.map(({ target, referrers }) =>
        JSON.stringify({ complete: completionOf(target, referrers) }),
      );
      if (broken || lines.length === 0) await fs.remove(path);
      else
        await write("", false).then(() => fs.writeAtomic(path, `${lines.join("\n")}\n`, { mode: 0o600 }).catch(giveUp));
    },
    close: async () => {
      await (unflushed === 0 ? writing : write("", true));
    },
  };
}

type Entry =
  | { readonly repository: string; readonly digest: string }
  | { readonly complete: string }
  | { readonly made: string };

function parseLine(line: string): Entry | undefined {
  // The last line of a killed run may be cut short.
  if (!line.endsWith("}")) return undefined;
  try {
    const { repository, digest, complete, made } = JSON.parse(line) as Readonly<Record<string, unknown>>;
    if (typeof complete === "string") return { complete };
    if (typeof made === "string") return { made };
    if (typeof repository === "string" && typeof digest === "string" && isDigest(digest)) return { repository, digest };
  } catch {
    return undefined;
  }
  return undefined;
}

function completionOf(target: string, referrers: readonly string[]): string {
  return createHash("sha256")
    .update([target, ...referrers.toSorted()].join("\n"))
    .digest("hex");
}

function add(placed: Map<string, Set<string>>, repository: string, digest: string): void {
  const digests = placed.get(repository) ?? new Set<string>();
  placed.set(repository, digests);
  digests.add(digest);
}
