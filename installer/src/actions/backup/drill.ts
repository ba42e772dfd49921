import { join } from "node:path";
import { PreflightError } from "../../errors/installer-error.ts";
import { type Install, openInstall } from "../../execute/state/install.ts";
import { repositorySecret } from "../../plan/groups/backup-repository.ts";
import type { Plan } from "../../plan/model.ts";
import { type ActionPorts, type InstallTarget, type ResultHead, recordedValues } from "../context.ts";
import { planOf, readPlanInputs } from "../desired/load-plan.ts";
import { requireInstalledHere } from "../status/elsewhere.ts";
import { uninstall } from "../uninstall/uninstall.ts";
import { requireBackups } from "./backup-job.ts";
import { drillPlaceOf } from "./drill-place.ts";
import { rememberDrill } from "./remembered.ts";
import { restore } from "./restore.ts";
import { ownRepository, type RestoreFrom } from "./restore-from.ts";

export interface BackupDrillRequest extends InstallTarget {
  /** Id of a backup, or its beginning; the newest one if absent. */
  readonly backup?: string;
}

export interface BackupDrillResult extends ResultHead<"BackupDrillResult"> {
  readonly name: string;
  readonly backup: string;
  /** When the backup was made, ISO 8601. */
  readonly backupAt: string;
  /** Connections of the second platform that were proved. */
  readonly wires: number;
  /** Milliseconds from nothing to a platform whose every connection is proved. */
  readonly ms: number;
}

/**
 * Brings the whole platform up from a backup beside the one that runs, where nobody reaches it and it reaches nobody, proves every
 * connection, and removes it.
 * @throws PreflightError when nothing is installed, without backups, or a store is elsewhere; what `restore` throws, after all is removed
 */
export async function drillBackups(request: BackupDrillRequest, ports: ActionPorts): Promise<BackupDrillResult> {
  const install = await openInstall(request, ports.fs);
  const plan = await requireInstalledHere(install, ports);
  requireBackups(plan);
  requireDrillable(plan, ports);
  const { name, layout } = install;
  const second = drillPlaceOf(install);
  const password = await ports.fs.readText(join(layout.secrets, repositorySecret));
  // A drill that was killed has left it behind.
  await remove(second, ports);
  try {
    const { backup } = request;
    const from = { ...(await ownPlace(request, layout.secrets, ports)), of: name, password, isolated: true };
    const restored = await restore({ ...second, ...from, ...(backup === undefined ? {} : { backup }) }, ports);
    const { backup: found, wires, ms } = restored;
    const at = ports.clock.now().toISOString();
    await rememberDrill(install, { backup: found.id, at, wires, ms }, ports);
    const head = { apiVersion: "slipway/v1", kind: "BackupDrillResult", name } as const;
    return { ...head, backup: found.id, backupAt: found.at, wires, ms };
  } finally {
    await remove(second, ports);
  }
}

async function remove(second: Pick<Install, "name" | "stateDir">, ports: ActionPorts): Promise<void> {
  if (!(await ports.fs.exists(second.stateDir))) return;
  await uninstall({ ...second, purge: true, confirmedName: second.name }, ports);
}

/**
 * Sees to it that a second platform can be brought up beside the first.
 * @throws PreflightError when a store is elsewhere, or the target cannot keep a second one apart
 */
export function requireDrillable(plan: Plan, { target }: Pick<ActionPorts, "target">): void {
  requireAllHere(plan);
  const claim = plan.components.flatMap(({ volumes }) => volumes.flatMap((volume) => volume.claim ?? []))[0];
  const hint = "slipway backup verify --prove latest restores what is kept to a scratch place";
  if (claim !== undefined) {
    throw new PreflightError(
      `a drill brings a second platform up in a namespace of its own, where the claim ${claim} cannot be mounted`,
      { hint },
    );
  }
  if (target.isolates) return;
  throw new PreflightError("this target cannot keep a second platform apart from everything, as a drill needs it", {
    hint,
  });
}

/** A second platform would work on the data of the first. */
function requireAllHere({ components }: Plan): void {
  const elsewhere = components.filter(({ presence }) => presence === "external").map(({ id }) => id);
  if (elsewhere.length === 0) return;
  throw new PreflightError(`${elsewhere.join(", ")} is elsewhere, and a second platform would work on it`, {
    hint: "slipway backup verify --prove latest restores what is kept here to a scratch place",
  });
}

async function ownPlace({ name, stateDir }: InstallTarget, secrets: string, ports: ActionPorts): Promise<RestoreFrom> {
  const inputs = await readPlanInputs({ name, stateDir, values: recordedValues }, ports);
  const own = ownRepository(planOf(inputs, ports.assets).values.values, secrets);
  // What a platform writes that is removed again is not kept.
  return { ...own, set: [...own.set, "backup.wal=false"] };
}
