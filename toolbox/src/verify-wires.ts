import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import pLimit from "p-limit";
import type { Wire } from "./contract.generated.ts";
import type { WireResult } from "./contract.ts";
import { assertNever, errorText, ToolboxError } from "./errors.ts";
import { likelyCause } from "./likely-cause.ts";
import type { Redact } from "./redact.ts";
import { isConnectionFailure } from "./wait-for-server.ts";
import type { WireCheck, WireContext } from "./wires/wire-check.ts";

const atOnce = 8;

export interface WireLimits {
  readonly proveMs: number;
  readonly cleanUpMs: number;
  /** Age of this program until which a server that cannot be reached is tried again. */
  readonly settledMs: number;
}

/**
 * On Kubernetes a network applies the policies of a pod a moment after its programs have begun, and refuses its connections until then. It
 * takes tenths of a second; this is for a busy node.
 */
const settledMs = 10_000;
const tryAgainMs = 300;

/** Generous: a registry hashes the password by bcrypt at each of a dozen requests, and a first install is busy. */
const usualLimits: WireLimits = { proveMs: 30_000, cleanUpMs: 4000, settledMs };

/** A dozen steps, each of which moves data. */
const journeyLimits: WireLimits = { proveMs: 300_000, cleanUpMs: 30_000, settledMs };

/** Proves all wires, a bounded number at a time, and hands each result over as soon as it is there. */
export async function verifyWires(
  wires: readonly Wire[],
  redact: Redact,
  report: (result: WireResult) => void,
  limits?: WireLimits,
): Promise<WireResult[]> {
  const limit = pLimit(atOnce);
  return Promise.all(
    wires.map((wire) =>
      limit(async () => {
        const result = await verifyWire(wire, redact, limits ?? limitsOf(wire));
        report(result);
        return result;
      }),
    ),
  );
}

function limitsOf({ kind }: Wire): WireLimits {
  return kind === "hub-journey" ? journeyLimits : usualLimits;
}

/** A check bound to its wire, so that kinds can be treated alike. */
interface BoundCheck {
  readonly address: string;
  readonly expectation: string;
  readonly prove: (context: WireContext) => Promise<void>;
}

async function verifyWire(wire: Wire, redact: Redact, limits: WireLimits): Promise<WireResult> {
  const started = performance.now();
  const check = await loadCheck(wire);
  const details: string[] = [];
  let failure = await prove(check, details, limits);
  while (failure !== undefined && isUnreachable(failure.error) && performance.now() < limits.settledMs) {
    await sleep(tryAgainMs);
    details.length = 0;
    failure = await prove(check, details, limits);
  }
  const common = {
    wire: wire.name,
    kind: wire.kind,
    from: wire.from,
    to: wire.to,
    address: check.address,
    ok: failure === undefined,
    expectation: check.expectation,
    ms: Math.round(performance.now() - started),
    details: details.map(redact),
  };
  if (failure === undefined) return common;
  return { ...common, error: redact(errorText(failure.error)), cause: redact(likelyCause(failure.error)) };
}

/** Whether nothing was spoken to at all; clients that have errors of their own say it in words. */
function isUnreachable(error: unknown): boolean {
  return isConnectionFailure(error) || /\b(ECONNREFUSED|CONNECTION_REFUSED|EHOSTUNREACH)\b/.test(errorText(error));
}

async function prove(
  check: BoundCheck,
  details: string[],
  { proveMs, cleanUpMs }: WireLimits,
): Promise<{ readonly error: unknown } | undefined> {
  const abort = new AbortController();
  const undos: (() => Promise<void> | void)[] = [];
  const context: WireContext = {
    signal: abort.signal,
    note: (line) => void details.push(line),
    atEnd: (undo) => void undos.push(undo),
  };
  try {
    await within(proveMs, check.prove(context), () => {
      const last = details.at(-1);
      const where = last === undefined ? "before anything was seen" : `the last thing seen was: ${last}`;
      return new ToolboxError(`not proved within ${proveMs / 1000} s; ${where}`, {
        advice: "nothing answered in time: look at networks, and at the log and load of the service that answers",
      });
    });
    return undefined;
  } catch (error) {
    return { error };
  } finally {
    abort.abort();
    await cleanUp(undos, details, cleanUpMs);
  }
}

async function cleanUp(
  undos: readonly (() => Promise<void> | void)[],
  details: string[],
  limitMs: number,
): Promise<void> {
  for (const undo of undos.toReversed()) {
    try {
      await within(limitMs, Promise.resolve().then(undo), () => new ToolboxError("took too long"));
    } catch (error) {
      details.push(`cleaning up failed: ${errorText(error)}`);
    }
  }
}

async function within<T>(ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
    // what comes after the time is over is of no interest
    work.catch(() => undefined);
  }
}

function bind<W extends Wire>(wire: W, check: WireCheck<W>): BoundCheck {
  return {
    address: check.address(wire),
    expectation: check.expectation(wire),
    prove: (context) => check.prove(wire, context),
  };
}

/** Each kind is loaded only when a wire of it is there. */
async function loadCheck(wire: Wire): Promise<BoundCheck> {
  switch (wire.kind) {
    case "postgres":
      return bind(wire, (await import("./wires/postgres.ts")).postgresCheck);
    case "redis":
      return bind(wire, (await import("./wires/redis.ts")).redisCheck);
    case "s3":
      return bind(wire, (await import("./wires/s3.ts")).s3Check);
    case "gitaly":
      return bind(wire, (await import("./wires/gitaly.ts")).gitalyCheck);
    case "ssh":
      return bind(wire, (await import("./wires/ssh.ts")).sshCheck);
    case "registry":
      return bind(wire, (await import("./wires/registry.ts")).registryCheck);
    case "temporal":
      return bind(wire, (await import("./wires/temporal.ts")).temporalCheck);
    case "temporal-workers":
      return bind(wire, (await import("./wires/temporal-workers.ts")).temporalWorkersCheck);
    case "oidc":
      return bind(wire, (await import("./wires/oidc.ts")).oidcCheck);
    case "openid-provider":
      return bind(wire, (await import("./wires/openid-provider.ts")).openidProviderCheck);
    case "nats":
      return bind(wire, (await import("./wires/nats.ts")).natsCheck);
    case "route":
      return bind(wire, (await import("./wires/route.ts")).routeCheck);
    case "hub-journey":
      return bind(wire, (await import("./wires/hub-journey.ts")).hubJourneyCheck);
    case "tls":
      return bind(wire, (await import("./wires/tls.ts")).tlsCheck);
    default:
      return assertNever(wire);
  }
}
