import type { ActionPorts } from "../context.ts";
import { withStep } from "../install-steps/with-step.ts";

/** Runs work as a step that the display follows. */
export function inStep<T>(
  ports: Pick<ActionPorts, "report" | "clock">,
  { id, title }: { readonly id: string; readonly title: string },
  work: () => Promise<T>,
): Promise<T> {
  return withStep(ports, id, title, work);
}
