import type { Report } from "../events/event.ts";
import type { StepDefinition } from "../events/steps.ts";
import type { Clock } from "../platform/ports.ts";

/** Reports a step's start and end around its work; `isGood` tells a result that counts as a failure. */
export async function withStep<T>(
  ports: { readonly report: Report; readonly clock: Pick<Clock, "monotonicMs"> },
  { id, title }: StepDefinition,
  work: () => Promise<T>,
  isGood: (result: T) => boolean = () => true,
): Promise<T> {
  const begin = ports.clock.monotonicMs();
  const end = (state: "done" | "failed"): void =>
    ports.report({ type: "step", id, title, state, ms: ports.clock.monotonicMs() - begin });
  ports.report({ type: "step", id, title, state: "started" });
  let result: T;
  try {
    result = await work();
  } catch (error) {
    end("failed");
    throw error;
  }
  end(isGood(result) ? "done" : "failed");
  return result;
}
