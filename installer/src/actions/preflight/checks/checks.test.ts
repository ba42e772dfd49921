import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Finding } from "../../../events/event.ts";
import { type FakeWorld, fakeContext } from "../../../../test/support/fake-check-context.ts";
import { runChecks } from "../run-checks.ts";
import { composeLive, composePreflight } from "../../../targets/compose/checks/all.ts";
import { hostChecks } from "./all.ts";
import { liveChecks } from "./live.ts";

const preflightChecks = [...composePreflight, ...hostChecks];

async function findings(id: string, world: FakeWorld = {}): Promise<readonly Finding[]> {
  const check = [...preflightChecks, ...composeLive, ...liveChecks].find((candidate) => candidate.id === id);
  if (check === undefined) throw new Error(`no check ${id}`);
  const report = await runChecks([check], fakeContext(world));
  return report.findings.filter((finding) => finding.severity !== "ok");
}

const severities = (list: readonly Finding[]): readonly string[] => list.map((finding) => finding.severity);

describe("all checks", () => {
  it("have different names, and say what and why", () => {
    const checks = [...preflightChecks, ...composeLive, ...liveChecks];

    expect(new Set(checks.map((check) => check.id)).size).toBe(checks.length);
    for (const check of checks)
      expect(`${check.id} ${check.title} ${check.why}`).toMatch(/^[a-z-]+\.[a-z-]+ .{10,} .{10,}/);
  });

  it("find nothing on a host that is ready", async () => {
    const report = await runChecks(preflightChecks, fakeContext());

    expect(report.findings.filter((finding) => finding.severity !== "ok")).toEqual([]);
    expect(report.checks).toBe(preflightChecks.length);
  });

  it("that break are a failure of their own and stop no other", async () => {
    const broken = { ...preflightChecks[0]!, id: "a.breaks", run: () => Promise.reject(new Error("boom")) };
    const fine = { ...preflightChecks[0]!, id: "b.works", run: () => [] };
    const report = await runChecks([broken, fine], fakeContext());

    expect(report.findings).toMatchObject([
      { id: "a.breaks", severity: "failure", message: "the check itself failed: boom" },
      { id: "b.works", severity: "ok" },
    ]);
  });

  it("are never graver than they say", async () => {
    const mild = {
      ...preflightChecks[0]!,
      severity: "warning" as const,
      run: () => [{ severity: "failure" as const, message: "m", remedy: "r" }],
    };
    const report = await runChecks([mild], fakeContext());

    expect(report.findings[0]?.severity).toBe("warning");
  });
});

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

describe("resources", () => {
  const gib = 1024 ** 3;

  it("warn when the limits together are more than there is, and fail far below", async () => {
    expect(severities(await findings("resources.memory", { info: { memoryBytes: 6 * gib } }))).toEqual(["warning"]);
    expect(severities(await findings("resources.memory", { info: { memoryBytes: 1.2 * gib } }))).toEqual(["failure"]);
  });

  it("name the component whose limit no memory can hold", async () => {
    const found = await findings("resources.memory", { set: ["postgres.resources.memory=64Gi"] });

    expect(found).toMatchObject([{ component: "postgres", severity: "failure" }]);
  });

  it("name each component with more processors than there are", async () => {
    const found = await findings("resources.cpu", { info: { cpus: 1 } });

    expect(found.map((finding) => finding.component)).toContain("postgres");
    expect(found[0]?.remedy).toContain("resources.cpus to 1");
  });

  it("fail when a place has too little disk", async () => {
    const engine = await findings("resources.disk", { free: { "/var/lib/docker": gib } });
    const state = await findings("resources.disk", { free: { "/var/lib": 10 * 1024 * 1024 } });
    const data = await findings("resources.disk", { set: ["dataDir=/srv/slipway"], free: { "/srv": gib } });

    expect(engine).toMatchObject([
      { severity: "failure", message: expect.stringContaining("/var/lib/docker has 1.0 GiB free") as unknown },
    ]);
    expect(state).toMatchObject([
      { severity: "failure", message: expect.stringContaining("records and secrets") as unknown },
    ]);
    expect(data).toMatchObject([
      { severity: "failure", message: expect.stringContaining("/srv/slipway has 1.0 GiB free") as unknown },
    ]);
  });

  it("warn when the stores may outgrow the disk", async () => {
    const found = await findings("resources.disk", { free: { "/var/lib/docker": 100 * gib } });

    expect(found).toMatchObject([{ severity: "warning" }]);
    expect(found[0]?.message).toMatch(
      /^the volumes may grow to 7\d\d\.0 GiB and \/var\/lib\/docker has 100\.0 GiB free$/,
    );
  });

  it("warn when inodes run out, and ignore file systems that have no fixed number", async () => {
    const df = (line: string) => ({
      "df -Pi /var/lib/docker": {
        exitCode: 0,
        stdout: `Filesystem Inodes IUsed IFree IUse% Mounted\n${line}\n`,
        stderr: "",
      },
    });

    expect(await findings("resources.inodes", { exec: df("/dev/sda 100000 99000 1000 99% /") })).toHaveLength(1);
    expect(await findings("resources.inodes", { exec: df("btrfs 0 0 0 - /") })).toEqual([]);
  });
});

describe("a store elsewhere", () => {
  const set = ["redis.mode=external", "redis.external.host=cache.corp", "redis.external.password=x"];

  it("that does not answer is named before the embedded one is given up", async () => {
    const found = await findings("external.reachable", { set, refuses: { "cache.corp:6379": "ECONNREFUSED" } });

    expect(found).toMatchObject([
      {
        severity: "failure",
        component: "redis",
        message: "redis at cache.corp:6379 cannot be reached: nothing listens there",
      },
    ]);
  });

  it("that answers is well, and so is a platform without any", async () => {
    expect(await findings("external.reachable", { set })).toEqual([]);
    expect(await findings("external.reachable")).toEqual([]);
  });
});

describe("ports", () => {
  // A listening socket on port 80 (0x50) with inode 4711.
  const tcp =
    "  sl  local_address rem_address   st\n   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1\n";

  it("that are taken name who holds them and another port", async () => {
    const found = await findings("ports.bindable", {
      taken: { 80: "EADDRINUSE" },
      files: { "/proc/net/tcp": tcp, "/proc/812/comm": "apache2\n" },
      exec: { find: { exitCode: 0, stdout: "/proc/812/fd/4\n", stderr: "" } },
    });

    expect(found).toHaveLength(1);
    expect(found[0]?.message).toMatch(/port 127\.0\.0\.1:80 .* is taken by apache2 \(process 812\)/);
    expect(found[0]?.remedy).toContain("--set ports.http=8080");
  });

  it.each([
    [2222, "ports.ssh=12222"],
    [9000, "ports.s3=19000"],
  ])("name their own key of the values: %i", async (port, remedy) => {
    const hex = port.toString(16).toUpperCase().padStart(4, "0");
    const files = { "/proc/net/tcp": tcp.replace(":0050", `:${hex}`) };

    const found = await findings("ports.bindable", { taken: { [port]: "EADDRINUSE" }, files });

    expect(found[0]?.remedy).toContain(remedy);
  });

  it("that this install holds are free", async () => {
    const containers = [{ service: "gateway", labels: { "dev.slipway.name": "slipway" }, ports: [{ hostPort: 80 }] }];

    expect(await findings("ports.bindable", { taken: { 80: "EADDRINUSE" }, containers })).toEqual([]);
  });

  it("that the engine is about to hold for a container of this install are free", async () => {
    const gateway = { service: "gateway", labels: { "dev.slipway.name": "slipway" } };
    const looks = [
      { ...gateway, state: "created" as const, ports: [] },
      { ...gateway, state: "running" as const, ports: [{ hostPort: 80 }] },
    ];

    const world = { taken: { 80: "EADDRINUSE" }, containersInTurn: looks.map((look) => [look]) };

    expect(await findings("ports.bindable", world)).toEqual([]);
  });

  it("that only root may bind are no fault when nobody listens there", async () => {
    expect(await findings("ports.bindable", { taken: { 80: "EACCES" } })).toEqual([]);
    expect(await findings("ports.bindable", { taken: { 80: "EACCES" }, files: { "/proc/net/tcp": tcp } })).toHaveLength(
      1,
    );
  });

  it("on a foreign address are a fault of the address", async () => {
    const found = await findings("ports.bindable", { taken: { 80: "EADDRNOTAVAIL" } });

    expect(found[0]?.message).toContain("is not an address of this host");
  });
});

describe("names and time", () => {
  const files = { "/proc/net/fib_trie": "     |-- 10.0.0.5\n        /32 host LOCAL\n" };

  it("warn about names that do not resolve or lead elsewhere", async () => {
    const set = ["domain=ai.corp.example"];
    const missing = await findings("dns.resolves", { set, files });
    const elsewhere = await findings("dns.resolves", { set, files, addresses: { "ai.corp.example": ["203.0.113.9"] } });
    const here = await findings("dns.resolves", { set, files, addresses: { "*": ["10.0.0.5"] } });

    expect(missing.map((finding) => finding.message)).toContain("s3.ai.corp.example does not resolve");
    expect(elsewhere[0]?.message).toContain("203.0.113.9, which is not this host");
    expect(here).toEqual([]);
  });

  it("leave localhost alone, and warn about an address that is not the host's", async () => {
    expect(await findings("dns.resolves", { files })).toEqual([]);
    expect(await findings("dns.resolves", { set: ["domain=10.0.0.9"], files })).toHaveLength(1);
    expect(await findings("dns.resolves", { set: ["domain=10.0.0.5"], files })).toEqual([]);
  });

  it("fail for a clock before the program was made, and warn when it is not synchronised", async () => {
    const ntp = { timedatectl: { exitCode: 0, stdout: "no\n", stderr: "" } };

    expect(severities(await findings("clock.sane", { now: "2020-01-01T00:00:00Z" }))).toEqual(["failure"]);
    expect(severities(await findings("clock.sane", { exec: ntp }))).toEqual(["warning"]);
  });
});

describe("confinement", () => {
  it("by SELinux needs labels on what containers mount, data directory or not", async () => {
    const world = {
      info: { securityOptions: ["name=seccomp,profile=builtin", "name=selinux"] },
      files: { "/sys/fs/selinux/enforce": "1" },
    };

    expect((await findings("kernel.confinement", world))[0]?.remedy).toContain("/var/lib/slipway/slipway/live");
    expect((await findings("kernel.confinement", { ...world, set: ["dataDir=/srv/slipway"] }))[0]?.remedy).toContain(
      "/srv/slipway",
    );
  });
});

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

describe("images", () => {
  it("that can be neither built nor pulled name component and ways out", async () => {
    const exec = { "docker manifest": { exitCode: 1, stdout: "", stderr: "x\nno such host\n" } };
    const found = await findings("images.unavailable", { imagesPresent: false, exec });

    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ component: "casdoor", severity: "failure" });
    expect(found[0]?.message).toContain("no such host");
    expect(found[0]?.remedy).toContain("--without casdoor");
  });

  it("that their registry has are fine", async () => {
    const exec = { "docker manifest": { exitCode: 0, stdout: "{}", stderr: "" } };

    expect(await findings("images.unavailable", { imagesPresent: false, exec })).toEqual([]);
  });

  it("of ours are missing where the program cannot build", async () => {
    const found = await findings("images.unavailable", {
      imagesPresent: false,
      canBuildImages: false,
      set: ["casdoor.mode=off"],
    });

    expect(found.map((finding) => finding.component)).toContain("postgres");
  });
});

describe("TLS files", () => {
  let folder: string;
  let files: Record<string, string>;
  const set = (domain: string) => [
    `domain=${domain}`,
    "tls.mode=files",
    "tls.certFile=/tls/a.crt",
    "tls.keyFile=/tls/a.key",
    "casdoor.mode=off",
  ];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "slipway-tls-"));
    for (const name of ["a", "b"]) {
      execFileSync(
        "openssl",
        [
          "req",
          "-x509",
          "-newkey",
          "ec",
          "-pkeyopt",
          "ec_paramgen_curve:P-256",
          "-nodes",
          "-days",
          "90",
          "-subj",
          "/CN=x",
          "-addext",
          "subjectAltName=DNS:ai.corp.example,DNS:*.ai.corp.example",
          "-keyout",
          join(folder, `${name}.key`),
          "-out",
          join(folder, `${name}.crt`),
        ],
        { stdio: "ignore" },
      );
    }
    const read = (name: string): string => readFileSync(join(folder, name), "utf8");
    files = { "/tls/a.crt": read("a.crt"), "/tls/a.key": read("a.key"), "/tls/b.key": read("b.key") };
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();

  it("that fit are fine", async () => {
    expect(await findings("files.tls", { set: set("ai.corp.example"), files, now: inDays(1) })).toEqual([]);
  });

  it("must be readable", async () => {
    const found = await findings("files.tls", { set: set("ai.corp.example"), now: inDays(1) });

    expect(found.map((finding) => finding.message)).toEqual([
      expect.stringContaining("tls.certFile: /tls/a.crt cannot be read"),
      expect.stringContaining("tls.keyFile"),
    ]);
  });

  it("must belong together", async () => {
    const found = await findings("files.tls", {
      set: set("ai.corp.example"),
      files: { ...files, "/tls/a.key": files["/tls/b.key"] ?? "" },
      now: inDays(1),
    });

    expect(found[0]?.message).toBe("tls.keyFile is not the key of tls.certFile");
  });

  it("must be what they are said to be", async () => {
    const garbage = await findings("files.tls", {
      set: set("ai.corp.example"),
      files: { ...files, "/tls/a.crt": "hello" },
      now: inDays(1),
    });

    expect(garbage[0]?.message).toContain("holds no certificate");
  });

  it("must not be over, and warn a month before", async () => {
    expect(severities(await findings("files.tls", { set: set("ai.corp.example"), files, now: inDays(100) }))).toEqual([
      "failure",
    ]);
    expect(severities(await findings("files.tls", { set: set("ai.corp.example"), files, now: inDays(70) }))).toEqual([
      "warning",
    ]);
  });

  it("must cover every name", async () => {
    const found = await findings("files.tls", { set: set("other.example"), files, now: inDays(1) });

    expect(found[0]?.message).toMatch(/does not cover other\.example, .*s3\.other\.example/);
  });
});

describe("given secrets", () => {
  const set = ["redis.mode=external", "redis.external.host=r.example", "redis.external.passwordFile=/pw"];

  it("must be readable, not empty and not open to everybody", async () => {
    expect(severities(await findings("files.secrets", { set }))).toEqual(["failure"]);
    expect(severities(await findings("files.secrets", { set, files: { "/pw": " \n" } }))).toEqual(["failure"]);
    expect(
      severities(await findings("files.secrets", { set, files: { "/pw": "x" }, stats: { "/pw": { mode: 0o644 } } })),
    ).toEqual(["warning"]);
    expect(await findings("files.secrets", { set, files: { "/pw": "x" }, stats: { "/pw": { mode: 0o600 } } })).toEqual(
      [],
    );
  });
});

describe("the kernel", () => {
  it("warns about narrow limits and missing confinement", async () => {
    expect(await findings("kernel.limits", { files: { "/proc/sys/fs/file-max": "1000\n" } })).toHaveLength(1);
    expect(await findings("kernel.confinement", { info: { securityOptions: ["name=apparmor"] } })).toHaveLength(1);
  });
});

describe("the live platform", () => {
  const component = {
    id: "redis",
    state: "exited",
    health: "none",
    ok: false,
    drift: ["image changed"],
  };
  const status = { components: [component], foreign: ["stray"] };
  const secrets = "/var/lib/slipway/slipway/secrets";

  it("says which component is down and what drifted", async () => {
    expect(await findings("live.health", { status })).toMatchObject([{ component: "redis", message: "it is stopped" }]);
    expect(await findings("live.health", { status: { ...status, overall: "stopped" } })).toMatchObject([
      { message: "the platform is stopped", remedy: "run slipway start" },
    ]);
    expect((await findings("live.drift", { status })).map((finding) => finding.message)).toEqual([
      "image changed",
      expect.stringContaining("stray"),
    ]);
  });

  it("finds secrets that others can read, short ones and well-known ones", async () => {
    const files = {
      [`${secrets}/a`]: "minioadmin",
      [`${secrets}/b`]: "short-one",
      [`${secrets}/c`]: "long-enough-and-random-0123",
    };
    const stats = { [secrets]: { directory: true, mode: 0o700 }, [`${secrets}/b`]: { mode: 0o644 } };

    expect((await findings("live.secret-modes", { status, files, stats })).map((finding) => finding.message)).toEqual([
      `${secrets}/b is open to others (mode 644)`,
    ]);
    expect((await findings("live.weak-secrets", { status, files, stats })).map((finding) => finding.message)).toEqual([
      "a is a well-known default",
      "b has only 9 characters",
    ]);
  });

  it("finds container logs beyond their limit", async () => {
    const stats = { "/var/lib/docker/containers/abc/abc-json.log": { size: 500 * 1024 * 1024 } };

    const live = { services: new Map([["redis", { component: "redis", id: "abc" }]]) };

    expect(await findings("live.container-logs", { live, stats })).toMatchObject([
      { component: "redis", severity: "warning" },
    ]);
  });

  it("that cannot be looked at is a failure, not taken for one that is not installed", async () => {
    const unknown = "/var/lib/slipway/slipway/applied.json is damaged";

    expect(await findings("live.readable", { status: { unknown } })).toMatchObject([
      { severity: "failure", message: `the state of the platform is not known: ${unknown}` },
    ]);
  });

  it("is silent when nothing is installed", async () => {
    const report = await runChecks(liveChecks, fakeContext());

    expect(report.findings.every((finding) => finding.severity === "ok")).toBe(true);
  });
});
