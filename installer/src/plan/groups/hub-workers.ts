import type { PlanContext } from "../define.ts";
import type { Wire } from "../model.ts";
import { endpoint } from "../text.ts";

/** Proves that a program of the hub takes work from its queues: its health check says nothing of that. */
export function workersWire({ values }: PlanContext, component: string, taskQueues: readonly string[]): Wire {
  return {
    id: `${component}-workers`,
    from: component,
    to: "temporal.grpc",
    expectation: `${component} takes work from its queues`,
    check: {
      kind: "temporal-workers",
      address: endpoint("temporal.grpc", "hostPort"),
      namespace: values.temporal.namespace,
      taskQueues,
    },
  };
}
