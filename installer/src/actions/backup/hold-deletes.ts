import type { Install } from "../../execute/state/install.ts";
import type { Plan } from "../../plan/model.ts";
import type { ActionPorts } from "../context.ts";

/** The gateway knows the time in steps of so many seconds: one file for each of them holds deletes back. */
const stepSeconds = 100;
/** So long at most it goes on when this process is gone. */
const aheadSeconds = 300;
/** So long at most in all: then people may delete again, and the backup tells what it could not copy. */
const longestSeconds = 1800;

type HoldPorts = Pick<ActionPorts, "target" | "clock" | "report">;

/** Deletes that wait at the gateway. */
export interface Hold {
  /** Lets them through again; gives the seconds for which they waited. */
  release(): Promise<number>;
}

/**
 * Has the gateway answer deletes with "later" until it is released; if nobody does, it ends by itself. A platform whose gateway takes no
 * notices goes on without.
 */
export async function holdDeletes(plan: Plan, install: Install, ports: HoldPorts): Promise<Hold> {
  const gateway = plan.components.find(
    ({ role, workload }) => role === "gateway" && workload?.container.notices !== undefined,
  );
  if (gateway === undefined) return { release: () => Promise.resolve(0) };
  const { clock, target } = ports;
  const begun = clock.monotonicMs();
  const stopped = new AbortController();
  const put = (): Promise<void> => target.putNotices(install, gateway.id, noticesFrom(clock.now()));
  await put();
  const renewed = renew(put, { ...ports, begun, signal: stopped.signal });
  return {
    release: async () => {
      stopped.abort();
      await renewed;
      await target.putNotices(install, gateway.id, new Map());
      return Math.round((clock.monotonicMs() - begun) / 1000);
    },
  };
}

/** Files that are called by the steps of time from now on, one before for a clock that is behind; the last ends before it has been too long. */
function noticesFrom(now: Date): ReadonlyMap<string, string> {
  const first = Math.floor(now.getTime() / 1000 / stepSeconds);
  const steps = Array.from({ length: aheadSeconds / stepSeconds + 1 }, (_, at) => first - 1 + at);
  return new Map(steps.map((step) => [`hold-${step}`, "a backup is being made\n"]));
}

async function renew(
  put: () => Promise<void>,
  { clock, report, begun, signal }: HoldPorts & { readonly begun: number; readonly signal: AbortSignal },
): Promise<void> {
  for (;;) {
    await clock.sleep(stepSeconds * 1000, signal).catch(() => undefined);
    if (signal.aborted) return;
    if (clock.monotonicMs() - begun > longestSeconds * 1000) {
      report({
        type: "warning",
        message: `people may delete again: the backup takes longer than ${longestSeconds / 60} minutes`,
      });
      return;
    }
    // Nobody waits for this before the release: a failure is told here, and may have passed by the next time.
    await put().catch((error: unknown) => {
      report({ type: "warning", message: `deletes are not held any more: ${describeReason(error)}` });
    });
  }
}

function describeReason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
