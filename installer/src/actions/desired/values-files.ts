import { PreflightError, UsageError } from "../../errors/installer-error.ts";
import type { Report } from "../../events/event.ts";
import { canonicalJson, hashOf } from "../../execute/digest.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { readApplied } from "../../execute/state/state-store.ts";
import type { ValuesFile } from "../../execute/state/records.ts";
import type { FileSystem } from "../../platform/ports.ts";
import { shellWord } from "../../platform/shell-quote.ts";
import { mergeValues } from "../../values/merge-values.ts";
import { parseValues, type ValuesText } from "../../values/parse-values.ts";
import { type SourcedValue, toPlainValue } from "../../values/sourced-value.ts";
import type { InstallTarget, ValuesSelection } from "../context.ts";

interface FilePorts {
  readonly fs: Pick<FileSystem, "readTextIfPresent">;
  readonly report?: Report;
}

/**
 * A values file a person named.
 * @throws UsageError when it does not exist
 */
export async function readValuesFile(path: string, ports: FilePorts): Promise<ValuesText> {
  const file = await readIfPresent(path, ports, "-f");
  if (file === undefined) throw new UsageError(`there is no file ${path}`, { hint: "check the path given with -f" });
  return file;
}

/**
 * A file that a person named with a flag, or meant without one.
 * @throws UsageError when it is there and cannot be read
 */
export async function readIfPresent(
  path: string,
  ports: FilePorts,
  flag: "-f" | "--lock",
): Promise<ValuesText | undefined> {
  const text = await ports.fs.readTextIfPresent(path).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`${path} cannot be read: ${reason}`, { cause, hint: `check the path given with ${flag}` });
  });
  return text === undefined ? undefined : { name: path, text };
}

/**
 * What is laid over the profile: the files that were named; without any, what is recorded; before that, the file of the working
 * directory. Files that a person may take for these are warned of.
 * @throws PreflightError when the recorded values are damaged; UsageError for a file that does not exist
 */
export async function chooseValuesFiles(
  { stateDir, values }: Pick<InstallTarget, "stateDir"> & { readonly values: ValuesSelection },
  recorded: ValuesText | undefined,
  ports: FilePorts,
): Promise<readonly ValuesText[]> {
  const { files, ownFile, reset = false } = values;
  if (files.length > 0) return Promise.all(files.map((path) => readValuesFile(path, ports)));
  if (recorded === undefined && !reset) {
    const own = ownFile === undefined ? undefined : await readIfPresent(ownFile, ports, "-f");
    return own === undefined ? [] : [own];
  }
  const used = reset ? undefined : requireWritten(recorded);
  // A damaged record is told by what it is needed for.
  const applied = await readApplied(ports.fs, stateLayout(stateDir)).catch(() => undefined);
  const takenFrom = reset ? [] : (applied?.valuesFiles ?? []);
  await warnOfIgnoredFiles({ recorded: used, takenFrom, ownFile }, ports);
  return used === undefined ? [] : [used];
}

/** Recorded values are never written empty, and defaults in their place would change the platform. */
function requireWritten(recorded: ValuesText | undefined): ValuesText | undefined {
  if (recorded?.text.trim() !== "") return recorded;
  throw new PreflightError(`${recorded.name} is damaged: it is empty`, {
    hint: "put it back from a backup of the state directory, or give the values again with -f; nothing was changed, and what runs goes on running",
  });
}

/** The file and what it says, to be recognised later; comments do not count. */
export function fingerprintOf(file: ValuesText): ValuesFile {
  const parsed = parseIfPossible(file);
  return { path: file.name, digest: hashOf(parsed === undefined ? file.text : toPlainValue(parsed)) };
}

/** Of every file that is still there to be read when the next command runs: not of a pipe. */
export function fingerprintsOf(files: readonly ValuesText[]): readonly ValuesFile[] {
  return files.filter(({ name }) => isKept(name)).map(fingerprintOf);
}

/** `-f -` and `-f <(…)` can be read once; a later look would wait for a person to type. */
function isKept(path: string): boolean {
  return !/^\/(dev|proc)\//.test(path);
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
async function warnOfIgnoredFiles({ recorded, takenFrom, ownFile }: InUse, ports: FilePorts): Promise<void> {
  const made = takenFrom.map(({ path }) => path).filter(isKept);
  const candidates = new Set([...made, ...(ownFile === undefined ? [] : [ownFile])]);
  for (const path of candidates) {
    const text = await ports.fs.readTextIfPresent(path).catch(() => undefined);
    if (text === undefined) continue;
    const file = { name: path, text };
    const known = takenFrom.find((candidate) => candidate.path === path);
    if (known === undefined ? addsNothing(file, recorded) : isSame(file, [known.digest, digestOf(recorded)])) continue;
    const what = known === undefined ? "is there" : "was changed since it was installed";
    const instead = recorded === undefined ? "only defaults and what is given count" : "the recorded values count";
    ports.report?.({
      type: "warning",
      message: `${path} ${what} and is not read: ${instead}`,
      hint: adviceOn(known === undefined ? [path] : made),
    });
  }
}

/** Together they made the values: one alone would leave out what the others say. */
function adviceOn(paths: readonly string[]): string {
  const flags = paths.map((path) => `-f ${shellWord(path)}`).join(" ");
  return `${flags} takes what ${paths.length === 1 ? "it says" : "they say"}, and nothing else`;
}

function digestOf(text: ValuesText | undefined): string | undefined {
  return text === undefined ? undefined : fingerprintOf(text).digest;
}

function isSame(file: ValuesText, digests: readonly (string | undefined)[]): boolean {
  return digests.includes(fingerprintOf(file).digest);
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
