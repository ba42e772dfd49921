import type { HelmCheck } from "./cluster-check.ts";

export const chartRenders: HelmCheck = {
  id: "cluster.chart",
  title: "helm makes the release of chart and values",
  why: "nothing can be applied, and what the release needs cannot be looked at before",
  severity: "failure",
  run: ({ releaseFault }) =>
    releaseFault === undefined
      ? []
      : [{ message: releaseFault, remedy: "correct what it names in the values; use helm 3.14 or later, or 4" }],
};
