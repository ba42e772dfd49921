import { expect, test } from "vitest";
import type { ContainerState } from "../../platform/ports.ts";
import { isMadeFrom, sortContainers, stateDirOf } from "./live-containers.ts";
import { stateLayout } from "../../execute/state/layout.ts";

function container(
  name: string,
  service: string,
  labels: Readonly<Record<string, string>> = { "dev.slipway.spec": "s" },
): ContainerState {
  return {
    id: name,
    name,
    service,
    image: "i",
    imageId: "sha",
    state: "running",
    health: "healthy",
    labels,
    networks: [],
    ports: [],
  };
}

test("tells services, leftovers and strangers apart", () => {
  const live = sortContainers(
    [
      container("0123456789ab_p-app-1", "app"),
      container("p-app-1", "app"),
      container("p-gone-1", "gone"),
      container("p-prepare-1", "prepare", { "dev.slipway.spec": "s", "dev.slipway.role": "job" }),
      container("p-foreign-1", "foreign", {}),
    ],
    ["app", "prepare"],
  );

  expect([...live.services.values()].map(({ name }) => name)).toEqual(["p-app-1"]);
  expect(live.leftovers.map(({ name }) => name)).toEqual(["0123456789ab_p-app-1", "p-gone-1", "p-prepare-1"]);
  expect(live.foreign.map(({ name }) => name)).toEqual(["p-foreign-1"]);
});

test("a console is nobody's to clear away while somebody works in it", () => {
  const labels = { "dev.slipway.spec": "s", "dev.slipway.role": "console" };
  const running = container("p-console-1", "store-console", labels);
  const ended: ContainerState = { ...container("p-console-2", "store-console", labels), state: "exited" };
  const live = sortContainers([running, ended], ["store"]);

  expect(live.services.size).toBe(0);
  expect(live.leftovers).toEqual([ended]);
  expect(live.foreign).toEqual([]);
});

test("a container tells from which state directory it was made", () => {
  const file = (path: string) => container("p-app-1", "app", { "com.docker.compose.project.config_files": path });

  expect(stateDirOf(file("/srv/state/live/compose.yaml"))).toBe("/srv/state");
  expect(isMadeFrom(file("/srv/state/live/compose.yaml"), stateLayout("/srv/state"))).toBe(true);
  expect(stateDirOf(file("/srv/somebody/compose.yaml"))).toBeUndefined();
  expect(stateDirOf(file("/srv/somebody/compose.yaml,-"))).toBeUndefined();
  expect(stateDirOf(container("p-app-1", "app"))).toBeUndefined();
});

test.each([",-", ",/srv/state/live/-"])("also where proxies were kept out of it, and the label ends in %s", (end) => {
  const labels = { "com.docker.compose.project.config_files": `/srv/state/live/compose.yaml${end}` };

  expect(stateDirOf(container("p-app-1", "app", labels))).toBe("/srv/state");
  expect(isMadeFrom(container("p-app-1", "app", labels), stateLayout("/srv/state"))).toBe(true);
});
