import { PreflightError } from "../../errors/installer-error.ts";
import type { Plan } from "../../plan/model.ts";
import type { Clock, Failpoint, FileSystem, Random } from "../../platform/ports.ts";
import { storeId } from "../../render/rendering.ts";
import { canonicalJson } from "../digest.ts";
import { createQueue } from "../in-turn.ts";
import { appliedFrom1, identityFrom1 } from "./format-1.ts";
import type { StateLayout } from "./layout.ts";
import { damaged, parseRecord } from "./parse-record.ts";
import { type Applied, type Identity, nothingApplied, type TargetIdentity } from "./records.ts";

/** Version of the layout of the state directory. */
const formatVersion = 2;
/** Version of the records in it. The plan has one of its own. */
const recordVersion = "slipway/v2";
const planVersion = "slipway/v1";

export interface StatePorts {
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
  readonly failpoint: Failpoint;
}

type ReadingFiles = Pick<FileSystem, "readTextIfPresent">;

/** The record of what is applied; updates are durable before they return. */
export interface AppliedRecord {
  readonly current: () => Applied;
  readonly update: (change: (applied: Applied) => Partial<Applied>) => Promise<void>;
}

/**
 * Makes sure that nobody else decides what lies in the state directory, which may not be there yet.
 * @throws PreflightError when others could write into it, or it is a link
 */
export async function requirePrivate(fs: FileSystem, layout: StateLayout): Promise<void> {
  const foreign = await fs.foreignWritable(layout.root);
  if (foreign === undefined) return;
  throw new PreflightError(`others may write to ${foreign}, so nothing secret can be kept below it`, {
    hint: `chown it to the user that runs slipway and chmod go-w ${foreign}, or choose another --state-dir`,
  });
}

/**
 * Makes the state directory if it is not there, brings records of an older format to this one, and reads who the install is.
 * The caller holds the run lock.
 * @throws PreflightError when others could write into it, or a newer version of Slipway made it
 */
export async function openState(
  ports: StatePorts,
  layout: StateLayout,
  install: { readonly name: string; readonly target: TargetIdentity },
): Promise<Identity> {
  const { fs } = ports;
  await requirePrivate(fs, layout);
  const existing = await readIdentity(fs, layout);
  if (existing === undefined) return makeState(ports, layout, install);
  if (existing.name !== install.name) {
    throw new PreflightError(`${layout.root} is the state of the install ${existing.name}, not of ${install.name}`, {
      hint: `give --name ${existing.name}, or another --state-dir`,
    });
  }
  await upgradeRecords(ports, layout, existing);
  return existing;
}

async function makeState(
  ports: StatePorts,
  layout: StateLayout,
  install: { readonly name: string; readonly target: TargetIdentity },
): Promise<Identity> {
  const { fs } = ports;
  for (const folder of [layout.root, layout.secrets, layout.releases, layout.logs, layout.live]) {
    await fs.makeDirectory(folder, 0o700);
  }
  await ports.failpoint("state:directories");
  await fs.writeAtomic(layout.format, `${formatVersion}\n`);
  const identity: Identity = {
    uuid: ports.random.uuid(),
    name: install.name,
    createdAt: ports.clock.now().toISOString(),
    digestKey: Buffer.from(ports.random.bytes(32)).toString("hex"),
    target: install.target,
  };
  await ports.failpoint("state:format");
  await writeIdentity(fs, layout, identity);
  await ports.failpoint("state:identity");
  return identity;
}

/**
 * The mark goes first, so that an older version refuses the directory from then on. Each record says itself which version it
 * is, so a run that is killed in between is completed by the next.
 */
async function upgradeRecords(ports: StatePorts, layout: StateLayout, identity: Identity): Promise<void> {
  const { fs } = ports;
  const isCurrent = (text: string | undefined): boolean => text === undefined || text.includes(recordVersion);
  const [identityText, appliedText] = await Promise.all(
    [layout.identity, layout.applied].map((path) => fs.readTextIfPresent(path)),
  );
  await raiseMark(fs, layout);
  await ports.failpoint("state:upgrade-format");
  if (!isCurrent(appliedText)) await writeApplied(fs, layout, await readApplied(fs, layout));
  await ports.failpoint("state:upgrade-applied");
  if (!isCurrent(identityText)) await writeIdentity(fs, layout, identity);
}

/** From the first record of this format on, an older version must not read the directory. */
async function raiseMark(fs: FileSystem, layout: StateLayout): Promise<void> {
  const format = await fs.readTextIfPresent(layout.format);
  if (format === undefined || format.trim() === String(formatVersion)) return;
  await fs.writeAtomic(layout.format, `${formatVersion}\n`);
}

async function writeIdentity(fs: FileSystem, layout: StateLayout, identity: Identity): Promise<void> {
  await fs.writeAtomic(
    layout.identity,
    `${canonicalJson({ apiVersion: recordVersion, kind: "Identity", ...identity })}\n`,
  );
}

async function writeApplied(fs: FileSystem, layout: StateLayout, applied: Applied): Promise<void> {
  await fs.writeAtomic(
    layout.applied,
    `${canonicalJson({ apiVersion: recordVersion, kind: "Applied", ...applied })}\n`,
  );
}

/**
 * Who the install is, or undefined when there is none.
 * @throws PreflightError when a newer version of Slipway made it, or the record is damaged
 */
export async function readIdentity(fs: ReadingFiles, layout: StateLayout): Promise<Identity | undefined> {
  const format = await fs.readTextIfPresent(layout.format);
  if (format === undefined) return undefined;
  const version = Number(format.trim());
  if (!(version >= 1 && version <= formatVersion)) {
    throw new PreflightError(
      `${layout.root} has state format ${format.trim()}, this version of slipway reads ${formatVersion}`,
      { hint: "use the version of slipway that made it, or a newer one" },
    );
  }
  const text = await fs.readTextIfPresent(layout.identity);
  if (text === undefined) return undefined;
  const record = parseRecord(layout.identity, text, recordVersion);
  const identity = isOfFormat1(record) ? identityFrom1(record) : (withoutHead(record) as unknown as Identity);
  const lacking = (["uuid", "name", "digestKey", "target"] as const).find((key) => !identity[key]);
  if (lacking !== undefined) throw damaged(layout.identity, `it has no ${lacking}`);
  return identity;
}

/** Records of format 1 carry no version. */
function isOfFormat1(record: Readonly<Record<string, unknown>>): boolean {
  return record["apiVersion"] === undefined;
}

function withoutHead(record: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => key !== "apiVersion" && key !== "kind"));
}

/** The plan of the last complete install. */
export async function readRecordedPlan(fs: ReadingFiles, layout: StateLayout): Promise<Plan | undefined> {
  return readPlan(fs, layout.plan);
}

/**
 * The plan of the last complete install, or of the first one while it is under way or after it failed: what profile and version
 * are asked of.
 */
export async function readKnownPlan(fs: ReadingFiles, layout: StateLayout): Promise<Plan | undefined> {
  return (await readPlan(fs, layout.plan)) ?? readPlan(fs, layout.pendingPlan);
}

/** The plan of the last complete install, then that of a change that is not complete: what runs may be of either. */
export async function readKnownPlans(fs: ReadingFiles, layout: StateLayout): Promise<readonly Plan[]> {
  const plans = await Promise.all([readPlan(fs, layout.plan), readPlan(fs, layout.pendingPlan)]);
  return plans.filter((plan) => plan !== undefined);
}

/** A plan in the state directory; one that an older version wrote may lack what came later. */
export async function readPlan(fs: ReadingFiles, path: string): Promise<Plan | undefined> {
  const text = await fs.readTextIfPresent(path);
  return text === undefined ? undefined : (parseRecord(path, text, planVersion) as unknown as Plan);
}

/** What is recorded as applied, for reading only. */
export async function readApplied(fs: ReadingFiles, layout: StateLayout): Promise<Applied> {
  const text = await fs.readTextIfPresent(layout.applied);
  if (text !== undefined) {
    const record = parseRecord(layout.applied, text, recordVersion);
    if (isOfFormat1(record)) return appliedFrom1(record, await fs.readTextIfPresent(layout.values));
    return { ...nothingApplied, ...(withoutHead(record) as Partial<Applied>) };
  }
  const plan = await readRecordedPlan(fs, layout);
  return plan === undefined ? nothingApplied : whatPlanTells(plan);
}

/** The plan is recorded once all of it served: without better knowledge, its data and secrets must be found where they were. */
function whatPlanTells(plan: Plan): Applied {
  const stores = plan.components.flatMap(({ id, volumes }) =>
    volumes.map(({ name }) => ({ component: id, volume: name })),
  );
  return {
    ...nothingApplied,
    stores,
    initialised: Object.fromEntries(stores.map((store) => [storeId(store), { at: "" }])),
    secrets: Object.fromEntries(plan.secrets.map(({ name }) => [name, { inputsHash: "" }])),
  };
}

/** Opens the record for changing; the caller holds the run lock. */
export async function openApplied(fs: FileSystem, layout: StateLayout): Promise<AppliedRecord> {
  let applied = await readApplied(fs, layout);
  let isMarked = false;
  // One after the other: components come up side by side and all write here.
  const inTurn = createQueue();
  return {
    current: () => applied,
    update: (change) =>
      inTurn(async () => {
        const next = { ...applied, ...change(applied) };
        if (!isMarked) await raiseMark(fs, layout);
        isMarked = true;
        await writeApplied(fs, layout, next);
        // Not before it is on the disk: a run must not rely on what the next one cannot know.
        applied = next;
      }),
  };
}
