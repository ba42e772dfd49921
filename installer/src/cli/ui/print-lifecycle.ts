import type { LifecycleResult } from "../../actions/lifecycle/lifecycle.ts";
import type { Style } from "./style.ts";

const done = { stop: "stopped", start: "started", restart: "restarted" } as const;

/** Which components were touched, in order. */
export function formatLifecycle(result: LifecycleResult, style: Style): string {
  const changed = result.components.filter((component) => component.changed).map((component) => component.id);
  if (changed.length === 0) return `nothing to ${result.action}: already so`;
  return `${style.good(done[result.action])}: ${changed.join(", ")}`;
}
