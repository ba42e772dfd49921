import { expect, it } from "vitest";
import { infraPlan } from "../../../test/support/infra-plan.ts";
import { openingsOf } from "./openings.ts";

function openings(...set: readonly string[]): readonly string[] {
  const plan = infraPlan(["domain=platform.test", "casdoor.mode=off", ...set]);
  return openingsOf(plan).map(({ address, hostPort }) => `${address}:${hostPort}`);
}

it("is where the exposure of the cluster puts the ports", () => {
  expect(openings()).toEqual(["load balancer:443", "load balancer:80", "load balancer:2222"]);
  expect(openings("cluster.exposure.kind=externalIPs", "cluster.exposure.addresses=[192.0.2.1,192.0.2.2]")).toContain(
    "192.0.2.2:443",
  );
  expect(openings("cluster.exposure.kind=hostPort")).toContain("the pod's node:443");
  expect(openings("cluster.exposure.kind=clusterIP")).toEqual([]);
});
