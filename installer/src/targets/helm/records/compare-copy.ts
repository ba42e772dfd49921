import type { CopyRecord } from "./copy-record.ts";
import type { Head } from "./head.ts";
import { changedPaths, type FileDigests } from "./record-files.ts";

/** What a state directory says, as far as the comparison needs it. */
export interface LocalRecords {
  readonly uuid: string;
  readonly digests: FileDigests;
}

/** How a state directory stands to the records in the namespace. */
export type Comparison =
  /** There is nothing in the namespace, and there never was as far as the directory knows. */
  | { readonly kind: "nothing" }
  /** The directory is a copy of what is there; it may have changed since. */
  | { readonly kind: "copy" }
  /** The same records, of which the directory does not know yet that they are there. */
  | { readonly kind: "same" }
  | { readonly kind: "newer" }
  /** They were there and are gone: the directory has them alone. */
  | { readonly kind: "gone" }
  /** They are gone, and the directory was never completed. */
  | { readonly kind: "incomplete" }
  | { readonly kind: "another-install" }
  /** The namespace went back behind what the directory knows. */
  | { readonly kind: "older"; readonly known: number }
  | { readonly kind: "both-changed"; readonly here: readonly string[]; readonly there: readonly string[] };

/** Only lines of this are ever added, by every run: those of one that was killed are no reason to refuse. */
const noteOnly = "history";

/**
 * Decides which side counts; pure but for reading the directory, which the usual case does not need.
 * @param local what the directory says; undefined when it is no state directory yet
 */
export async function compareCopy(
  copy: CopyRecord | undefined,
  head: Head | undefined,
  local: () => Promise<LocalRecords | undefined>,
): Promise<Comparison> {
  if (head === undefined) return withoutHead(copy);
  if (copy?.taking === true) return { kind: "newer" };
  if (copy?.of?.generation === head.generation && copy.of.digest === head.digest) return { kind: "copy" };
  const found = await local();
  if (found === undefined) return { kind: "newer" };
  if (found.uuid !== head.uuid) return { kind: "another-install" };
  return changedPaths(found.digests, head.files).length === 0 ? { kind: "same" } : decide(copy, head, found);
}

function withoutHead(copy: CopyRecord | undefined): Comparison {
  if (copy?.taking === true) return { kind: "incomplete" };
  return { kind: copy?.of === undefined ? "nothing" : "gone" };
}

/** The namespace is not what the directory was a copy of. */
function decide(copy: CopyRecord | undefined, head: Head, { digests }: LocalRecords): Comparison {
  const { files = {}, generation = 0 } = copy?.of ?? {};
  const here = changedPaths(files, digests).filter((path) => path !== noteOnly);
  if (here.length > 0 && copy?.abandoned !== true) {
    return { kind: "both-changed", here, there: changedPaths(files, head.files) };
  }
  return head.generation > generation ? { kind: "newer" } : { kind: "older", known: generation };
}
