import { PreflightError, UsageError } from "../../errors/installer-error.ts";
import { steps } from "../../events/steps.ts";
import { graphOf, startLimitSeconds } from "../../execute/bring-up-graph.ts";
import { type GraphNode, runGraph } from "../../execute/dependency-graph.ts";
import { recordRun } from "../../execute/history/run-history.ts";
import { throwIfInterrupted } from "../../execute/interrupt.ts";
import { type Install, openInstall } from "../../execute/state/install.ts";
import { acquireRunLock } from "../../execute/state/run-lock.ts";
import { withStep } from "../../execute/with-step.ts";
import type { Component, Plan } from "../../plan/model.ts";
import { isUp, type LivePlatform, type LiveService, serves } from "../../targets/live-platform.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "../context.ts";
import { nameSome } from "../history/shorten.ts";
import { requireInstalledHere } from "../status/elsewhere.ts";

export interface LifecycleRequest extends InstallTarget {
  /** All of them when absent or empty. */
  readonly components?: readonly string[];
  readonly timeoutSeconds?: number;
}

export interface LifecycleResult extends ResultHead<"LifecycleResult"> {
  readonly name: string;
  readonly action: "stop" | "start" | "restart";
  /** In the order they were touched. */
  readonly components: readonly { readonly id: string; readonly changed: boolean }[];
}

/**
 * Stops components, dependents before what they depend on.
 * @throws UsageError for a component that does not run here; PreflightError when nothing is installed; LockedError
 */
export async function stop(request: LifecycleRequest, ports: LifecyclePorts): Promise<LifecycleResult> {
  return lifecycle("stop", request, ports);
}

/**
 * Starts components in dependency order and waits until they are healthy.
 * @throws TimeoutError, ApplyError naming the one that does not come up; and as `stop`
 */
export async function start(request: LifecycleRequest, ports: LifecyclePorts): Promise<LifecycleResult> {
  return lifecycle("start", request, ports);
}

/**
 * Restarts components in dependency order and waits until they are healthy.
 * @throws as `start`
 */
export async function restart(request: LifecycleRequest, ports: LifecyclePorts): Promise<LifecycleResult> {
  return lifecycle("restart", request, ports);
}

export type LifecyclePorts = Pick<
  ActionPorts,
  "fs" | "assets" | "target" | "locks" | "host" | "clock" | "process" | "random" | "report" | "signal"
>;

const atOnce = 16;

type Verb = LifecycleResult["action"];

async function lifecycle(verb: Verb, request: LifecycleRequest, ports: LifecyclePorts): Promise<LifecycleResult> {
  const install = await openInstall(request, ports.fs);
  const recorded = await requireInstalledHere(install, ports);
  const plan = verb === "stop" ? planToStop(install, recorded) : recorded;
  const nodes = graphToTouch(verb, plan, request.components ?? []);
  const run = ports.random.uuid();
  const release = await acquireRunLock(ports, install.layout, run);
  const head = { run, command: [verb, ...(request.components ?? [])].join(" "), version: ports.assets.version };
  try {
    const components = await recordRun(ports, install.layout, head, async (tell) => {
      const touched = await withStep(ports, steps[verb], () =>
        touchAll(verb, { install, plan, nodes }, request, ports),
      );
      const changed = touched.filter((component) => component.changed).map(({ id }) => id);
      tell({ changed: changed.length === 0 ? [] : [`${verb} ${nameSome(changed)}`] });
      return touched;
    });
    return { apiVersion: "slipway/v1", kind: "LifecycleResult", name: request.name, action: verb, components };
  } finally {
    await release();
  }
}

/** Stops or starts all of a plan in its order, for whoever holds the run lock. Throws as `stop` and `start`. */
export async function touchPlan(
  verb: Exclude<Verb, "restart">,
  { install, plan }: Pick<Work, "install" | "plan">,
  ports: LifecyclePorts,
): Promise<void> {
  const { name, stateDir } = install;
  const nodes = graphToTouch(verb, plan, []);
  await withStep(ports, steps[verb], () => touchAll(verb, { install, plan, nodes }, { name, stateDir }, ports));
}

/** While a change is incomplete, what it is to take away may run yet: it is stopped with the rest. */
function planToStop(install: Install, plan: Plan): Plan {
  const stays = new Set(plan.components.flatMap(({ id, workload }) => (workload === undefined ? [] : [id])));
  const leaving = (install.plan?.components ?? []).filter(
    ({ id, workload }) => workload !== undefined && !stays.has(id),
  );
  return { ...plan, components: [...plan.components.filter(({ id }) => stays.has(id)), ...leaving] };
}

/** The components to touch, each with what must be touched before it. */
function graphToTouch(verb: Verb, plan: Plan, only: readonly string[]): readonly GraphNode[] {
  const running = plan.components.filter((component) => component.workload !== undefined).map(({ id }) => id);
  const unknown = only.filter((id) => !running.includes(id));
  if (unknown.length > 0) {
    throw new UsageError(`there is no component ${unknown.join(" and no ")} that runs here`, {
      hint: `components are ${running.join(", ")}`,
    });
  }
  const upward = graphOf(plan);
  const nodes = verb === "stop" ? reversed(upward) : upward;
  return only.length === 0 ? nodes : narrowed(nodes, only);
}

function reversed(nodes: readonly GraphNode[]): readonly GraphNode[] {
  return nodes.map(({ key }) => ({
    key,
    needs: nodes.filter((other) => other.needs.includes(key)).map((other) => other.key),
  }));
}

/** Only these, in the order that the whole has, also where others stand between them. */
function narrowed(nodes: readonly GraphNode[], keys: readonly string[]): readonly GraphNode[] {
  const needsOf = new Map(nodes.map(({ key, needs }) => [key, needs]));
  const before = (key: string, seen: Set<string>): Set<string> => {
    for (const need of needsOf.get(key) ?? []) {
      if (seen.has(need)) continue;
      seen.add(need);
      before(need, seen);
    }
    return seen;
  };
  return [...new Set(keys)].map((key) => {
    const all = before(key, new Set());
    return { key, needs: keys.filter((other) => other !== key && all.has(other)) };
  });
}

interface Work {
  readonly install: Install;
  readonly plan: Plan;
  readonly nodes: readonly GraphNode[];
}

async function touchAll(
  verb: Verb,
  { install, plan, nodes }: Work,
  request: LifecycleRequest,
  ports: LifecyclePorts,
): Promise<LifecycleResult["components"]> {
  const byId = new Map(plan.components.map((component) => [component.id, component]));
  const live = await ports.target.observe(install, { components: [...byId.keys()], images: [] });
  if (live.services.size === 0) throw nothingThere(install.name);
  if (verb !== "stop") requireReachable(nodes, live);
  const touched: { readonly id: string; readonly changed: boolean }[] = [];
  const failed = new AbortController();
  const watch = await ports.target.watch(install, AbortSignal.any([ports.signal, failed.signal]));
  try {
    await runGraph(nodes, atOnce, async (key, stopped) => {
      stopped.addEventListener("abort", () => failed.abort());
      const component = byId.get(key);
      // Jobs stand in the graph for the order they make; nothing runs here.
      if (component === undefined) return;
      throwIfInterrupted(ports.signal, component.id);
      const service = live.services.get(component.id);
      // An install that was interrupted has not made all of it; what runs must be stopped all the same.
      const mayLack = verb === "stop" && (request.components ?? []).length === 0;
      if (service === undefined && !mayLack) throw containerGone(component.id);
      const changed = service !== undefined && (await touch(verb, component, service, ports));
      if (service !== undefined && verb !== "stop") {
        await watch.serving(service, request.timeoutSeconds ?? startLimitSeconds(component));
      }
      touched.push({ id: component.id, changed });
      const state = verb === "stop" ? "done" : "healthy";
      ports.report({ type: "item", step: steps[verb].id, id: component.id, state: changed ? state : "unchanged" });
    });
  } finally {
    watch.close();
  }
  if (verb === "stop") await untilSeenStopped(touched, install, ports);
  return touched;
}

const looksAtStopped = 40;
const lookAgainMs = 50;

/** A target may list what it has stopped as running for a moment; the next command must not see that. */
async function untilSeenStopped(
  stopped: LifecycleResult["components"],
  install: Install,
  { target, clock, signal }: LifecyclePorts,
): Promise<void> {
  const components = stopped.map(({ id }) => id);
  for (let looks = 0; looks < looksAtStopped; looks += 1) {
    const { services } = await target.observe(install, { components, images: [] });
    if (!components.some((id) => services.get(id)?.phase === "running")) return;
    await clock.sleep(lookAgainMs, signal);
  }
}

/** What cannot be reached never becomes healthy, and its log tells anything but why. */
function requireReachable(nodes: readonly GraphNode[], live: LivePlatform): void {
  const details = nodes.flatMap(({ key }) =>
    (live.services.get(key)?.severed ?? []).map((reason) => `${key} ${reason.replace(/^it /, "")}`),
  );
  const [first, ...others] = details;
  if (first === undefined) return;
  throw new PreflightError(others.length === 0 ? first : `${first}, and ${others.length} more`, {
    details: others.length === 0 ? [] : details,
    hint: "slipway install makes networks and containers again",
  });
}

async function touch(verb: Verb, component: Component, service: LiveService, ports: LifecyclePorts): Promise<boolean> {
  const up = isUp(service);
  const isNeeded = { stop: up, start: !up, restart: true }[verb];
  if (isNeeded) await ports.target.touch(verb, service, component.workload?.stopSeconds ?? 10);
  return verb === "start" ? !serves(service) : isNeeded;
}

function nothingThere(name: string): PreflightError {
  return new PreflightError(`nothing of ${name} is there`, { hint: "slipway install makes it again" });
}

function containerGone(id: string): PreflightError {
  return new PreflightError(`the container of ${id} is gone`, { hint: "slipway install makes it again" });
}
