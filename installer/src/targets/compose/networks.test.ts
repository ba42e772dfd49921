import { expect, test } from "vitest";
import { fixturePlan } from "../../../test/support/fixture-plan.ts";
import type { ContainerState } from "../../platform/ports.ts";
import { lostNetworks } from "./networks.ts";

const plan = fixturePlan({ name: "p" });
const live = [
  { id: "1", name: "p_data" },
  { id: "2", name: "p_app" },
  { id: "3", name: "p_edge" },
];

function store(networks: Pick<ContainerState, "networks" | "networkIds">): ContainerState {
  const rest = { id: "c", name: "p-store-1", image: "i", imageId: "sha", labels: {}, ports: [] };
  return { ...rest, service: "store", state: "running", health: "healthy", ...networks };
}

test("an attached container has lost nothing, whatever else it is attached to", () => {
  const attached = store({ networks: ["other", "p_data"], networkIds: { other: "9", p_data: "1" } });

  expect(lostNetworks(plan, "p", attached, live)).toEqual([]);
});

test("a container that was never started knows no id of its network", () => {
  expect(lostNetworks(plan, "p", store({ networks: ["p_data"], networkIds: {} }), live)).toEqual([]);
});

test("a network that was taken from the container, removed, or made anew without it is lost", () => {
  const attached = store({ networks: ["p_data"], networkIds: { p_data: "1" } });

  expect(lostNetworks(plan, "p", store({ networks: [] }), live)).toEqual(["p_data"]);
  expect(lostNetworks(plan, "p", attached, live.slice(1))).toEqual(["p_data"]);
  expect(lostNetworks(plan, "p", attached, [{ id: "7", name: "p_data" }])).toEqual(["p_data"]);
});
