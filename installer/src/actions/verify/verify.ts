import type { WireResult } from "../../../../toolbox/src/contract.ts";
import { ApplyError, PreflightError, UsageError, WireError } from "../../errors/installer-error.ts";
import { type Install, openInstall } from "../../execute/state/install.ts";
import { acquireRunLock } from "../../execute/state/run-lock.ts";
import { verificationJobs } from "../../plan/components/verification.ts";
import type { Job, Plan } from "../../plan/model.ts";
import { isUp } from "../../targets/live-platform.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "../context.ts";
import { requireInstalledHere } from "../status/elsewhere.ts";

export interface VerifyRequest extends InstallTarget {
  /** Only wires from or to this component are counted. */
  readonly component?: string;
  /** Goes a person's way, too. */
  readonly journey?: boolean;
  /** Called for each wire as it finishes. */
  readonly onWire?: (wire: WireResult) => void;
}

export interface VerifyResult extends ResultHead<"VerifyResult"> {
  readonly name: string;
  readonly ok: boolean;
  /** Wires that work. */
  readonly passed: number;
  /** Wires that do not. */
  readonly failed: number;
  readonly wires: readonly WireResult[];
  /** Wires that were not tried because a component is not installed. */
  readonly skipped: readonly { readonly wire: string; readonly component: string; readonly reason: string }[];
  readonly ms: number;
}

/** Exit statuses of the toolbox after which its lines tell the whole story. */
const toldByLines: readonly number[] = [0, 12];

/**
 * Proves every wire from inside the platform's networks. Failed wires are in the result; `requireWires` makes them an error.
 * @throws PreflightError when nothing is installed; WireError when it is stopped; LockedError while another run is at work
 */
export async function verify(request: VerifyRequest, ports: ActionPorts): Promise<VerifyResult> {
  const install = await openInstall(request, ports.fs);
  const plan = await requireInstalledHere(install, ports);
  const release = await acquireRunLock(ports, install.layout, ports.random.uuid());
  try {
    await requireRunning(plan, install, ports);
    return await verifyPlan(plan, install, request, ports);
  } finally {
    await release();
  }
}

/** Every wire of a platform that was stopped would fail, and say nothing new. */
async function requireRunning(plan: Plan, install: Install, { target }: Pick<ActionPorts, "target">): Promise<void> {
  const components = plan.components.filter(({ workload }) => workload !== undefined).map(({ id }) => id);
  const { services } = await target.observe(install, { components, images: [] });
  if (components.length === 0 || [...services.values()].some(isUp)) return;
  if (services.size === 0) {
    throw new PreflightError("the platform's containers are gone", { hint: "slipway install makes them again" });
  }
  throw new WireError("the platform is stopped", { hint: "run slipway start, then slipway verify again" });
}

/** Runs the verification of a recorded plan; the caller holds the run lock. */
export async function verifyPlan(
  plan: Plan,
  install: Install,
  request: Pick<VerifyRequest, "name" | "component" | "journey" | "onWire">,
  ports: ActionPorts,
): Promise<VerifyResult> {
  if (request.component !== undefined && !plan.components.some(({ id }) => id === request.component)) {
    throw new UsageError(`there is no component ${request.component}`);
  }
  const begin = ports.clock.monotonicMs();
  const wires: WireResult[] = [];
  for (const job of jobsOf(plan, request)) wires.push(...(await runVerifyJob(job, install, request, ports)));
  const failed = wires.filter((wire) => !wire.ok).length;
  return {
    apiVersion: "slipway/v1",
    kind: "VerifyResult",
    name: request.name,
    ok: failed === 0,
    passed: wires.length - failed,
    failed,
    wires,
    skipped: plan.components
      .filter((component) => component.presence === "off")
      .map(({ id }) => ({ wire: `all of ${id}`, component: id, reason: "it is not installed (mode off)" })),
    ms: Math.round(ports.clock.monotonicMs() - begin),
  };
}

/**
 * The jobs that prove what was asked for.
 * @throws UsageError when there is no way to go
 */
function jobsOf(plan: Plan, { journey }: Pick<VerifyRequest, "journey">): readonly Job[] {
  if (plan.wires.length === 0) return [];
  const find = (id: string): Job | undefined => plan.jobs.find((job) => job.id === id);
  const usual = find(verificationJobs.wires);
  const way = find(verificationJobs.journey);
  if (journey === true && way === undefined) {
    throw new UsageError(`the profile ${plan.install.profile} has nothing that a person could go through`, {
      hint: "run slipway verify without --journey, or install a profile with a hub",
    });
  }
  return [usual, journey === true ? way : undefined].filter((job) => job !== undefined);
}

/**
 * Ends with the documented exit code when a wire failed.
 * @throws WireError naming each failed wire, its address and likely cause
 */
export function requireWires(result: VerifyResult): void {
  const failed = result.wires.filter((wire) => !wire.ok);
  if (failed.length === 0) return;
  throw new WireError(failed.length === 1 ? "a connection does not work" : `${failed.length} connections do not work`, {
    hint: "everything is running; correct the cause and run slipway verify again",
    details: failed.flatMap((wire) => [
      `${wire.wire} (${wire.address}): ${wire.error ?? wire.expectation}`,
      ...(wire.cause === undefined ? [] : [`    likely cause: ${wire.cause}`]),
    ]),
  });
}

async function runVerifyJob(
  job: Job,
  install: Install,
  request: Pick<VerifyRequest, "component" | "onWire">,
  ports: ActionPorts,
): Promise<readonly WireResult[]> {
  const wires: WireResult[] = [];
  const other: string[] = [];
  const onLine = (line: string): void => {
    const wire = parseWire(line);
    if (wire === undefined) {
      other.push(line);
    } else if (concerns(wire, request.component)) {
      wires.push(wire);
      request.onWire?.(wire);
    }
  };
  const run = { id: job.id, title: job.title, limitSeconds: job.deadlineSeconds, onLine };
  const { report, signal } = ports;
  const status = await ports.target.runJob(install, run, { report, signal, redact: (line) => line });
  if (toldByLines.includes(status)) return wires;
  throw new ApplyError(`the verification itself failed with exit status ${status}`, { details: other.slice(-30) });
}

function concerns(wire: WireResult, component: string | undefined): boolean {
  return component === undefined || wire.from === component || wire.to.split(".")[0] === component;
}

function parseWire(line: string): WireResult | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const parsed = JSON.parse(line) as Partial<WireResult>;
    return typeof parsed.wire === "string" && typeof parsed.ok === "boolean" ? (parsed as WireResult) : undefined;
  } catch {
    return undefined;
  }
}
