import { UsageError } from "../../errors/installer-error.ts";
import type { Report } from "../../events/event.ts";
import { canonicalJson, hashOf } from "../../execute/digest.ts";
import type { ValuesFile } from "../../execute/state/records.ts";
import type { FileSystem } from "../../platform/ports.ts";
import { mergeValues } from "../../values/merge-values.ts";
import { parseValues, type ValuesText } from "../../values/parse-values.ts";
import { type SourcedValue, toPlainValue } from "../../values/sourced-value.ts";

interface FilePorts {
  readonly fs: Pick<FileSystem, "readTextIfPresent">;
  readonly report?: Report;
}

/**
 * A values file a person named.
 * @throws UsageError when it does not exist
 */
export async function readValuesFile(path: string, ports: FilePorts): Promise<ValuesText> {
  const text = await ports.fs.readTextIfPresent(path).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`${path} cannot be read: ${reason}`, { cause, hint: "check the path given with -f" });
  });
  if (text === undefined) throw new UsageError(`there is no file ${path}`, { hint: "check the path given with -f" });
  return { name: path, text };
}

/** The file and what it says, to be recognised later; comments do not count. */
export function fingerprintOf(file: ValuesText): ValuesFile {
  const parsed = parseIfPossible(file);
  return { path: file.name, digest: hashOf(parsed === undefined ? file.text : toPlainValue(parsed)) };
}

interface InUse {
  /** The recorded values; absent where nothing but defaults and what was given counts. */
  readonly recorded: ValuesText | undefined;
  /** The files that these were taken from. */
  readonly takenFrom: readonly ValuesFile[];
  readonly ownFile: string | undefined;
}

/**
 * Warns of files that a person may take for the values of this install, and that say something else: those that it was made
 * from and that were changed since, and the one of the working directory.
 */
export async function warnOfIgnoredFiles({ recorded, takenFrom, ownFile }: InUse, ports: FilePorts): Promise<void> {
  const candidates = new Set([...takenFrom.map(({ path }) => path), ...(ownFile === undefined ? [] : [ownFile])]);
  for (const path of candidates) {
    const text = await ports.fs.readTextIfPresent(path).catch(() => undefined);
    if (text === undefined) continue;
    const file = { name: path, text };
    const known = takenFrom.find((candidate) => candidate.path === path);
    if (known === undefined ? addsNothing(file, recorded) : fingerprintOf(file).digest === known.digest) continue;
    const what = known === undefined ? "is there" : "was changed since it was installed";
    const instead = recorded === undefined ? "only defaults and what is given count" : "the recorded values count";
    ports.report?.({
      type: "warning",
      message: `${path} ${what} and is not read: ${instead}`,
      hint: `-f ${path} takes what it says, and nothing else`,
    });
  }
}

/** Whether the recorded values stay as they are with the file laid over them. */
function addsNothing(file: ValuesText, recorded: ValuesText | undefined): boolean {
  const above = parseIfPossible(file);
  const below = recorded === undefined ? undefined : parseIfPossible(recorded);
  if (above === undefined) return false;
  if (below === undefined) return canonicalJson(toPlainValue(above)) === "{}";
  return canonicalJson(toPlainValue(mergeValues([below, above]))) === canonicalJson(toPlainValue(below));
}

/** Undefined when it cannot be read as values. */
export function parseIfPossible(text: ValuesText): SourcedValue | undefined {
  try {
    return parseValues(text, "file");
  } catch {
    return undefined;
  }
}
