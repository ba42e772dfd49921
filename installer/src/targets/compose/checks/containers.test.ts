import { describe, expect, it } from "vitest";
import { findings } from "../../../actions/preflight/checks/testing/findings.ts";

// It is 12:00 on 21 November 2026; the engine's images are all sha256:1.
const service = (component: string) => ({ component, id: `id-${component}`, image: "img:1", imageId: "sha256:1" });
const live = {
  services: new Map([
    ["redis", service("redis")],
    ["nats", service("nats")],
  ]),
};
const applied = JSON.stringify({
  units: [
    { id: "redis", image: "img:1" },
    { id: "backup", image: "job:1" },
  ],
});
const files = { "/var/lib/slipway/slipway/applied.json": applied };

describe("containers of a platform that runs", () => {
  it.each(["restarts", "memory-kills", "images", "image-tags"])("that are well are passed over: %s", async (word) => {
    const running = { restarts: 0, startedAt: "2026-11-21T11:50:00Z" };
    const counted = { "/sys/fs/cgroup/docker/id-redis/memory.events": "low 0\noom 0\noom_kill 0\n" };
    const world = { live, files: { ...files, ...counted }, inspected: { "id-redis": running } };

    expect(await findings(`live.${word}`, world)).toEqual([]);
    expect(await findings(`live.${word}`)).toEqual([]);
  });

  it("that the engine started again within the hour are told, and not those that have settled", async () => {
    const inspected = {
      "id-redis": { restarts: 3, startedAt: "2026-11-21T11:50:00Z" },
      "id-nats": { restarts: 9, startedAt: "2026-11-20T11:50:00Z" },
    };

    expect(await findings("live.restarts", { live, inspected })).toMatchObject([
      {
        severity: "warning",
        component: "redis",
        message: "it ended and was started again 3 times, last at 2026-11-21T11:50:00Z",
      },
    ]);
  });

  it.each([
    [
      "cgroup v2 under systemd",
      "/sys/fs/cgroup/system.slice/docker-id-redis.scope/memory.events",
      "oom 2\noom_kill 2\n",
    ],
    ["cgroup v2", "/sys/fs/cgroup/docker/id-redis/memory.events", "max 9\noom_kill 2\noom_group_kill 0\n"],
    ["cgroup v1", "/sys/fs/cgroup/memory/docker/id-redis/memory.oom_control", "under_oom 0\noom_kill 2\n"],
  ])("whose processes were ended for lack of memory are told: %s", async (_where, path, text) => {
    expect(await findings("live.memory-kills", { live, files: { [path]: text } })).toMatchObject([
      { component: "redis", message: expect.stringContaining("ended 2 of its processes") as string },
    ]);
  });

  it("whose images, or those of jobs, are gone from the engine are told", async () => {
    const found = await findings("live.images", { live, files, imagesGone: ["job:1"] });

    expect(found).toMatchObject([
      { severity: "warning", message: "the image job:1 is gone, and backup cannot be started from it" },
    ]);
  });

  it("whose image bears another's name by now are told", async () => {
    const old = { services: new Map([["redis", { ...service("redis"), imageId: "sha256:0" }]]) };

    expect(await findings("live.image-tags", { live: old })).toMatchObject([
      { component: "redis", message: "img:1 is another image by now than the one that runs" },
    ]);
  });
});
