import type { Check } from "../../check.ts";
import type { ClusterLook } from "./look-at-cluster.ts";

export function reachable(look: (context: Parameters<Check["run"]>[0]) => Promise<ClusterLook>): Check {
  return {
    id: "cluster.reachable",
    title: "the cluster answers and knows who asks",
    why: "nothing else can be looked at or done",
    severity: "failure",
    run: async (context) => {
      const seen = await look(context);
      if (!seen.answers) return [{ message: seen.message, remedy: seen.remedy }];
      const { context: name, server, unverified } = seen.cluster.place();
      if (unverified !== true) return [];
      return [
        {
          severity: "warning",
          message: `nobody looks at the certificate of ${server}: the context ${name} has insecure-skip-tls-verify, and every password of the platform goes there`,
          remedy:
            "take insecure-skip-tls-verify out of the kubeconfig, and name its authority in certificate-authority",
        },
      ];
    },
  };
}
