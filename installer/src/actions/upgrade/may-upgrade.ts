import { PreflightError } from "../../errors/installer-error.ts";
import type { Install } from "../../execute/state/install.ts";
import { archivesWal } from "../../plan/groups/wal.ts";
import type { Plan } from "../../plan/model.ts";
import { backupState } from "../backup/remembered.ts";
import type { ActionPorts } from "../context.ts";
import { dataElsewhere } from "./stores-to-keep.ts";
import type { UpgradeRecord } from "./upgrade-record.ts";

/**
 * Sees to it that this run may go on where an earlier one left.
 * @throws PreflightError
 */
export function requireGoingOn(earlier: UpgradeRecord | undefined, name: string, version: string): void {
  if (earlier === undefined) return;
  const { phase, from, to } = earlier;
  if (phase === "undoing") {
    throw new PreflightError(`the upgrade of ${name} from ${from} to ${to} is being undone`, {
      hint: "slipway rollback completes it; nothing was changed by this run",
    });
  }
  if (phase === "applied") {
    throw new PreflightError(`${name} was upgraded from ${from} to ${to} already, which is not accepted yet`, {
      hint: "slipway upgrade --accept removes what is kept to go back to; slipway rollback goes back; nothing was changed by this run",
    });
  }
  if (to === version) return;
  throw new PreflightError(`an upgrade of ${name} from ${from} to ${to} is under way, and this program is ${version}`, {
    hint: `take Slipway ${to} to go on or back; nothing was changed by this run`,
  });
}

interface Ready {
  readonly install: Install;
  readonly plan: Plan;
}

/**
 * Looks, before anything is changed, whether what is there may be upgraded.
 * @throws PreflightError
 */
export async function requireReady(
  request: { readonly withoutBackup?: boolean },
  { install, plan }: Ready,
  ports: ActionPorts,
): Promise<void> {
  const { name, applied: record } = install;
  const { version } = plan.install;
  if (record.change !== undefined) {
    throw new PreflightError(`the last change of ${name} is not complete`, {
      hint: `complete it with Slipway ${version}, or go back from it: slipway rollback; nothing was changed`,
    });
  }
  if (archivesWal(plan)) {
    throw new PreflightError("the write-ahead log is archived, and an archive cannot be taken back with the data", {
      hint: "slipway install --set backup.wal=false, and switch it on again after the upgrade; nothing was changed",
    });
  }
  const elsewhere = dataElsewhere(plan);
  if (elsewhere.length > 0) {
    ports.report({
      type: "warning",
      message: `${elsewhere.join(", ")} is elsewhere: its data is not kept, and does not come back where the upgrade fails`,
      hint: "see that whoever runs it has a backup of now",
    });
  }
  const backups = await backupState(install, plan, ports.clock.now(), ports.fs);
  if (backups === undefined || request.withoutBackup === true) return;
  const { last, proof, lossSeconds = Infinity } = backups;
  if (last === undefined || lossSeconds > daySeconds) {
    throw new PreflightError("the newest backup is older than a day", {
      hint: "slipway backup create, or --without-backup; nothing was changed",
    });
  }
  if (proof?.id === last.id) return;
  throw new PreflightError("the newest backup was not proved by restoring it", {
    hint: "slipway backup verify --prove latest, or --without-backup; nothing was changed",
  });
}

const daySeconds = 24 * 3600;
