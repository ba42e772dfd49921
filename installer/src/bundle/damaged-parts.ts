import { BundleError } from "../errors/installer-error.ts";
import type { BulkFiles, HashTask, Hashing } from "../platform/content-ports.ts";
import { findParts, type SplitBundle } from "./parts.ts";

/** What is wrong with the parts of a split bundle, by their digests: damaged ones, and ones that have changed places. */
export async function findDamagedParts(
  split: SplitBundle,
  ports: { readonly hashing: Hashing; readonly signal: AbortSignal },
): Promise<readonly { readonly file: string; readonly problem: string }[]> {
  const { parts } = split.header;
  const tasks: readonly HashTask[] = parts.map((part, index) => ({
    path: split.paths[index] ?? part.file,
    start: 0,
    end: part.size,
  }));
  const digests = await ports.hashing.sha256(tasks, () => undefined, ports.signal);
  return parts.flatMap(({ file, digest }, index) => {
    if (digests[index] === digest) return [];
    const other = parts.find((part) => part.digest === digests[index]);
    const problem =
      other === undefined
        ? `${tasks[index]?.path ?? file} is damaged: its digest is ${digests[index] ?? "unknown"}, not ${digest}`
        : `${tasks[index]?.path ?? file} has the contents of ${other.file}: parts were swapped`;
    return [{ file, problem }];
  });
}

/** What is wrong with the parity parts: without them a bundle is whole, but fewer losses can be made up for. */
export async function findBadParity(
  split: SplitBundle,
  folders: readonly string[],
  ports: { readonly bulkFiles: BulkFiles; readonly hashing: Hashing; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const found = await findParts(split.header.parity?.parts ?? [], folders, ports.bulkFiles);
  const whole = found.flatMap(({ part, path, size }) =>
    path !== undefined && size === part.size ? [{ part, path }] : [],
  );
  const tasks = whole.map(({ part, path }) => ({ path, start: 0, end: part.size }));
  const digests = await ports.hashing.sha256(tasks, () => undefined, ports.signal);
  const good = new Set(whole.filter(({ part }, index) => digests[index] === part.digest).map(({ part }) => part.file));
  return found.flatMap(({ part, path }) => {
    if (good.has(part.file)) return [];
    return [path === undefined ? `${part.file} is missing` : `${path} is damaged`];
  });
}

/** The same error, naming the parts it comes from where the bundle is split and parts are not what they should be. */
export async function namingParts(
  error: unknown,
  split: SplitBundle | undefined,
  ports: { readonly hashing: Hashing; readonly signal: AbortSignal },
): Promise<unknown> {
  if (split === undefined || !(error instanceof BundleError)) return error;
  const damaged = await findDamagedParts(split, ports);
  if (damaged.length === 0) return error;
  const parity = split.header.parity?.count ?? 0;
  return new BundleError(damaged.map(({ problem }) => problem).join("; "), {
    hint:
      parity >= damaged.length
        ? "rebuild them with slipway bundle repair, or copy them again"
        : "copy them again from where they came",
    details: [error.message],
    cause: error,
  });
}
