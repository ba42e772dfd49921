import type { Component, Plan } from "../../plan/model.ts";
import { toCidr } from "./helm-cluster.ts";
import { doorsBehind } from "./helm-gateway.ts";
import { findEndpoint, runsHere, type HelmScope } from "./helm-scope.ts";
import type { HelmEdge, HelmIngress, HelmPod } from "./helm-values.ts";

/** Whoever opens connections: what it says it reaches, and what it waits for. */
export interface Caller {
  readonly id: string;
  readonly reaches: readonly string[];
  readonly waits: HelmPod["waits"];
}

/** The connections a pod may open; one entry per other side, sorted. */
export function egressOf(scope: HelmScope, caller: Caller): readonly HelmEdge[] {
  const units = new Map<string, Set<number>>();
  const outside = new Map<string, HelmEdge>();
  for (const ref of refsOf(scope, caller)) {
    const target = findEndpoint(scope, ref);
    if (target === undefined) continue;
    const { component, endpoint } = target;
    if (runsHere(component)) addPort(units, component.id, endpoint.port);
    else if (endpoint.externalHost !== undefined) {
      const { externalHost: host, port } = endpoint;
      outside.set(`${host}:${port}`, { kind: "outside", cidrs: cidrsOf(host), port });
    }
  }
  return [
    ...sortedPorts(units).map(([to, ports]) => ({ kind: "unit", to, ports }) as const),
    ...[...outside.keys()].sort().flatMap((key) => outside.get(key) ?? []),
  ];
}

/** The connections a component accepts: from its callers, from a gateway of the cluster before it, from anyone on published ports. */
export function ingressOf(scope: HelmScope, component: Component, callers: readonly Caller[]): readonly HelmIngress[] {
  const units = new Map<string, Set<number>>();
  for (const caller of callers)
    for (const ref of refsOf(scope, caller)) {
      const target = findEndpoint(scope, ref);
      if (target?.component.id === component.id) addPort(units, caller.id, target.endpoint.port);
    }
  const doors = component.role === "gateway" ? doorsBehind(scope.plan) : undefined;
  const published = sortedNumbers(publishedHere(scope.plan, component).map((port) => port.containerPort));
  const plain = scope.plan.listeners.filter(({ tls }) => !tls).map(({ port }) => port);
  const behind = doors === undefined ? [] : sortedNumbers([...plain, ...doors.ports.values()]);
  return [
    ...sortedPorts(units).map(([from, ports]) => ({ kind: "unit", from, ports }) as const),
    ...(behind.length === 0 ? [] : [{ kind: "gatewayClass", ports: behind } as const]),
    ...(published.length === 0 ? [] : [{ kind: "anyone", ports: published } as const]),
  ];
}

/** What is published by the target itself: a gateway of the cluster that stands before ours takes its ports. */
export function publishedHere(plan: Plan, { role, published }: Component): Component["published"] {
  return role === "gateway" && plan.settings.cluster.gatewayClass.name !== "" ? [] : published;
}

/** Whether it calls the gateway, which it knows by the public names. */
export function callsGateway(scope: HelmScope, caller: Caller): boolean {
  return refsOf(scope, caller).some((ref) => findEndpoint(scope, ref)?.component.role === "gateway");
}

/** A waiting step opens a connection too. */
function refsOf(scope: HelmScope, caller: Caller): readonly string[] {
  const waited = caller.waits.flatMap((wait) => {
    const first = scope.components.get(wait.id)?.endpoints[0];
    return first === undefined ? [] : [`${wait.id}.${first.id}`];
  });
  return [...caller.reaches, ...waited];
}

/** Policies know addresses only: a name stands for any address, on its port. */
function cidrsOf(host: string): readonly string[] {
  if (/^\d+\.\d+\.\d+\.\d+$/.test(host) || host.includes(":")) return [toCidr(host)];
  return ["0.0.0.0/0", "::/0"];
}

function addPort(map: Map<string, Set<number>>, key: string, port: number): void {
  const ports = map.get(key) ?? new Set<number>();
  map.set(key, ports.add(port));
}

function sortedPorts(map: ReadonlyMap<string, ReadonlySet<number>>): readonly (readonly [string, readonly number[]])[] {
  return [...map.keys()].sort().map((key) => [key, sortedNumbers([...(map.get(key) ?? [])])]);
}

function sortedNumbers(numbers: readonly number[]): readonly number[] {
  return [...new Set(numbers)].sort((a, b) => a - b);
}
