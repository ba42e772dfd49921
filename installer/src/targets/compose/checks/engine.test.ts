import { describe, expect, it } from "vitest";
import { findings, severities } from "../../../actions/preflight/checks/testing/findings.ts";

describe("the engine", () => {
  it.each(["name=rootless", "name=userns"])(
    "must give containers the users that files are given to: %s",
    async (option) => {
      const info = { securityOptions: ["name=seccomp,profile=builtin", option] };

      expect(severities(await findings("engine.users", { info }))).toEqual(["failure"]);
    },
  );

  it("that does not answer is a failure with the way to start it", async () => {
    const found = await findings("engine.reachable", { unreachable: "connect ENOENT /var/run/docker.sock" });

    expect(found[0]?.message).toContain("connect ENOENT");
    expect(found[0]?.remedy).toContain("start it");
  });

  it("that may not be used asks for root or the group", async () => {
    const found = await findings("engine.reachable", { unreachable: "no permission to use the docker engine" });

    expect(found[0]?.remedy).toContain("group docker");
  });

  it.each([
    ["23.0.6", ["failure"]],
    ["24.0.0", ["warning"]],
    ["25.0.3", ["warning"]],
    ["26.1.5+dfsg1", []],
    ["29.0.1", []],
  ])("of version %s gives %j", async (version, expected) => {
    expect(severities(await findings("engine.version", { info: { version } }))).toEqual(expected);
  });

  it.each([
    ["2026-11-21T12:00:40Z", []],
    ["2026-11-21T11:57:00Z", ["warning"]],
    ["2026-11-21T12:15:00Z", ["failure"]],
    ["2026-11-20T12:00:00Z", ["failure"]],
  ])("whose clock says %s at 12:00 gives %j", async (time, expected) => {
    expect(severities(await findings("engine.clock", { info: { time: new Date(time) } }))).toEqual(expected);
  });

  it("says which of the two clocks is behind, and nothing where the engine tells no time", async () => {
    const found = await findings("engine.clock", { info: { time: new Date("2026-11-21T11:30:00Z") } });

    expect(found[0]?.message).toBe("the clock of the Docker engine is 30 minutes behind this host's");
    expect(await findings("engine.clock")).toEqual([]);
  });

  it.each([
    [undefined, 1],
    ["2.23.3", 1],
    ["v2.24.0", 0],
    ["2.26.1", 0],
    ["5.0.0", 0],
  ])("with compose %s gives %d failures", async (compose, count) => {
    expect(await findings("engine.compose", { compose })).toHaveLength(count);
  });

  it("without the docker program says what to install", async () => {
    const found = await findings("engine.compose", { withoutProgram: true });

    expect(found).toMatchObject([{ message: "the program docker or its Compose plugin is not installed" }]);
    expect(found[0]?.remedy).toContain("docker-compose");
  });

  it("without buildx is a warning, and none where nothing is built", async () => {
    const exec = { "docker buildx version": { exitCode: 1, stdout: "", stderr: "" } };

    expect(severities(await findings("engine.buildx", { exec }))).toEqual(["warning"]);
    expect(await findings("engine.buildx", { exec, canBuildImages: false })).toEqual([]);
  });

  it("on vfs is a warning", async () => {
    expect(severities(await findings("engine.storage-driver", { info: { storageDriver: "vfs" } }))).toEqual([
      "warning",
    ]);
  });

  it("without the pids controller is a failure, on either cgroup version", async () => {
    const v1 = "#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t1\t1\t1\npids\t2\t1\t0\n";

    const first = await findings("engine.cgroup", { info: { cgroupVersion: "1" }, files: { "/proc/cgroups": v1 } });
    const second = await findings("engine.cgroup", {
      info: { cgroupVersion: "2" },
      files: { "/sys/fs/cgroup/cgroup.controllers": "cpu memory io" },
    });

    expect(first[0]?.message).toContain('"pids" is not available (cgroup v1)');
    expect(second[0]?.message).toContain('"pids" is not available (cgroup v2)');
  });
});
