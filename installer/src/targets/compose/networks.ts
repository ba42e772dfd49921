import type { Plan } from "../../plan/model.ts";
import type { ContainerState } from "../../platform/ports.ts";
import { networksOf } from "../../render/compose/networks.ts";

export interface LiveNetwork {
  readonly id: string;
  readonly name: string;
}

/** Networks that a component's container must be attached to and is not, by engine name: taken from it, or gone from the engine. */
export function lostNetworks(
  plan: Plan,
  project: string,
  container: ContainerState,
  networks: readonly LiveNetwork[],
): readonly string[] {
  const component = plan.components.find(({ id }) => id === container.service);
  if (component?.workload === undefined) return [];
  const live = new Map(networks.map(({ name, id }) => [name, id]));
  return networksOf(plan, component.zone, component.reaches)
    .map((zone) => `${project}_${zone}`)
    .filter((name) => {
      const known = container.networkIds?.[name];
      return !container.networks.includes(name) || !live.has(name) || (known !== undefined && known !== live.get(name));
    });
}

/** The same for people. */
export function describeLost(networks: readonly string[]): readonly string[] {
  return networks.map((name) => `it is not attached to the network ${name}`);
}
