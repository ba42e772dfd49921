import { describe, expect, it } from "vitest";
import { findings, severities } from "../../../actions/preflight/checks/testing/findings.ts";

describe("places", () => {
  const mount = (type: string, options = "rw") => ({
    "/proc/self/mountinfo": `1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:2 / /srv ${options} - ${type} x rw\n`,
  });
  const set = ["dataDir=/srv/slipway"];

  it.each([
    ["tmpfs", "failure"],
    ["vfat", "failure"],
    ["nfs4", "warning"],
  ])("for data on %s are a %s", async (type, severity) => {
    expect(severities(await findings("data-dir.usable", { set, files: mount(type) }))).toEqual([severity]);
  });

  it("for data must be directories that can be written", async () => {
    expect(await findings("data-dir.usable", { set, files: mount("ext4", "ro") })).toHaveLength(1);
    expect(await findings("data-dir.usable", { set, stats: { "/srv": { directory: false } } })).toHaveLength(1);
    expect(await findings("data-dir.usable", { set, uid: 1000 })).toHaveLength(1);
    expect(await findings("data-dir.usable", { set, files: mount("xfs") })).toEqual([]);
  });

  it("for records belong to us alone", async () => {
    const other = { "/var/lib/slipway/slipway": { directory: true, uid: 4242, mode: 0o700 } };
    const open = { "/var/lib/slipway/slipway": { directory: true, uid: 0, mode: 0o755 } };

    expect(severities(await findings("state-dir.usable", { stats: other }))).toEqual(["failure"]);
    expect(severities(await findings("state-dir.usable", { stats: open }))).toEqual(["warning"]);
  });

  it("stay where the data is", async () => {
    const recorded = (dataDir?: string) => ({
      "/var/lib/slipway/slipway/plan.json": JSON.stringify({ settings: dataDir === undefined ? {} : { dataDir } }),
    });
    const volumes = [{ name: "slipway_redis-data", labels: { "dev.slipway.install": "me" } }];
    const there = { installId: "me", volumes };

    expect(await findings("data-dir.unmoved", { ...there, set, files: recorded() })).toMatchObject([
      { message: "dataDir is /srv/slipway, and the data of this install is in the engine's own volumes" },
    ]);
    expect(await findings("data-dir.unmoved", { ...there, files: recorded("/srv/old") })).toHaveLength(1);
    expect(await findings("data-dir.unmoved", { ...there, set, files: recorded("/srv/slipway") })).toEqual([]);
    expect(await findings("data-dir.unmoved", { installId: "me", set, files: recorded() })).toEqual([]);
    expect(await findings("data-dir.unmoved", { ...there, set })).toEqual([]);
  });

  it("are not moved after a first install that failed", async () => {
    const files = {
      "/var/lib/slipway/slipway/plan.pending.json": JSON.stringify({ settings: { dataDir: "/srv/old" } }),
      "/var/lib/slipway/slipway/applied.json": JSON.stringify({
        apiVersion: "slipway/v2",
        change: { at: "", hash: "" },
      }),
    };
    const volumes = [{ name: "slipway_redis-data", labels: { "dev.slipway.install": "me" } }];

    expect(await findings("data-dir.unmoved", { installId: "me", volumes, set, files })).toHaveLength(1);
  });

  it("that hold something of somebody else take no data", async () => {
    const files = {
      "/srv/slipway/postgres-data/PG_VERSION": "16",
      "/srv/slipway/redis-data/lost+found": "",
      "/srv/slipway/notes": "",
    };

    expect(await findings("data-dir.empty", { set, files })).toMatchObject([
      {
        severity: "failure",
        message: "/srv/slipway/postgres-data holds something already, and it is not of this install",
      },
    ]);
    expect(await findings("data-dir.empty", { set, files, installId: "me" })).toHaveLength(1);
    expect(await findings("data-dir.empty", { files })).toEqual([]);
  });

  it("that hold this install's own data are right", async () => {
    const files = { "/srv/slipway/postgres-data/PG_VERSION": "16" };
    const labels = { "dev.slipway.install": "me", "dev.slipway.component": "postgres" };
    const own = { name: "slipway_postgres-data", labels };
    const applied = JSON.stringify({ initialised: { "postgres/data": { at: "" } } });
    const recorded = { ...files, "/var/lib/slipway/slipway/applied.json": applied };

    expect(await findings("data-dir.empty", { set, files, volumes: [own], installId: "me" })).toEqual([]);
    expect(await findings("data-dir.empty", { set, files: recorded, installId: "me" })).toEqual([]);
    expect(await findings("data-dir.empty", { set, files: recorded })).toHaveLength(1);
    expect(await findings("data-dir.empty", { set, files, volumes: [own], installId: "other" })).toHaveLength(1);
  });

  it("are not volumes that somebody else made by hand", async () => {
    const volumes = [{ name: "slipway_redis-data", labels: {} }];

    expect(await findings("install.name-free", { volumes, installId: "me" })).toHaveLength(1);
    expect(await findings("install.name-free", { volumes: [{ name: "other_redis-data", labels: {} }] })).toEqual([]);
  });

  it("are not shared with another install of the name", async () => {
    const volumes = [{ name: "slipway_redis-data", labels: { "dev.slipway.install": "another" } }];

    expect(await findings("install.name-free", { volumes })).toHaveLength(1);
    expect(await findings("install.name-free", { volumes, installId: "another" })).toEqual([]);
    expect(
      await findings("install.name-free", { containers: [{ name: "slipway-web-1", labels: {}, ports: [] }] }),
    ).toHaveLength(1);
  });
});

describe("containers of an install", () => {
  const file = "com.docker.compose.project.config_files";
  const made = (from: string) => ({
    containers: [{ name: "slipway-web-1", labels: { "dev.slipway.name": "slipway", [file]: from }, ports: [] }],
  });
  const here = "/var/lib/slipway/slipway/live/compose.yaml";

  it("whose records are somewhere else are not taken over", async () => {
    expect(await findings("install.name-free", made(here))).toHaveLength(1);
    expect(await findings("install.name-free", { ...made("/other/live/compose.yaml"), installId: "me" })).toHaveLength(
      1,
    );
  });

  it("are its own by the file they were made from, or by the volumes beside them", async () => {
    const volumes = [{ name: "slipway_redis-data", labels: { "dev.slipway.install": "me" } }];

    expect(await findings("install.name-free", { ...made(here), installId: "me" })).toEqual([]);
    expect(
      await findings("install.name-free", { ...made("/moved/live/compose.yaml"), volumes, installId: "me" }),
    ).toEqual([]);
  });
});
