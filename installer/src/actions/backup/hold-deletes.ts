import { ApplyError } from "../../errors/installer-error.ts";
import { throwIfInterrupted } from "../../execute/interrupt.ts";
import type { Install } from "../../execute/state/install.ts";
import type { Plan } from "../../plan/model.ts";
import type { CopyAnswer } from "../../targets/target.ts";
import type { ActionPorts } from "../context.ts";

/** The gateway knows the time in steps of so many seconds: one file for each of them holds deletes back. */
const stepSeconds = 100;
/** So long at most it goes on when this process is gone. */
const aheadSeconds = 300;
/** So long at most in all: then people may delete again, and the backup tells what it could not copy. */
const longestSeconds = 1800;
/** So long a notice may take to reach every copy of the gateway: a cluster's nodes look for it once a minute. */
const reachSeconds = 150;
const lookAgainMs = 500;

type HoldPorts = Pick<ActionPorts, "target" | "clock" | "report" | "signal">;

/** Deletes that wait at the gateway. */
export interface Hold {
  /** Lets them through again; gives the seconds for which they waited. */
  release(): Promise<number>;
}

/**
 * Has the gateway answer deletes with "later" until it is released; if nobody does, it ends by itself. When this resolves, every copy of the
 * gateway has been seen to do so. A platform whose gateway takes no notices goes on without.
 * @throws ApplyError naming a copy of the gateway that does not, with what keeps it from that; nothing waits any more
 */
export async function holdDeletes(plan: Plan, install: Install, ports: HoldPorts): Promise<Hold> {
  const gateway = plan.components.find(({ role }) => role === "gateway");
  const folder = gateway?.workload?.container.notices;
  if (gateway === undefined || folder === undefined) return { release: () => Promise.resolve(0) };
  const { clock, target } = ports;
  const begun = clock.monotonicMs();
  const stopped = new AbortController();
  const put = (): Promise<void> => target.putNotices(install, gateway.id, noticesFrom(clock.now()));
  await put();
  const renewed = renew(put, { ...ports, begun, signal: stopped.signal });
  const release = async (): Promise<number> => {
    stopped.abort();
    await renewed;
    await target.putNotices(install, gateway.id, new Map());
    return Math.round((clock.monotonicMs() - begun) / 1000);
  };
  try {
    await untilHeld(() => target.askCopies(install, gateway.id, [...whatItReads, folder]), ports);
  } catch (error) {
    await release();
    throw error;
  }
  return { release };
}

/** Files that are called by the steps of time from now on, one before for a clock that is behind; the last ends before it has been too long. */
function noticesFrom(now: Date): ReadonlyMap<string, string> {
  const first = Math.floor(now.getTime() / 1000 / stepSeconds);
  const steps = Array.from({ length: aheadSeconds / stepSeconds + 1 }, (_, at) => first - 1 + at);
  return new Map(steps.map((step) => [noticeOf(step), "a backup is being made\n"]));
}

const prefix = "hold-";

function noticeOf(step: number): string {
  return `${prefix}${step}`;
}

/** What a copy of the gateway goes by: its clock, and the files that it finds. */
const whatItReads = ["/bin/sh", "-c", 'date +%s && ls "$0"'];

/** @throws ApplyError when one does not in time; InterruptedError */
async function untilHeld(ask: () => Promise<readonly CopyAnswer[]>, { clock, signal }: HoldPorts): Promise<void> {
  const begun = clock.monotonicMs();
  for (;;) {
    throwIfInterrupted(signal, "anything was copied");
    const open = (await ask()).flatMap((copy) => {
      const reason = whyOpen(copy, clock.now());
      return reason === undefined ? [] : [{ name: copy.name, reason, isForGood: isApart(copy, clock.now()) }];
    });
    const first = open.find(({ isForGood }) => isForGood) ?? open[0];
    if (first === undefined) return;
    if (first.isForGood || clock.monotonicMs() - begun > reachSeconds * 1000) {
      throw new ApplyError(`people can still delete through ${first.name}: ${first.reason}; nothing was copied`, {
        hint: "correct the cause and run the same command again; clocks have to agree to a minute (NTP)",
        details: open.map(({ name, reason }) => `${name}: ${reason}`),
      });
    }
    await clock.sleep(lookAgainMs, signal).catch(() => undefined);
  }
}

/** Whether no notice of this machine is of a time that the copy's clock shows. */
function isApart({ exitCode, lines: [seconds = ""] }: CopyAnswer, now: Date): boolean {
  return exitCode === 0 && Math.abs(Number(seconds) - now.getTime() / 1000) > aheadSeconds;
}

/** Why a copy of the gateway lets deletes through; undefined where it holds them. */
function whyOpen(copy: CopyAnswer, now: Date): string | undefined {
  const { exitCode, lines } = copy;
  const [seconds = "", ...names] = lines;
  if (exitCode !== 0) return `it could not say what it reads (exit status ${exitCode})`;
  if (names.includes(noticeOf(Math.floor(Number(seconds) / stepSeconds)))) return undefined;
  if (!isApart(copy, now) && !names.some((name) => name.startsWith(prefix))) return "the notice has not reached it";
  return `its clock is ${Math.round(Number(seconds) - now.getTime() / 1000)} s off that of this machine`;
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
