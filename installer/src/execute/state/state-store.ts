import { PreflightError } from "../../errors/installer-error.ts";
import type { Plan } from "../../plan/model.ts";
import type { Clock, Failpoint, FileSystem, Random } from "../../platform/ports.ts";
import type { ComposeUnit, ComposeVolume } from "../../render/compose/compose-rendering.ts";
import { engineVolumeName } from "../../render/compose/compose-service.ts";
import { canonicalJson } from "../digest.ts";
import { createQueue } from "../in-turn.ts";
import type { StateLayout } from "./layout.ts";

/** Version of the layout of the state directory. */
const formatVersion = 1;

export interface StatePorts {
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
  readonly failpoint: Failpoint;
}

/** What makes this install this one, set once. */
export interface Identity {
  readonly uuid: string;
  readonly name: string;
  readonly createdAt: string;
  /** Key of the digests of files with secrets. */
  readonly digestKey: string;
}

/** What is known to be done. The engine's own state is asked, never taken from here. */
export interface Applied {
  readonly release: number;
  readonly planHash?: string;
  readonly installedAt?: string;
  readonly project?: string;
  readonly units: readonly ComposeUnit[];
  readonly jobUnits: readonly ComposeUnit[];
  readonly volumeUnits: readonly ComposeVolume[];
  readonly services: Readonly<Record<string, { readonly containerId: string; readonly filesDigest: string }>>;
  readonly jobs: Readonly<Record<string, { readonly inputsHash: string; readonly at: string }>>;
  /** Volumes by engine name, once their component served from them. */
  readonly initialised: Readonly<Record<string, { readonly component: string; readonly at: string }>>;
  readonly files: Readonly<
    Record<string, { readonly digest: string; readonly size?: number; readonly owner?: number }>
  >;
  /** Secrets that were made or taken over, by name. */
  readonly secrets: Readonly<Record<string, { readonly inputsHash: string; readonly expires?: string }>>;
}

const nothingApplied: Applied = {
  release: 0,
  units: [],
  jobUnits: [],
  volumeUnits: [],
  services: {},
  jobs: {},
  initialised: {},
  files: {},
  secrets: {},
};

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
 * Makes the state directory if it is not there and reads who the install is.
 * @throws PreflightError when others could write into it, or another version of Slipway made it
 */
export async function openState(ports: StatePorts, layout: StateLayout, name: string): Promise<Identity> {
  const { fs } = ports;
  await requirePrivate(fs, layout);
  const existing = await readIdentity(fs, layout);
  if (existing !== undefined && existing.name !== name) {
    throw new PreflightError(`${layout.root} is the state of the install ${existing.name}, not of ${name}`, {
      hint: `give --name ${existing.name}, or another --state-dir`,
    });
  }
  if (existing !== undefined) return existing;
  for (const folder of [layout.root, layout.secrets, layout.releases, layout.logs, layout.live]) {
    await fs.makeDirectory(folder, 0o700);
  }
  await ports.failpoint("state:directories");
  await fs.writeAtomic(layout.format, `${formatVersion}\n`);
  const identity: Identity = {
    uuid: ports.random.uuid(),
    name,
    createdAt: ports.clock.now().toISOString(),
    digestKey: Buffer.from(ports.random.bytes(32)).toString("hex"),
  };
  await ports.failpoint("state:format");
  await fs.writeAtomic(layout.identity, `${canonicalJson(identity)}\n`);
  await ports.failpoint("state:identity");
  return identity;
}

/**
 * Who the install is, or undefined when there is none.
 * @throws PreflightError when another version of Slipway made it
 */
export async function readIdentity(fs: FileSystem, layout: StateLayout): Promise<Identity | undefined> {
  const format = await fs.readTextIfPresent(layout.format);
  if (format === undefined) return undefined;
  if (format.trim() !== String(formatVersion)) {
    throw new PreflightError(
      `${layout.root} has state format ${format.trim()}, this version of slipway reads ${formatVersion}`,
      { hint: "use the version of slipway that made it, or a newer one" },
    );
  }
  const text = await fs.readTextIfPresent(layout.identity);
  return text === undefined ? undefined : (parseRecord(layout.identity, text) as Identity);
}

/** The plan of the last complete install. */
export async function readRecordedPlan(
  fs: Pick<FileSystem, "readTextIfPresent">,
  layout: StateLayout,
): Promise<Plan | undefined> {
  const text = await fs.readTextIfPresent(layout.plan);
  return text === undefined ? undefined : (parseRecord(layout.plan, text) as Plan);
}

/** What is recorded as applied, for reading only. */
export async function readApplied(fs: FileSystem, layout: StateLayout): Promise<Applied> {
  const text = await fs.readTextIfPresent(layout.applied);
  if (text !== undefined) return { ...nothingApplied, ...(parseRecord(layout.applied, text) as Partial<Applied>) };
  const plan = await readRecordedPlan(fs, layout);
  return plan === undefined ? nothingApplied : whatPlanTells(plan);
}

/** The plan is recorded once all of it served: without better knowledge, its data and secrets must be found where they were. */
function whatPlanTells(plan: Plan): Applied {
  const volumes = plan.components.flatMap(({ id, volumes: own }) => own.map(({ name }) => ({ id, name })));
  return {
    ...nothingApplied,
    project: plan.install.name,
    initialised: Object.fromEntries(
      volumes.map(({ id, name }) => [engineVolumeName(plan, id, name), { component: id, at: "" }]),
    ),
    secrets: Object.fromEntries(plan.secrets.map(({ name }) => [name, { inputsHash: "" }])),
  };
}

function parseRecord(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new PreflightError(`${path} is damaged: it is not JSON`, {
      hint: "put it back from a backup of the state directory; nothing was changed, and what runs goes on running",
      cause: error,
    });
  }
}

/** Opens the record for changing; the caller holds the run lock. */
export async function openApplied(fs: FileSystem, layout: StateLayout): Promise<AppliedRecord> {
  let applied = await readApplied(fs, layout);
  // One after the other: components come up side by side and all write here.
  const inTurn = createQueue();
  return {
    current: () => applied,
    update: (change) =>
      inTurn(async () => {
        const next = { ...applied, ...change(applied) };
        await fs.writeAtomic(layout.applied, `${canonicalJson(next)}\n`);
        // Not before it is on the disk: a run must not rely on what the next one cannot know.
        applied = next;
      }),
  };
}
