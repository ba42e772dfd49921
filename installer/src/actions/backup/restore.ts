import { join } from "node:path";
import type { ListedBackup } from "../../../../toolbox/src/backup/backup-events.ts";
import type { PlatformRecords } from "../../../../toolbox/src/backup/records.ts";
import { PreflightError, UsageError } from "../../errors/installer-error.ts";
import { steps } from "../../events/steps.ts";
import { type Install, openInstall } from "../../execute/state/install.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { requireOwnDirectory } from "../../execute/state/own-directory.ts";
import { acquireRunLock } from "../../execute/state/run-lock.ts";
import { requirePrivate } from "../../execute/state/state-store.ts";
import { withStep } from "../../execute/with-step.ts";
import { compareVersions } from "../../language/compare-versions.ts";
import { repositorySecret } from "../../plan/groups/backup-repository.ts";
import { backupsOnly } from "../../plan/partial-plans.ts";
import type { ActionPorts, InstallTarget, ResultHead, ValuesSelection } from "../context.ts";
import type { Desired } from "../desired/desired.ts";
import { planOf, readPlanInputs } from "../desired/load-plan.ts";
import { applyChange, openChange } from "../install/apply.ts";
import { install as installPlatform } from "../install/install.ts";
import type { InstallResult } from "../install/install-request.ts";
import { provideImages } from "../install/provide-images.ts";
import { observeFor } from "../plan/observe.ts";
import { openRunLog } from "../run-log.ts";
import { requireInstalledHere } from "../status/elsewhere.ts";
import { allBackups, askRecordsJob, runBackupJob } from "./backup-job.ts";
import { chooseBackup } from "./choose-backup.ts";
import { chooseForMoment, parseMoment } from "./choose-moment.ts";
import { readRecoveryKey } from "./init-backups.ts";
import { parseRecoveryKey } from "./recovery-key.ts";
import { readerSetsFrom, requireRepository, type RestoreFrom, setsFrom } from "./restore-from.ts";

export interface RestoreRequest extends InstallTarget, RestoreFrom {
  /** Target of the platform that comes back, where there is nothing of it yet. */
  readonly mode?: string;
  /** The recovery key as a person typed it, the absolute path of a file with it, or the password that the platform itself has. */
  readonly recoveryKey?: string;
  readonly recoveryKeyFile?: string;
  readonly password?: string;
  /** Name of the platform whose newest backup is taken; that of the new one if absent. */
  readonly of?: string;
  /** Keep it apart from everything: nobody reaches it, and it reaches nobody. */
  readonly isolated?: boolean;
  /** Id of a backup, or its beginning; the newest one if absent. */
  readonly backup?: string;
  /** A moment with its time zone that the databases are brought to; that of the backup if absent. */
  readonly toTime?: string;
}

export interface RestoreResult extends ResultHead<"RestoreResult"> {
  readonly name: string;
  readonly backup: ListedBackup;
  /** The moment, ISO 8601, that the databases were brought to; absent where they are those of the backup. */
  readonly moment?: string;
  /** Where a moment was asked for: the backup whose repositories, objects and streams came back. */
  readonly files?: ListedBackup;
  /** Version of Slipway that made it. */
  readonly madeBy: string;
  readonly urls: InstallResult["urls"];
  /** Connections that were proved afterwards. */
  readonly wires: number;
  /** What the databases of the backup do not know of, which lies apart from the rest and is served to nobody. */
  readonly quarantined: {
    /** Repositories below `@quarantine/` in Gitaly. */
    readonly repositories: number;
    /** Objects below `quarantine/` in their buckets. */
    readonly objects: number;
  };
  /** Milliseconds that all of it took. */
  readonly ms: number;
}

/** How far a restore is; it stands in the state directory until all is back. */
interface Begun extends RestoreFrom {
  /** What the person asked for, in UTC. */
  readonly moment?: string;
  /** The backup of all but the databases, where it is another one. */
  readonly files?: ListedBackup;
  /** Once the records of the platform lie in the state directory. */
  readonly backup?: ListedBackup;
  readonly profile?: string;
  readonly madeBy?: string;
  /** Once all stores are up with their data: from then on people may change these, and nothing is brought back again. */
  readonly storesAreBack?: boolean;
}

/**
 * Brings a platform back where none is, from its backups and the recovery key alone. Stores come up with their data
 * before anything else starts. Killed at any moment, the same request goes on.
 * @throws UsageError where something is installed, or another restore is not complete; PreflightError for a backup that is not there;
 * ApplyError, WireError as an install; LockedError; InterruptedError
 */
export async function restore(request: RestoreRequest, ports: ActionPorts): Promise<RestoreResult> {
  const begin = ports.clock.monotonicMs();
  const { toTime } = request;
  const asked = toTime === undefined ? undefined : parseMoment(toTime, ports.clock.now());
  const key = await keyOf(request, ports);
  const place = stateLayout(request.stateDir).restore;
  const begun = await openRestore(request, asked, place, ports);
  const read = begun.backup === undefined ? await readRecords(request, { key, moment: asked }, place, ports) : begun;
  const { backup, files, moment, profile = "", madeBy = "" } = read;
  if (backup === undefined)
    throw new PreflightError(`${place} is damaged`, { hint: "remove it with the state directory, and restore again" });
  const values: ValuesSelection = { profile, files: [], set: setsFrom(request, whereabouts(ports)), without: [] };
  const { name, stateDir, isolated = false } = request;
  if (read.storesAreBack !== true) {
    const asked = { ...(files && { files: files.id }), ...(moment !== undefined && { moment }) };
    const stores = { restore: { backup: backup.id, ...asked }, skipVerify: true };
    await installPlatform({ name, stateDir, values, isolated, ...stores }, ports);
    const back: Begun = { ...read, storesAreBack: true };
    await ports.fs.writeAtomic(place, `${JSON.stringify(back)}\n`, { mode: 0o600 });
    await ports.failpoint("restore:stores-are-back");
  }
  const result = await installPlatform({ name, stateDir, values, isolated }, ports);
  const quarantined = await quarantinedOf(request, (files ?? backup).id, ports);
  await ports.fs.remove(place);
  return {
    apiVersion: "slipway/v1",
    kind: "RestoreResult",
    name,
    backup,
    ...(moment === undefined ? {} : { moment, files: files ?? backup }),
    madeBy,
    urls: result.urls,
    wires: result.verify?.passed ?? 0,
    quarantined,
    ms: Math.round(ports.clock.monotonicMs() - begin),
  };
}

/** The jobs that bring parts back have written it down; whichever run of this restore they belonged to. */
async function quarantinedOf(
  request: InstallTarget,
  backup: string,
  ports: ActionPorts,
): Promise<RestoreResult["quarantined"]> {
  const install = await openInstall(request, ports.fs);
  const plan = await requireInstalledHere(install, ports);
  const events = await runBackupJob(plan, install, ["quarantined", backup], ports);
  const { repositories = 0, objects = 0 } = events.find((event) => event.event === "quarantined") ?? {};
  return { repositories, objects };
}

/** A typing error is told before anything is made. */
async function keyOf(
  { recoveryKey, recoveryKeyFile, password }: RestoreRequest,
  ports: Pick<ActionPorts, "fs">,
): Promise<string> {
  if (password !== undefined) return password;
  if (recoveryKey !== undefined) return parseRecoveryKey(recoveryKey);
  if (recoveryKeyFile !== undefined) return readRecoveryKey(recoveryKeyFile, ports.fs);
  throw new UsageError("the recovery key is needed", { hint: "give it with --recovery-key-file FILE" });
}

/** Where the platform is now, wherever it was before. */
function whereabouts({ target }: Pick<ActionPorts, "target">): readonly string[] {
  const { namespace } = target.identity;
  return namespace === undefined ? [] : [`cluster.namespace=${namespace}`];
}

/**
 * Makes sure that nothing is overwritten, and notes that a restore began.
 * @throws UsageError, PreflightError
 */
async function openRestore(
  request: RestoreRequest,
  moment: string | undefined,
  place: string,
  ports: ActionPorts,
): Promise<Begun> {
  const { name, stateDir, from, set } = request;
  const text = await ports.fs.readTextIfPresent(place);
  const earlier = text === undefined ? undefined : (JSON.parse(text) as Begun);
  // Before anything was read there is nothing to go on with: who named the wrong directory names another.
  if (earlier?.backup !== undefined) return requireSame(earlier, request, moment);
  const { identity } = await openInstall(request, ports.fs);
  if (earlier === undefined && identity !== undefined) {
    throw new UsageError(`${name} is installed here, and a restore never goes over data that is there`, {
      hint: `restore beside it under another --name, or give it up first: slipway uninstall --purge --yes-i-mean ${name}`,
    });
  }
  await requireRepository(from, ports);
  await requireOwnDirectory(stateDir, ports);
  await requirePrivate(ports.fs, stateLayout(stateDir));
  await ports.fs.makeDirectory(stateDir, 0o700);
  const begun: Begun = { from, set, ...(moment === undefined ? {} : { moment }) };
  await ports.fs.writeAtomic(place, `${JSON.stringify(begun)}\n`, { mode: 0o600 });
  return begun;
}

function requireSame(begun: Begun, { from, set, backup, name }: RestoreRequest, moment: string | undefined): Begun {
  const isOtherBackup = backup !== undefined && begun.backup?.id.startsWith(backup) === false;
  const isOther = isOtherBackup || begun.moment !== moment;
  if (begun.from === from && begun.set.join("\n") === set.join("\n") && !isOther) return begun;
  throw new UsageError(`another restore of ${name} was begun and is not complete`, {
    hint: `run that command again to go on with it, or give it up: slipway uninstall --purge --yes-i-mean ${name}`,
    details: [describeBegun(begun)],
  });
}

function describeBegun({ from, backup, moment }: Begun): string {
  const parts = [from, ...(backup ? [`backup ${backup.id}`] : []), ...(moment === undefined ? [] : [`to ${moment}`])];
  return `it is from ${parts.join(", ")}`;
}

/** Opens the repository with the recovery key, and takes from the backup what the platform is made from. */
async function readRecords(
  request: RestoreRequest,
  { key, moment }: { readonly key: string; readonly moment: string | undefined },
  place: string,
  ports: ActionPorts,
): Promise<Begun> {
  const layout = stateLayout(request.stateDir);
  const run = ports.random.uuid();
  const release = await acquireRunLock(ports, layout, run);
  try {
    await ports.fs.makeDirectory(layout.secrets, 0o700);
    await writeSecret(layout.secrets, repositorySecret, key, ports);
    return await withStep(ports, steps.restore, async () => {
      const { desired, install } = await bringUpReader(request, { key, run }, ports);
      const chosen = await findBackup({ ...request, moment }, desired, install, ports);
      const { backup } = chosen;
      const text = await askRecordsJob(desired.plan, install, ["show-records", backup.id], ports);
      const records = JSON.parse(text) as PlatformRecords;
      requireNoNewer(records, ports);
      const given = givenSecrets(desired);
      for (const [file, value] of Object.entries(records.secrets))
        if (!given.has(file)) await writeSecret(layout.secrets, file, value, ports);
      await ports.fs.writeAtomic(layout.values, records.values);
      const { from, set } = request;
      const begun: Begun = { from, set, ...chosen, profile: records.profile, madeBy: records.version };
      await ports.fs.writeAtomic(place, `${JSON.stringify(begun)}\n`, { mode: 0o600 });
      return begun;
    });
  } finally {
    await release();
  }
}

/** Nothing of it is known to be understood. */
function requireNoNewer({ version }: PlatformRecords, { assets }: Pick<ActionPorts, "assets">): void {
  if (compareVersions(version, assets.version) <= 0) return;
  throw new PreflightError(`the backup was made by Slipway ${version}, and this is ${assets.version}`, {
    hint: `restore it with Slipway ${version} or a newer one; nothing was changed`,
  });
}

/** What the person gave to have the backups read counts from now on, and not what was given before. */
function givenSecrets({ plan }: Pick<Desired, "plan">): ReadonlySet<string> {
  const given = plan.secrets.filter(({ generator: { kind } }) => kind === "given" || kind === "given-file");
  return new Set(given.map(({ name }) => name));
}

async function writeSecret(
  folder: string,
  file: string,
  value: string,
  { fs }: Pick<ActionPorts, "fs">,
): Promise<void> {
  if (!/^[a-zA-Z0-9][-a-zA-Z0-9.]*$/.test(file))
    throw new PreflightError(`the backup has a secret of a strange name: ${JSON.stringify(file)}`);
  await fs.writeAtomic(join(folder, file), value, { mode: 0o400 });
}

interface Reader {
  readonly desired: Desired;
  readonly install: Install;
}

/** A platform of nothing but the jobs that read backups. */
async function bringUpReader(
  request: RestoreRequest,
  { key, run }: { readonly key: string; readonly run: string },
  ports: ActionPorts,
): Promise<Reader> {
  const { name, stateDir } = request;
  const set = readerSetsFrom(request, whereabouts(ports));
  const values: ValuesSelection = { files: [], reset: true, set, without: [] };
  const inputs = await readPlanInputs({ name, stateDir, values }, ports);
  const loaded = planOf(inputs, ports.assets);
  const plan = backupsOnly(loaded.plan);
  const rendering = await ports.target.render(plan, await ports.target.facts());
  const desired: Desired = { plan, rendering, valuesText: "{}\n", given: () => undefined };
  const install = await openInstall(request, ports.fs);
  await provideImages(desired, { stateDir, goOn: false }, ports);
  const live = await observeFor(desired, install, ports);
  const { layout } = install;
  const log = openRunLog(ports, {
    folder: layout.logs,
    run,
    readSecrets: () => Promise.resolve(new Map([[repositorySecret, key]])),
  });
  try {
    const open = await openChange({ desired, install, run, log, live, acceptDataLoss: [] }, ports);
    return { desired, install: (await applyChange(open, ports)).install };
  } finally {
    await log.close();
  }
}

async function findBackup(
  { backup, name, of = name, moment }: RestoreRequest & { readonly moment: string | undefined },
  { plan }: Desired,
  install: Install,
  ports: ActionPorts,
): Promise<{ readonly backup: ListedBackup } & Pick<Begun, "moment" | "files">> {
  const all = await allBackups(plan, install, ports);
  if (moment === undefined) return { backup: chooseBackup(all, { backup, of }) };
  const { rows, files } = chooseForMoment(all, { backup, of }, moment);
  return { backup: rows, moment, ...(files.id === rows.id ? {} : { files }) };
}
