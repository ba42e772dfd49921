import type { Report } from "../events/event.ts";
import type { Clock } from "../platform/ports.ts";

/** Reports a step's start and end around its work. */
export async function withStep<T>(
  ports: { readonly report: Report; readonly clock: Clock },
  id: string,
  title: string,
  work: () => Promise<T>,
): Promise<T> {
  const begin = ports.clock.monotonicMs();
  ports.report({ type: "step", id, title, state: "started" });
  try {
    const result = await work();
    ports.report({ type: "step", id, title, state: "done", ms: ports.clock.monotonicMs() - begin });
    return result;
  } catch (error) {
    ports.report({ type: "step", id, title, state: "failed", ms: ports.clock.monotonicMs() - begin });
    throw error;
  }
}
