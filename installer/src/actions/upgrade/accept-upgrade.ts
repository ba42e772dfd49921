import { PreflightError, UsageError } from "../../errors/installer-error.ts";
import { alone } from "../alone.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "../context.ts";
import { forgetUpgrade } from "./undo-upgrade.ts";
import { onOrBack, readUpgrade } from "./upgrade-record.ts";

export interface UpgradeAcceptResult extends ResultHead<"UpgradeAcceptResult"> {
  readonly name: string;
  /** Versions of Slipway. */
  readonly from: string;
  readonly to: string;
}

/**
 * Removes what an upgrade kept. From then on there is no going back but by a backup.
 * @throws PreflightError when no upgrade waits for it; LockedError
 */
export async function acceptUpgrade(request: InstallTarget, ports: ActionPorts): Promise<UpgradeAcceptResult> {
  const deed = { command: "upgrade --accept", required: () => undefined };
  return alone(request, deed, ports, async ({ install, plan }) => {
    const record = await readUpgrade(install, ports.fs);
    if (record === undefined) {
      throw new UsageError(`no upgrade of ${install.name} waits to be accepted`, {
        hint: "slipway history says what was done",
      });
    }
    const { from, to, phase, accepted } = record;
    if (phase !== "applied" && accepted !== true) {
      throw new PreflightError(`the upgrade of ${install.name} from ${from} to ${to} is not complete`, {
        hint: `${onOrBack}; nothing was changed by this run`,
      });
    }
    await forgetUpgrade(install, plan, { ...record, accepted: true }, ports);
    return { apiVersion: "slipway/v1", kind: "UpgradeAcceptResult", name: install.name, from, to };
  });
}
