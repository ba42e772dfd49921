import { join } from "node:path";
import { parse } from "yaml";
import { fieldsOf, hasFields } from "../../language/fields.ts";
import type { Plan } from "../../plan/model.ts";
import type { FileSystem } from "../../platform/ports.ts";
import { appliedHash } from "../applied-hash.ts";
import { hashOf } from "../digest.ts";
import type { Install } from "../state/install.ts";
import type { StateLayout } from "../state/layout.ts";
import { damaged, parseRecord } from "../state/parse-record.ts";
import type { Applied } from "../state/records.ts";

/** Everything that made the platform what it was at a revision: enough to compare with it, and to go back to it. */
export interface Revision {
  /** Its number: 1 is the first install, each change that is complete counts on. */
  readonly revision: number;
  /** When it was last installed. */
  readonly at: string;
  /** Version of the program that installed it. */
  readonly version: string;
  readonly appliedHash: string;
  readonly planHash: string;
  /** What was asked for, as it was recorded; it may hold secrets that a person gave. */
  readonly values: string;
  readonly plan: Plan;
  /** Ids that the images had, by reference. */
  readonly images: Readonly<Record<string, string>>;
  /** Keyed digests of the secrets that it ran with, by name. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** What of an install tells its revisions. */
type RecordedInstall = Pick<Install, "layout" | "applied" | "plan">;

/** Beside the one in effect, the newest are kept. */
export const revisionsKept = 50;

const recordVersion = "slipway/v1";

/**
 * Numbers of the revisions that can be read, oldest first. The one in effect is always among them: the records of the install tell
 * what it is, whichever version wrote them.
 */
export async function listRevisions(
  fs: Pick<FileSystem, "exists" | "list">,
  { layout, applied, plan }: RecordedInstall,
): Promise<readonly number[]> {
  const { release } = applied;
  const earlier = (await keptNumbers(fs, layout)).filter((number) => number < release);
  return release === 0 || plan === undefined ? earlier : [...earlier, release];
}

/**
 * A revision that `listRevisions` names.
 * @throws PreflightError when its record is damaged or of a newer version
 */
export async function readRevision(
  fs: Pick<FileSystem, "readTextIfPresent">,
  install: RecordedInstall,
  number: number,
): Promise<Revision> {
  const isCurrent = number === install.applied.release;
  const current = isCurrent ? await currentRevision(fs, install) : undefined;
  if (current !== undefined && isWhole(install, current)) return current;
  const path = fileOf(install.layout, number);
  const text = await fs.readTextIfPresent(path);
  if (text !== undefined) return parseRevision(path, text);
  if (current === undefined) throw damaged(isCurrent ? install.layout.values : path, "it is gone");
  return current;
}

/**
 * Keeps the revision in effect before the next change takes its place, and forgets the oldest. What a killed run left half-changed
 * is no revision.
 */
export async function keepCurrentRevision(
  fs: Pick<FileSystem, "exists" | "list" | "makeDirectory" | "readTextIfPresent" | "remove" | "writeAtomic">,
  install: RecordedInstall,
): Promise<void> {
  const { layout } = install;
  const current = await currentRevision(fs, install);
  if (current === undefined || !isWhole(install, current)) return;
  await fs.makeDirectory(layout.revisions, 0o700);
  const record = { apiVersion: recordVersion, kind: "Revision", ...current };
  // In the order in which the plan was made: files are rendered in it.
  await fs.writeAtomic(fileOf(layout, current.revision), `${JSON.stringify(record)}\n`, { mode: 0o600 });
  const kept = await keptNumbers(fs, layout);
  for (const number of kept.slice(0, -revisionsKept)) await fs.remove(fileOf(layout, number));
}

function parseRevision(path: string, text: string): Revision {
  const record = parseRecord(path, text, recordVersion);
  const { plan, planHash, values } = record;
  if (typeof values !== "string" || !hasFields(plan)) throw damaged(path, "it has no values or no plan");
  if (hashOf(plan) !== planHash) throw damaged(path, "its plan is not the one that was recorded");
  return record as unknown as Revision;
}

/** What is in effect, by the records of the install; undefined where they do not tell it. */
async function currentRevision(
  fs: Pick<FileSystem, "readTextIfPresent">,
  { layout, applied, plan }: RecordedInstall,
): Promise<Revision | undefined> {
  if (applied.release === 0 || plan === undefined) return undefined;
  const values = await fs.readTextIfPresent(layout.values);
  if (values === undefined) return undefined;
  return {
    revision: applied.release,
    at: applied.installedAt ?? "",
    version: plan.install.version,
    appliedHash: applied.appliedHash ?? "",
    planHash: hashOf(plan),
    values,
    plan,
    images: imagesOfLock(await fs.readTextIfPresent(layout.lock)),
    secrets: digestsOf(applied),
  };
}

/** Whether the values are those that were applied last, not those of a run that was killed while it recorded them. */
function isWhole({ applied }: RecordedInstall, { values }: Revision): boolean {
  return appliedHash(applied.units, values) === applied.appliedHash;
}

/** Digests of the secrets that the platform runs with. */
function digestsOf({ secrets }: Pick<Applied, "secrets">): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(secrets).flatMap(([name, { digest }]) => (digest === undefined ? [] : [[name, digest]])),
  );
}

function imagesOfLock(text: string | undefined): Readonly<Record<string, string>> {
  if (text === undefined) return {};
  const { images } = fieldsOf(parse(text));
  const rows: readonly unknown[] = Array.isArray(images) ? images : [];
  return Object.fromEntries(
    rows
      .map(fieldsOf)
      .flatMap(({ reference, imageId }) =>
        typeof reference === "string" && typeof imageId === "string" ? [[reference, imageId]] : [],
      ),
  );
}

async function keptNumbers(
  fs: Pick<FileSystem, "exists" | "list">,
  { revisions }: Pick<StateLayout, "revisions">,
): Promise<readonly number[]> {
  if (!(await fs.exists(revisions))) return [];
  return (await fs.list(revisions))
    .flatMap((name) => /^([1-9][0-9]*)\.json$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

function fileOf({ revisions }: Pick<StateLayout, "revisions">, revision: number): string {
  return join(revisions, `${revision}.json`);
}
