import type { InstallTarget, ResultHead } from "../context.ts";
import { samplesOf } from "./all-metrics.ts";
import { completeLook, type LiveLook, lookLive, type LookPorts } from "./look.ts";
import type { MetricSample } from "./metric.ts";

export type MetricsRequest = InstallTarget;

export interface MetricsResult extends ResultHead<"MetricsResult"> {
  readonly name: string;
  /** When it was looked. */
  readonly at: string;
  /** What the platform runs on answered; where it did not, there is only what the records say. */
  readonly lookOk: boolean;
  /** Why it did not. */
  readonly problem?: string;
  /** Metric after metric, in the order of docs/metrics.md. */
  readonly samples: readonly MetricSample[];
}

/**
 * What the platform knows about itself, as samples of metrics. That what it runs on does not answer is among them, and no error.
 * @throws PreflightError when nothing is installed, or a record is damaged
 */
export async function metrics(
  request: MetricsRequest,
  ports: LookPorts,
  look: (request: MetricsRequest, ports: LookPorts) => Promise<LiveLook> = lookLive,
): Promise<MetricsResult> {
  const begunMs = ports.clock.monotonicMs();
  const live = await look(request, ports);
  const whole = await completeLook(request, live, begunMs, ports);
  return {
    apiVersion: "slipway/v1",
    kind: "MetricsResult",
    name: request.name,
    at: whole.at.toISOString(),
    lookOk: whole.live !== undefined,
    ...("problem" in live ? { problem: live.problem } : {}),
    samples: samplesOf(whole),
  };
}
