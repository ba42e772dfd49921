import { findComponent } from "../../plan/find-in-plan.ts";
import type { Plan, Zone } from "../../plan/model.ts";

/** `outside` leads out of the host, and nobody of the platform serves in it. */
export type NetworkName = Zone | "outside";

const zones: readonly Zone[] = ["edge", "app", "data"];

/**
 * Networks of a plan: one per zone, of which `data` has no way out of the host. Where none of them has, who has to reach something elsewhere
 * is given one of its own.
 */
export function networkNames(plan: Plan): readonly NetworkName[] {
  const isNeeded = outsideOf(plan) === "outside" && plan.jobs.some(({ reaches }) => reaches.some(leadsOut(plan)));
  return isNeeded ? [...zones, "outside"] : zones;
}

/**
 * Networks a container joins: its own zone's, and those of everything it opens connections to. What is outside the platform is reached
 * through `app`, because `data` leads nowhere.
 */
export function networksOf(plan: Plan, own: Zone | undefined, reaches: readonly string[]): readonly NetworkName[] {
  const joined = new Set<NetworkName>(own === undefined ? [] : [own]);
  const isOutside = leadsOut(plan);
  for (const ref of reaches) {
    const target = findComponent(plan, ref.slice(0, ref.indexOf(".")));
    if (target !== undefined) joined.add(isOutside(ref) ? outsideOf(plan) : target.zone);
  }
  return [...zones, "outside" as const].filter((name) => joined.has(name));
}

function outsideOf({ settings }: Plan): NetworkName {
  return settings.isolated === true ? "outside" : "app";
}

/** Whether an endpoint, `component.endpoint`, is somewhere else. */
function leadsOut(plan: Plan): (ref: string) => boolean {
  return (ref) => {
    const [id = "", name = ""] = ref.split(".");
    const component = findComponent(plan, id);
    const found = component?.endpoints.find((endpoint) => endpoint.id === name);
    return component?.presence === "external" || found?.externalHost !== undefined;
  };
}

/** Public names the gateway answers to inside, so that a URL is right from both sides. */
export function gatewayAliases(plan: Plan): readonly string[] {
  if (plan.settings.addressing === "port") return [];
  // An engine's DNS has no wildcards.
  return [...new Set(plan.listeners.map(({ host }) => host))].filter((host) => !host.startsWith("*")).sort();
}
