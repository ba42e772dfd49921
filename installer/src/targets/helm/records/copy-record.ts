import { canonicalJson } from "../../../execute/digest.ts";
import type { StateLayout } from "../../../execute/state/layout.ts";
import { parseRecord } from "../../../execute/state/parse-record.ts";
import type { FileSystem } from "../../../platform/ports.ts";
import type { FileDigests } from "./record-files.ts";

/** How this machine gets to the namespace of an install, and how it knows that it is the same one. */
export interface RecordedPlace {
  readonly context: string;
  readonly namespace: string;
  /** URL of the API server. */
  readonly server: string;
  /** Uid of the namespace `kube-system`; absent where it may not be read. */
  readonly cluster?: string;
}

/** What a state directory is a copy of: of this machine, so it is never shared. */
export interface CopyRecord {
  readonly place: RecordedPlace;
  /** The records that the directory held when it was last the same as the namespace. Absent before the first time. */
  readonly of?: CopiedRecords;
  /** A copy was begun, and the files may be of either. */
  readonly taking?: true;
  /** What changed since then is of a run that lost its lock: nothing of it was applied. */
  readonly abandoned?: true;
}

export interface CopiedRecords {
  readonly generation: number;
  readonly digest: string;
  readonly files: FileDigests;
}

const copyVersion = "slipway/v1";

/** @throws PreflightError when it is damaged or of a newer version */
export async function readCopy(
  fs: Pick<FileSystem, "readTextIfPresent">,
  { copy }: Pick<StateLayout, "copy">,
): Promise<CopyRecord | undefined> {
  const text = await fs.readTextIfPresent(copy);
  return text === undefined ? undefined : (parseRecord(copy, text, copyVersion) as unknown as CopyRecord);
}

export async function writeCopy(
  fs: Pick<FileSystem, "writeAtomic">,
  { copy }: Pick<StateLayout, "copy">,
  record: CopyRecord,
): Promise<void> {
  const text = canonicalJson({ apiVersion: copyVersion, kind: "Copy", ...record });
  await fs.writeAtomic(copy, `${text}\n`, { mode: 0o600 });
}
