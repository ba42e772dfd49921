import type { Plan } from "../../plan/model.ts";
import type { Opening } from "../rendering.ts";
import { runsHere } from "./helm-scope.ts";

/** Where the chart opens the ports that a plan publishes, by the exposure that the values choose; nothing where only the cluster reaches them. */
export function openingsOf({ components, settings }: Pick<Plan, "components" | "settings">): readonly Opening[] {
  const { kind, addresses } = settings.cluster.exposure;
  const places = {
    loadBalancer: ["load balancer"],
    externalIPs: addresses,
    nodePort: ["every node"],
    hostPort: ["the pod's node"],
    clusterIP: [],
  }[kind];
  return components
    .filter(runsHere)
    .flatMap(({ published }) =>
      published.flatMap(({ hostPort, purpose }) => places.map((address) => ({ address, hostPort, purpose }))),
    );
}
