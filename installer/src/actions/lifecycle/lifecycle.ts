import { PreflightError, UsageError } from "../../errors/installer-error.ts";
import { type GraphNode, runGraph } from "../../execute/dependency-graph.ts";
import { graphOf } from "../../execute/docker/bring-up.ts";
import { serves, watchHealth } from "../../execute/docker/health-watch.ts";
import { type LiveState, readLiveState } from "../../execute/docker/live-state.ts";
import { lostNetworks } from "../../execute/docker/networks.ts";
import { throwIfInterrupted } from "../../execute/interrupt.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { acquireRunLock } from "../../execute/state/run-lock.ts";
import { readApplied, readRecordedPlan } from "../../execute/state/state-store.ts";
import type { Component, Plan } from "../../plan/model.ts";
import type { ContainerState } from "../../platform/ports.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "../context.ts";
import { withStep } from "../with-step.ts";

export interface LifecycleRequest extends InstallTarget {
  /** All of them when absent. */
  readonly component?: string;
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
export async function stop(request: LifecycleRequest, ports: ActionPorts): Promise<LifecycleResult> {
  return lifecycle("stop", request, ports);
}

/**
 * Starts components in dependency order and waits until they are healthy.
 * @throws TimeoutError, ApplyError naming the one that does not come up; and as `stop`
 */
export async function start(request: LifecycleRequest, ports: ActionPorts): Promise<LifecycleResult> {
  return lifecycle("start", request, ports);
}

/**
 * Restarts components in dependency order and waits until they are healthy.
 * @throws as `start`
 */
export async function restart(request: LifecycleRequest, ports: ActionPorts): Promise<LifecycleResult> {
  return lifecycle("restart", request, ports);
}

const atOnce = 16;

type Verb = LifecycleResult["action"];

async function lifecycle(verb: Verb, request: LifecycleRequest, ports: ActionPorts): Promise<LifecycleResult> {
  const layout = stateLayout(request.stateDir);
  const [plan, applied] = await Promise.all([readRecordedPlan(ports.fs, layout), readApplied(ports.fs, layout)]);
  if (plan === undefined) {
    throw new PreflightError(`nothing is installed under the name ${request.name}`, { hint: "slipway install" });
  }
  const nodes = graphToTouch(verb, plan, request.component);
  const release = await acquireRunLock(ports, layout, ports.random.uuid());
  try {
    const components = await withStep(ports, verb, titles[verb], () =>
      touchAll(verb, { plan, nodes, project: applied.project ?? request.name }, request, ports),
    );
    return { apiVersion: "slipway/v1", kind: "LifecycleResult", name: request.name, action: verb, components };
  } finally {
    await release();
  }
}

const titles: Readonly<Record<Verb, string>> = {
  stop: "Stop components",
  start: "Start components",
  restart: "Restart components",
};

/** The components to touch, each with what must be touched before it. */
function graphToTouch(verb: Verb, plan: Plan, only: string | undefined): readonly GraphNode[] {
  const running = plan.components.filter((component) => component.workload !== undefined).map(({ id }) => id);
  if (only !== undefined) {
    if (running.includes(only)) return [{ key: only, needs: [] }];
    throw new UsageError(`there is no component ${only} that runs here`, {
      hint: `components are ${running.join(", ")}`,
    });
  }
  const nodes = graphOf(plan);
  if (verb !== "stop") return nodes;
  return nodes.map(({ key }) => ({
    key,
    needs: nodes.filter((other) => other.needs.includes(key)).map((other) => other.key),
  }));
}

interface Work {
  readonly plan: Plan;
  readonly nodes: readonly GraphNode[];
  readonly project: string;
}

async function touchAll(
  verb: Verb,
  work: Work,
  request: LifecycleRequest,
  ports: ActionPorts,
): Promise<LifecycleResult["components"]> {
  const byId = new Map(work.plan.components.map((component) => [component.id, component]));
  const live = await readLiveState(ports.docker, work.project, [...byId.keys()]);
  if (verb !== "stop") await requireNetworks(work, live, ports);
  const touched: { readonly id: string; readonly changed: boolean }[] = [];
  const failed = new AbortController();
  const watch = await watchHealth(ports, work.project, AbortSignal.any([ports.signal, failed.signal]));
  try {
    await runGraph(work.nodes, atOnce, async (key, stopped) => {
      stopped.addEventListener("abort", () => failed.abort());
      const component = byId.get(key);
      // Jobs stand in the graph for the order they make; nothing runs here.
      if (component === undefined) return;
      throwIfInterrupted(ports.signal, component.id);
      const container = live.services.get(component.id);
      if (container === undefined) throw containerGone(component.id);
      const changed = await touch(verb, component, container, ports);
      if (verb !== "stop") await watch.healthy(container, limitSeconds(request, component));
      touched.push({ id: component.id, changed });
      const state = verb === "stop" ? "done" : "healthy";
      ports.report({ type: "item", step: verb, id: component.id, state: changed ? state : "unchanged" });
    });
  } finally {
    watch.close();
  }
  return touched;
}

/** Without its network a component never becomes healthy, and its log tells anything but why. */
async function requireNetworks(work: Work, live: LiveState, ports: ActionPorts): Promise<void> {
  const networks = await ports.docker.networks(work.project);
  const details = work.nodes.flatMap(({ key }) => {
    const container = live.services.get(key);
    const lost = container === undefined ? [] : lostNetworks(work.plan, work.project, container, networks);
    return lost.map((name) => `${key} is not attached to the network ${name}`);
  });
  const [first, ...others] = details;
  if (first === undefined) return;
  throw new PreflightError(others.length === 0 ? first : `${first}, and ${others.length} more`, {
    details: others.length === 0 ? [] : details,
    hint: "slipway install makes networks and containers again",
  });
}

function limitSeconds(request: LifecycleRequest, component: Component): number {
  return request.timeoutSeconds ?? Math.round((component.workload?.health.startSeconds ?? 60) * 1.5 + 15);
}

async function touch(
  verb: Verb,
  component: Component,
  container: ContainerState,
  ports: ActionPorts,
): Promise<boolean> {
  const seconds = component.workload?.stopSeconds ?? 10;
  const up = container.state === "running" || container.state === "restarting";
  switch (verb) {
    case "stop":
      if (up) await ports.docker.stop(container.id, seconds);
      return up;
    case "start":
      if (!up) await ports.docker.start(container.id);
      return !serves(container);
    case "restart":
      await ports.docker.restart(container.id, seconds);
      return true;
  }
}

function containerGone(id: string): PreflightError {
  return new PreflightError(`the container of ${id} is gone`, { hint: "slipway install makes it again" });
}
