import type { WalState } from "../../../../toolbox/src/backup/wal/spool.ts";
import { archivesWal, walServiceId, walStateFile } from "../../plan/groups/wal.ts";
import type { Plan } from "../../plan/model.ts";
import type { LivePlatform } from "../../targets/live-platform.ts";
import type { ActionPorts } from "../context.ts";

/** How the archive of the write-ahead log stands: measured, never assumed. */
export interface WalStanding {
  /** Everything that was written before this moment is stored, ISO 8601; absent before the first time. */
  readonly through?: string;
  /** Seconds of work in the databases that would be lost now; absent where no moment can be brought back. */
  readonly lossSeconds?: number;
  /** Nothing can be brought back with it, or more would be lost than five minutes. */
  readonly late: boolean;
  /** What keeps it from storing more. */
  readonly problem?: string;
}

/** What is promised while all is well. */
const lateSeconds = 300;

interface Seen {
  readonly plan: Plan | undefined;
  readonly live: Pick<LivePlatform, "services">;
  /** When the newest backup was made; none from before the log began is of use. */
  readonly lastBackup: string | undefined;
  readonly now: Date;
}

/** Asks the service that archives the log; undefined where a platform has none. */
export async function walStanding(
  { plan, live, lastBackup, now }: Seen,
  { target }: Pick<ActionPorts, "target">,
): Promise<WalStanding | undefined> {
  if (plan === undefined || !archivesWal(plan)) return undefined;
  const service = live.services.get(walServiceId);
  if (service?.phase !== "running") return { late: true, problem: "the service that stores it does not run" };
  const { exitCode, lines } = await target.ask(service, ["cat", walStateFile]);
  const state = exitCode === 0 ? parseState(lines.join("\n")) : undefined;
  if (state === undefined) return { late: true, problem: "the service that stores it has not said anything yet" };
  return judge(state, lastBackup, now);
}

function parseState(text: string): WalState | undefined {
  try {
    const found = JSON.parse(text) as Partial<WalState>;
    return found.kind === "WalState" ? (found as WalState) : undefined;
  } catch {
    return undefined;
  }
}

function judge({ since, through, problem }: WalState, lastBackup: string | undefined, now: Date): WalStanding {
  const told = { ...(through === undefined ? {} : { through }), ...(problem === undefined ? {} : { problem }) };
  if (through === undefined || since === undefined) return { ...told, late: true };
  if (lastBackup === undefined || lastBackup < since) {
    const none = "no backup was made since it began, and from one it has to go on: slipway backup create";
    return { ...told, late: true, problem: problem ?? none };
  }
  const lossSeconds = Math.max(0, Math.round((now.getTime() - Date.parse(through)) / 1000));
  return { ...told, lossSeconds, late: lossSeconds > lateSeconds };
}
