import { ApplyError } from "../../errors/installer-error.ts";
import { throwIfInterrupted } from "../../execute/interrupt.ts";
import type { Install } from "../../execute/state/install.ts";
import type { Plan } from "../../plan/model.ts";
import type { CopyAnswer } from "../../targets/target.ts";
import type { ActionPorts } from "../context.ts";

/** The gateway knows the time in steps of so many seconds: one file for each of them holds something back. */
const stepSeconds = 100;
/** So long a notice may take to reach every copy of the gateway: a cluster's nodes look for it once a minute. */
export const reachSeconds = 150;
const lookAgainMs = 500;

export type HoldPorts = Pick<ActionPorts, "target" | "clock" | "report" | "signal">;

/** What has to wait at the gateway, and for how long at most. */
export interface Held {
  /** What its notices are called before the time; the gateway's configuration goes by it. */
  readonly prefix: string;
  /** What a person reads who finds a notice. */
  readonly reason: string;
  /** So long at most it goes on when this process is gone. */
  readonly aheadSeconds: number;
  /** Clocks that are further apart make it a hold of another time. */
  readonly apartSeconds: number;
  /** Renewed for so long at most, and what is said at its end; without it nothing waits for longer than `aheadSeconds`. */
  readonly renewed?: { readonly longestSeconds: number; readonly over: string; readonly failed: string };
  /** What it means that a copy of the gateway does not hold. */
  readonly refusal: (copy: string, reason: string) => string;
}

/** Something that waits at the gateway. */
export interface Hold {
  /** Lets it through again; gives the seconds for which it waited. */
  release(): Promise<number>;
  /** Leaves it until it ends by itself, whoever releases it. */
  leave(): void;
}

/** Where a gateway reads notices. */
export interface NoticePlace {
  readonly component: string;
  readonly folder: string;
}

/** Undefined where the gateway takes no notices. */
export function noticePlaceOf(plan: Plan): NoticePlace | undefined {
  const gateway = plan.components.find(({ role }) => role === "gateway");
  const folder = gateway?.workload?.container.notices;
  return gateway === undefined || folder === undefined ? undefined : { component: gateway.id, folder };
}

/**
 * Has the gateway answer with "later" until it is released; if nobody does, it ends by itself. When this resolves, every copy of the gateway
 * has been seen to do so.
 * @throws ApplyError naming a copy of the gateway that does not, with what keeps it from that; nothing waits any more
 */
export async function holdAtGateway(held: Held, place: NoticePlace, install: Install, ports: HoldPorts): Promise<Hold> {
  const { clock, target } = ports;
  const begun = clock.monotonicMs();
  const stopped = new AbortController();
  const put = (): Promise<void> => target.putNotices(install, place.component, noticesFrom(clock.now(), held));
  await put();
  const renewed =
    held.renewed === undefined
      ? Promise.resolve()
      : renew(put, held.renewed, { ...ports, begun, signal: stopped.signal });
  let isLeft = false;
  const leave = (): void => {
    isLeft = true;
    stopped.abort();
  };
  const release = async (): Promise<number> => {
    stopped.abort();
    await renewed;
    if (!isLeft) await target.putNotices(install, place.component, new Map());
    return Math.round((clock.monotonicMs() - begun) / 1000);
  };
  try {
    await untilHeld(held, () => askGateway(place, install, target), ports);
  } catch (error) {
    await release();
    throw error;
  }
  return { release, leave };
}

/**
 * The last second that a notice of this name holds something back, as any copy of the gateway reads them; undefined where none does. A run
 * that was killed has left it.
 */
export async function heldUntil(
  prefix: string,
  place: NoticePlace,
  install: Install,
  { target, clock }: Pick<HoldPorts, "target" | "clock">,
): Promise<Date | undefined> {
  const copies = await askGateway(place, install, target);
  const steps = copies.flatMap(({ lines }) =>
    lines.filter((name) => name.startsWith(prefix)).map((name) => Number(name.slice(prefix.length))),
  );
  const end = (Math.max(0, ...steps.filter(Number.isInteger)) + 1) * stepSeconds * 1000;
  return end > clock.now().getTime() ? new Date(end) : undefined;
}

function askGateway(
  { component, folder }: NoticePlace,
  install: Install,
  target: HoldPorts["target"],
): Promise<readonly CopyAnswer[]> {
  return target.askCopies(install, component, [...whatItReads, folder]);
}

/** Files that are called by the steps of time from now on, one before for a clock that is behind; the last ends before it has been too long. */
function noticesFrom(now: Date, { prefix, reason, aheadSeconds }: Held): ReadonlyMap<string, string> {
  const first = Math.floor(now.getTime() / 1000 / stepSeconds);
  const steps = Array.from({ length: Math.floor(aheadSeconds / stepSeconds) + 1 }, (_, at) => first - 1 + at);
  return new Map(steps.map((step) => [`${prefix}${step}`, `${reason}\n`]));
}

/** What a copy of the gateway goes by: its clock, and the files that it finds. */
const whatItReads = ["/bin/sh", "-c", 'date +%s && ls "$0"'];

/** @throws ApplyError when one does not in time; InterruptedError */
async function untilHeld(
  held: Held,
  ask: () => Promise<readonly CopyAnswer[]>,
  { clock, signal }: HoldPorts,
): Promise<void> {
  const begun = clock.monotonicMs();
  for (;;) {
    throwIfInterrupted(signal, "anything was done");
    const open = (await ask()).flatMap((copy) => {
      const reason = whyOpen(held, copy, clock.now());
      return reason === undefined ? [] : [{ name: copy.name, reason, isForGood: isApart(held, copy, clock.now()) }];
    });
    const first = open.find(({ isForGood }) => isForGood) ?? open[0];
    if (first === undefined) return;
    if (first.isForGood || clock.monotonicMs() - begun > reachSeconds * 1000) {
      throw new ApplyError(held.refusal(first.name, first.reason), {
        hint: "correct the cause and run the same command again; clocks have to agree to a minute (NTP)",
        details: open.map(({ name, reason }) => `${name}: ${reason}`),
      });
    }
    await clock.sleep(lookAgainMs, signal).catch(() => undefined);
  }
}

/** Whether notices of this machine are of a time that the copy's clock does not show when it is. */
function isApart({ apartSeconds }: Held, { exitCode, lines: [seconds = ""] }: CopyAnswer, now: Date): boolean {
  return exitCode === 0 && Math.abs(Number(seconds) - now.getTime() / 1000) > apartSeconds;
}

/** Why a copy of the gateway lets through what has to wait; undefined where it holds it. */
function whyOpen(held: Held, copy: CopyAnswer, now: Date): string | undefined {
  const { exitCode, lines } = copy;
  const [seconds = "", ...names] = lines;
  if (exitCode !== 0) return `it could not say what it reads (exit status ${exitCode})`;
  const off = `its clock is ${Math.round(Number(seconds) - now.getTime() / 1000)} s off that of this machine`;
  if (isApart(held, copy, now)) return off;
  if (names.includes(`${held.prefix}${Math.floor(Number(seconds) / stepSeconds)}`)) return undefined;
  return names.some((name) => name.startsWith(held.prefix)) ? off : "the notice has not reached it";
}

async function renew(
  put: () => Promise<void>,
  { longestSeconds, over, failed }: NonNullable<Held["renewed"]>,
  { clock, report, begun, signal }: HoldPorts & { readonly begun: number; readonly signal: AbortSignal },
): Promise<void> {
  for (;;) {
    await clock.sleep(stepSeconds * 1000, signal).catch(() => undefined);
    if (signal.aborted) return;
    if (clock.monotonicMs() - begun > longestSeconds * 1000) {
      report({ type: "warning", message: over });
      return;
    }
    // Nobody waits for this before the release: a failure is told here, and may have passed by the next time.
    await put().catch((error: unknown) => report({ type: "warning", message: `${failed}: ${describeReason(error)}` }));
  }
}

function describeReason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
