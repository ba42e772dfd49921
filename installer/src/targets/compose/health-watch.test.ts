import { expect, test } from "vitest";
import { createStillClock } from "../../../test/support/memory-ports.ts";
import type { ContainerState, Docker } from "../../platform/ports.ts";
import { watchHealth } from "./health-watch.ts";

const base: ContainerState = {
  id: "c",
  name: "p-app-1",
  service: "app",
  image: "i",
  imageId: "sha",
  state: "running",
  health: "starting",
  restarts: 0,
  labels: {},
  networks: [],
  ports: [],
};

/** An engine whose container goes through these states, one a look; `lookedAt` counts the looks. */
function engine(states: readonly Partial<ContainerState>[]) {
  let looks = 0;
  const docker: Pick<Docker, "watch" | "inspect" | "logs"> = {
    watch: () => Promise.resolve(),
    inspect: () => Promise.resolve({ ...base, ...states[Math.min(looks++, states.length - 1)] }),
    logs: () => Promise.resolve(["last words"]),
  };
  return { ports: { docker: docker as Docker, clock: createStillClock() }, looks: () => looks };
}

test("waits until the health check passes", async () => {
  const { ports, looks } = engine([{}, {}, { health: "healthy" }]);
  const watch = await watchHealth(ports, "p", new AbortController().signal);

  expect((await watch.healthy(base, 60)).health).toBe("healthy");
  expect(looks()).toBe(3);
});

test("gives up early on a container that keeps ending", async () => {
  const { ports } = engine([{ restarts: 4 }, { restarts: 5 }, { restarts: 7, exitCode: 2 }]);
  const watch = await watchHealth(ports, "p", new AbortController().signal);

  await expect(watch.healthy(base, 600)).rejects.toMatchObject({
    code: "APPLY_FAILED",
    message: "app does not stay up: it ended with exit status 2 3 times in a row",
    details: ["last lines of app:", "  last words"],
  });
});

test("names what it waited for at the deadline", async () => {
  const { ports } = engine([{}]);
  const watch = await watchHealth(ports, "p", new AbortController().signal);

  await expect(watch.healthy(base, 10)).rejects.toMatchObject({
    code: "ROLLOUT_TIMEOUT",
    message: "app was not healthy within 10 s: waited for its health check, last seen running and starting",
  });
});

test("stops at once when interrupted", async () => {
  const { ports } = engine([{}]);
  const interrupt = new AbortController();
  const watch = await watchHealth(ports, "p", interrupt.signal);
  interrupt.abort();

  await expect(watch.healthy(base, 600)).rejects.toMatchObject({ code: "INTERRUPTED" });
});
