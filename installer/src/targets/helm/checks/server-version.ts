import type { HelmCheck } from "./cluster-check.ts";

/** Oldest and newest minor version of Kubernetes 1 that the chart was run on. */
const oldest = 33;
const newest = 36;

export const serverVersion: HelmCheck = {
  id: "cluster.version",
  title: "the cluster has a version of Kubernetes that is known to work",
  why: "the chart uses fields that an older API server does not know",
  severity: "failure",
  run: async ({ cluster }) => {
    const { version } = await cluster.version();
    const minor = Number(/^v?1\.(\d+)/.exec(version)?.[1] ?? 0);
    if (minor < oldest) {
      return [
        {
          message: `the cluster has Kubernetes ${version}`,
          remedy: `upgrade it to 1.${oldest} or later, or name the context of another in cluster.context`,
        },
      ];
    }
    if (minor <= newest) return [];
    return [
      {
        severity: "warning",
        message: `Slipway was never run on Kubernetes ${version}`,
        remedy: `1.${oldest} to 1.${newest} are known to work`,
      },
    ];
  },
};
