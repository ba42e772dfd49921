import { backupMetrics } from "./backup-metrics.ts";
import { hostMetrics } from "./host-metrics.ts";
import type { Look } from "./look.ts";
import type { Metric, MetricSample } from "./metric.ts";
import { componentMetrics, platformMetrics } from "./platform-metrics.ts";

/** Every metric, in the order in which they are exposed. */
export const allMetrics: readonly Metric[] = [
  ...platformMetrics,
  ...componentMetrics,
  ...backupMetrics,
  ...hostMetrics,
];

/** What a look measured; metric after metric. */
export function samplesOf(look: Look): readonly MetricSample[] {
  return allMetrics.flatMap(({ name, measure }) =>
    measure(look).map(({ labels, value }) => ({ name, labels: { install: look.name, ...labels }, value })),
  );
}
