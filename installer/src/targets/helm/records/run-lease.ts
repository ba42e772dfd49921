import { LockedError } from "../../../errors/installer-error.ts";
import type { Report } from "../../../events/event.ts";
import { createQueue } from "../../../execute/in-turn.ts";
import type { KubeObject } from "../../../platform/cluster-ports.ts";
import { isRefused } from "../../../platform/cluster-refusal.ts";
import type { Clock, LockHolder } from "../../../platform/ports.ts";
import { recordLabels, type RecordsPlace } from "./stored-records.ts";

/** The lock of an install between machines, as an object `Lease` that its holder renews. */
export interface RunLease {
  /** Aborted, with a LockedError as its reason, once it is another's. */
  readonly lost: AbortSignal;
  /**
   * Takes it. A holder that is dead for certain (the last run of this very directory) or was not seen to renew it in time loses it.
   * @returns false where the namespace is not there, so that there is nothing to lock yet
   * @throws LockedError naming the holder
   */
  acquire(holder: LockHolder, previous: LockHolder | undefined): Promise<boolean>;
  /**
   * Before each write: makes sure that it still is ours, which costs a request only when it was not renewed for long.
   * @throws LockedError
   */
  requireHeld(): Promise<void>;
  release(): Promise<void>;
}

export interface LeasePorts {
  readonly clock: Clock;
  readonly report: Report;
  readonly signal: AbortSignal;
}

/** How long it is the holder's without a renewal. */
const leaseSeconds = 15;
const renewEveryMs = 3000;
/** Without a renewal for so long, it may soon be another's: nothing is written any more. */
const surelyOursMs = 10_000;
const lookEveryMs = 1000;
const mostTries = 10;

const runKey = "slipway.dev/run";
const commandKey = "slipway.dev/command";

interface LeaseObject extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
  };
}

interface Held {
  readonly holder: LockHolder;
  readonly object: LeaseObject;
  /** When it was last renewed, by both clocks: one of them stands still while the machine sleeps. */
  readonly at: { readonly monotonicMs: number; readonly wallMs: number };
}

/** The lease of one install; nothing is asked before it is used. */
export function createRunLease(place: RecordsPlace, { clock, report, signal }: LeasePorts): RunLease {
  const { cluster, namespace } = place;
  const ref = {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    name: `${place.install}-run`,
    namespace,
  };
  const gone = new AbortController();
  const inTurn = createQueue();
  let held: Held | undefined;
  let timer: NodeJS.Timeout | undefined;

  const get = async (): Promise<LeaseObject | undefined> => cluster.get(ref);
  const now = () => ({ monotonicMs: clock.monotonicMs(), wallMs: clock.now().getTime() });

  function hold(object: LeaseObject, holder: LockHolder, at: Held["at"]): true {
    held = { object, holder, at };
    timer ??= setInterval(() => void inTurn(renew), renewEveryMs).unref();
    return true;
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
    held = undefined;
  }

  function lose(message: string): void {
    stop();
    const error = new LockedError(message, {
      hint: "let the other run end, then start this command again: it goes on from there",
    });
    report({ type: "warning", message: `${message}: this run stops` });
    gone.abort(error);
  }

  function described(holder: LockHolder, at: Held["at"], before?: LeaseObject): LeaseObject {
    const time = `${new Date(at.wallMs).toISOString().slice(0, -1)}000Z`;
    const { resourceVersion } = before?.metadata ?? {};
    return {
      apiVersion: ref.apiVersion,
      kind: ref.kind,
      metadata: {
        name: ref.name,
        namespace,
        labels: recordLabels(place),
        annotations: { [runKey]: holder.run, [commandKey]: holder.command },
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
      spec: {
        holderIdentity: `${holder.owner ?? "unknown"} ${holder.pid}`,
        leaseDurationSeconds: leaseSeconds,
        acquireTime: held?.object.spec?.acquireTime ?? time,
        renewTime: time,
      },
    };
  }

  async function take(holder: LockHolder, before: LeaseObject): Promise<boolean> {
    const at = now();
    try {
      return hold(await cluster.replace(described(holder, at, before)), holder, at);
    } catch (error) {
      if (isRefused(error, 409) || isRefused(error, 404)) return false;
      throw error;
    }
  }

  async function make(holder: LockHolder): Promise<boolean | "no-place"> {
    const at = now();
    try {
      return hold(await cluster.create(described(holder, at)), holder, at);
    } catch (error) {
      if (isRefused(error, 409)) return false;
      if (isRefused(error, 404)) return "no-place";
      throw error;
    }
  }

  async function acquire(holder: LockHolder, previous: LockHolder | undefined): Promise<boolean> {
    for (let tries = 0; tries < mostTries; tries += 1) {
      const found = await get();
      if (found === undefined) {
        const made = await make(holder);
        if (made !== false) return made === true;
        continue;
      }
      const isFree = (found.spec?.holderIdentity ?? "") === "";
      // The lock of the directory is ours: its last holder is no more.
      const isOfDead = previous !== undefined && found.metadata.annotations?.[runKey] === previous.run;
      const dead = isFree || isOfDead ? found : await watchIfDead(found);
      if (dead !== undefined && (await take(holder, dead))) return true;
    }
    throw new LockedError(`several runs ask for the lock of ${place.install} at once`, {
      hint: "start the command again",
    });
  }

  /**
   * A lease that this machine itself has not seen renewed for as long as it lasts. Clocks of others are never trusted to take it, only to
   * refuse at once.
   */
  async function watchIfDead(found: LeaseObject): Promise<LeaseObject | undefined> {
    const { leaseDurationSeconds = leaseSeconds, renewTime = "" } = found.spec ?? {};
    const lastsMs = leaseDurationSeconds * 1000;
    if (Math.abs(clock.now().getTime() - Date.parse(renewTime)) < lastsMs) throw lockedBy(found);
    report({
      type: "note",
      message: `the lock of ${place.install} is not renewed (${describe(found)}): waiting ${leaseDurationSeconds} s to be sure`,
    });
    const end = clock.monotonicMs() + lastsMs;
    while (clock.monotonicMs() < end) {
      await clock.sleep(lookEveryMs, signal);
      const seen = await get();
      if ((seen?.spec?.holderIdentity ?? "") === "") return undefined;
      if (seen?.metadata.resourceVersion !== found.metadata.resourceVersion) throw lockedBy(seen ?? found);
    }
    report({ type: "warning", message: `the lock is taken over from a run that does not answer: ${describe(found)}` });
    return found;
  }

  async function renew(): Promise<void> {
    if (held === undefined) return;
    const { holder, object } = held;
    const at = now();
    try {
      hold(await cluster.replace(described(holder, at, object)), holder, at);
    } catch (error) {
      await notRenewed(holder, error);
    }
  }

  async function notRenewed(holder: LockHolder, error: unknown): Promise<void> {
    try {
      if (!isRefused(error, 409) && !isRefused(error, 404)) throw error;
      const seen = await get();
      if (seen === undefined) {
        if ((await make(holder)) === "no-place") held = held === undefined ? undefined : { ...held, at: now() };
        return;
      }
      if (seen.metadata.annotations?.[runKey] !== holder.run) {
        lose(`this run has lost the lock of ${place.install} to another: ${describe(seen)}`);
      } else await take(holder, seen);
    } catch (second) {
      if (isSure()) return;
      const why = second instanceof Error ? second.message : String(second);
      lose(`the lock of ${place.install} could not be renewed for ${surelyOursMs / 1000} s (${why})`);
    }
  }

  function isSure(): boolean {
    if (held === undefined) return false;
    const { monotonicMs, wallMs } = now();
    const { at } = held;
    return monotonicMs - at.monotonicMs < surelyOursMs && Math.abs(wallMs - at.wallMs) < surelyOursMs;
  }

  return {
    lost: gone.signal,
    acquire: (holder, previous) => inTurn(() => acquire(holder, previous)),
    requireHeld: async () => {
      if (held !== undefined && !isSure()) await inTurn(renew);
      if (gone.signal.aborted) throw gone.signal.reason;
    },
    release: () =>
      inTurn(async () => {
        const uid = held?.object.metadata.uid;
        // One that may be another's by now ends by itself.
        const isOurs = isSure();
        stop();
        if (isOurs && uid !== undefined) await cluster.remove(ref, { uid });
      }),
  };
}

function lockedBy(lease: LeaseObject): LockedError {
  return new LockedError(`another run is at work: ${describe(lease)}`, {
    hint: "wait for it to end, or end it there; nothing was changed by this run",
  });
}

/** `anna@laptop, process 4711, since 2026-…, command "slipway install"`. */
function describe({ metadata, spec }: LeaseObject): string {
  const [, owner = spec?.holderIdentity ?? "somebody", pid] = /^(.*) (\d+)$/.exec(spec?.holderIdentity ?? "") ?? [];
  const command = metadata.annotations?.[commandKey];
  return [
    owner,
    ...(pid === undefined ? [] : [`process ${pid}`]),
    ...(spec?.acquireTime === undefined ? [] : [`since ${spec.acquireTime}`]),
    ...(command === undefined ? [] : [`command "${command}"`]),
  ].join(", ");
}
