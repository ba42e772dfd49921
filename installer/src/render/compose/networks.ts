import { findComponent } from "../../plan/find-in-plan.ts";
import type { Plan, Zone } from "../../plan/model.ts";

/** Networks of the Compose target: one per zone. `data` has no way out of the host. */
export const networkNames: readonly Zone[] = ["edge", "app", "data"];

/**
 * Networks a container joins: its own zone's, and those of everything it opens connections to. What is outside the platform is reached
 * through `app`, because `data` leads nowhere.
 */
export function networksOf(plan: Plan, own: Zone | undefined, reaches: readonly string[]): readonly Zone[] {
  const zones = new Set<Zone>(own === undefined ? [] : [own]);
  for (const ref of reaches) {
    const target = findComponent(plan, ref.slice(0, ref.indexOf(".")));
    if (target === undefined) continue;
    zones.add(target.presence === "external" ? "app" : target.zone);
  }
  return networkNames.filter((name) => zones.has(name));
}

/** Public names the gateway answers to inside, so that a URL is right from both sides. */
export function gatewayAliases(plan: Plan): readonly string[] {
  if (plan.settings.addressing === "port") return [];
  // An engine's DNS has no wildcards.
  return [...new Set(plan.listeners.map(({ host }) => host))].filter((host) => !host.startsWith("*")).sort();
}
