import { expect, test } from "vitest";
import type { ContainerState, Docker } from "../../platform/ports.ts";
import { composeInstalls } from "./installs.ts";

function container(name: string, labels: Readonly<Record<string, string>>, state: ContainerState["state"] = "running") {
  const health = "healthy" as const;
  return { id: name, name, service: name, image: "i", imageId: "s", state, health, labels, networks: [], ports: [] };
}

const file = "com.docker.compose.project.config_files";
const of = (name: string, role = "service") => ({ "dev.slipway.name": name, "dev.slipway.role": role });

test("tells the installs of a host by the labels of containers and volumes", async () => {
  const containers = [
    container("slipway-redis-1", { ...of("slipway"), [file]: "/var/lib/slipway/slipway/live/compose.yaml" }),
    container("slipway-nats-1", of("slipway"), "exited"),
    container("slipway-verify-1", of("slipway", "job"), "exited"),
    container("lab-redis-1", of("lab")),
    container("somebody", {}),
  ];
  const volume = (name: string, labels: Readonly<Record<string, string>>) => ({ name, labels, mountpoint: "" });
  const volumes = [volume("slipway_redis", of("slipway")), volume("old_redis", of("old")), volume("other", {})];
  const docker = {
    containersLabelled: () => Promise.resolve(containers),
    volumes: () => Promise.resolve(volumes),
  } as unknown as Docker;

  expect(await composeInstalls({ docker })).toEqual([
    { name: "lab", services: 1, running: 1, stores: 0 },
    { name: "old", services: 0, running: 0, stores: 1 },
    { name: "slipway", services: 2, running: 1, stores: 1, records: "/var/lib/slipway/slipway" },
  ]);
});
