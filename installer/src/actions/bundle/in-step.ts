import type { ActionPorts } from "../context.ts";

/** Runs work as a step that the display follows. */
export async function inStep<T>(
  ports: Pick<ActionPorts, "report" | "clock">,
  { id, title }: { readonly id: string; readonly title: string },
  work: () => Promise<T>,
): Promise<T> {
  const begin = ports.clock.monotonicMs();
  ports.report({ type: "step", id, title, state: "started" });
  try {
    const result = await work();
    ports.report({ type: "step", id, title, state: "done", ms: ports.clock.monotonicMs() - begin });
    return result;
  } catch (error) {
    ports.report({ type: "step", id, title, state: "failed" });
    throw error;
  }
}
