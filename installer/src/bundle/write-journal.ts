import { isDigest } from "../oci/digest.ts";
import type { Hashing, HashTask } from "../platform/content-ports.ts";
import type { FileSystem } from "../platform/ports.ts";
import type { Blob } from "./assemble-bundle.ts";
import { type SinkFile, spansOf } from "./sink.ts";

/**
 * Which blobs an interrupted run had written. The first line says what was being written: anything else is started again.
 * It is a hint only: each blob it names is hashed again before it counts, so it need not be flushed.
 */
export interface WriteJournal {
  /** Digests of the blobs that a run before said it had written; undefined when it wrote something else. */
  read(): Promise<ReadonlySet<string> | undefined>;
  begin(): Promise<void>;
  add(digest: string): Promise<void>;
  remove(): Promise<void>;
}

/** The journal beside a bundle that is being written. */
export function createWriteJournal(
  output: string,
  identity: string,
  fs: Pick<FileSystem, "readTextIfPresent" | "writeAtomic" | "append" | "remove">,
): WriteJournal {
  const path = `${output}.partial.journal`;
  const head = `slipway bundle ${identity}`;
  return {
    async read() {
      const [first, ...lines] = ((await fs.readTextIfPresent(path)) ?? "").split("\n");
      return first === head ? new Set(lines.filter(isDigest)) : undefined;
    },
    begin: () => fs.writeAtomic(path, `${head}\n`, { mode: 0o644 }),
    add: (digest) => fs.append(path, `${digest}\n`),
    remove: () => fs.remove(path),
  };
}

/** Those of the blobs whose bytes are in the files as they should be; hashed on all cores. */
export async function findWritten(
  blobs: readonly (Blob & { readonly offset: number })[],
  files: readonly SinkFile[],
  ports: { readonly hashing: Hashing; readonly signal: AbortSignal },
): Promise<ReadonlySet<string>> {
  const tasks = blobs.map((blob) => toTask(blob, files));
  const digests = await ports.hashing.sha256(tasks, () => undefined, ports.signal);
  return new Set(blobs.filter(({ digest }, at) => digests[at] === digest).map(({ digest }) => digest));
}

function toTask(blob: { readonly offset: number; readonly size: number }, files: readonly SinkFile[]): HashTask {
  const [first = { path: files[0]?.partial ?? "", start: 0, end: 0 }, ...then] = spansOf(files, blob.offset, blob.size);
  return { ...first, ...(then.length > 0 && { then }) };
}
