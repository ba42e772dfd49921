import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { InstallResult } from "../../actions/install/install.ts";
import type { PlanResult } from "../../actions/plan/plan.ts";
import type { StatusResult } from "../../actions/status/status.ts";
import type { VerifyResult } from "../../actions/verify/verify.ts";
import { UsageError } from "../../errors/installer-error.ts";
import type { Engine } from "../../engine/engine.ts";
import { runCli } from "../run-cli.ts";
import { type RunSetup, type TestRun, prepareRun } from "../testing/prepare-run.ts";
import type { Prompts } from "../ui/prompts.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-commands-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function cli(line: string, engine: Partial<Engine>, setup: RunSetup = {}): Promise<TestRun & { status: number }> {
  const run = prepareRun(folder, { engine, ...setup });
  const status = await runCli(line.split(" "), run.context);
  return { ...run, status };
}

const apiVersion = "slipway/v1" as const;

const planned: PlanResult = {
  apiVersion,
  kind: "PlanResult",
  name: "slipway",
  profile: "infra",
  hash: "3f9c2a10b7d4e86500112233445566778899aabbccddeeff0011223344556677",
  offline: false,
  changed: true,
  counts: { create: 0, recreate: 1, restart: 0, run: 0, remove: 0, unchanged: 1 },
  changes: [
    { subject: "component", id: "redis", action: "recreate", reasons: ["resources.memoryMiB 512 → 1024"] },
    { subject: "component", id: "nats", action: "unchanged", reasons: [] },
  ],
};

const verified: VerifyResult = {
  apiVersion,
  kind: "VerifyResult",
  name: "slipway",
  ok: false,
  passed: 0,
  failed: 1,
  wires: [
    {
      wire: "nats",
      kind: "nats",
      from: "hub",
      to: "nats.client",
      address: "nats:4222",
      ok: false,
      expectation: "publishes",
      ms: 12,
      error: "connection refused",
      cause: "nats does not run",
    },
  ] as VerifyResult["wires"],
  skipped: [{ wire: "casdoor-login", component: "casdoor", reason: "casdoor is not installed" }],
  ms: 40,
};

const installed: InstallResult = {
  apiVersion,
  kind: "InstallResult",
  name: "slipway",
  changed: true,
  dryRun: false,
  planHash: "abc123",
  release: 3,
  changes: [],
  urls: [{ component: "gateway", title: { en: "Platform", zh: "平台" }, url: "http://localhost" }],
  notInstalled: [{ component: "casdoor", title: { en: "Casdoor", zh: "Casdoor" }, reason: "no image" }],
  ms: 61_000,
};

describe("plan", () => {
  it("shows what changes and why, and the hash", async () => {
    const run = await cli("plan", { plan: () => Promise.resolve(planned) });

    expect(run.status).toBe(0);
    expect(run.stdout()).toBe(
      "~ recreate component redis\n    resources.memoryMiB 512 → 1024\n1 recreate, 1 unchanged\nplan 3f9c2a10b7d4e865\n",
    );
  });

  it("shows what is new on one line each", async () => {
    const changes = ["redis", "nats"].map((id) => ({
      subject: "component" as const,
      id,
      action: "create" as const,
      reasons: ["new"],
    }));
    const run = await cli("plan", { plan: () => Promise.resolve({ ...planned, changes }) });

    expect(run.stdout()).toMatch(/^\+ create component redis\n\+ create component nats\n1 recreate/);
  });

  it("ends with 14 on changes when --exit-code asks for it, 0 without changes", async () => {
    const changed = await cli("plan --exit-code", { plan: () => Promise.resolve(planned) });
    const same = await cli("plan --exit-code", { plan: () => Promise.resolve({ ...planned, changed: false }) });

    expect([changed.status, same.status]).toEqual([14, 0]);
  });

  it("prints the result itself with --json", async () => {
    const run = await cli("plan --json", { plan: () => Promise.resolve(planned) });

    expect(JSON.parse(run.stdout())).toEqual(planned);
  });

  it("knows no target but compose", async () => {
    expect((await cli("plan --mode helm", {})).status).toBe(2);
  });
});

describe("install", () => {
  it("hands every option over", async () => {
    const run = await cli(
      "install --plan-hash 3F9C2A10B7D4 --dry-run --timeout 15m --no-verify --jobs 3 --without-unavailable --accept-data-loss redis",
      { install: () => Promise.resolve({ ...installed, dryRun: true }) },
    );

    expect(run.requests["install"]?.[0]).toMatchObject({
      planHash: "3f9c2a10b7d4",
      dryRun: true,
      timeoutSeconds: 900,
      skipVerify: true,
      jobs: 3,
      withoutUnavailable: true,
      acceptDataLoss: ["redis"],
    });
    expect(run.stdout()).toContain("plan abc123");
  });

  it("ends with addresses, what is not installed and that there is no login", async () => {
    const run = await cli("install", { install: () => Promise.resolve(installed) });

    expect(run.status).toBe(0);
    expect(run.stdout()).toBe(
      "slipway is installed and healthy (release 3, 1 min 1 s)\n  Platform  http://localhost\n  no login component installed\n  not installed: Casdoor (no image)\n",
    );
  });

  it("says how to read the first password", async () => {
    const title = { en: "Casdoor", zh: "Casdoor" };
    const firstPassword = { title, user: "root", secret: "casdoor-root", command: "slipway secrets show casdoor-root" };
    const run = await cli("install", {
      install: () => Promise.resolve({ ...installed, changed: false, firstPassword }),
    });

    expect(run.stdout()).toContain("nothing was changed");
    expect(run.stdout()).toContain("Casdoor: log in as root; the first password: slipway secrets show casdoor-root");
  });

  it("names commands as the program was called, with the state directory that was given", async () => {
    const title = { en: "Casdoor", zh: "Casdoor" };
    const firstPassword = { title, user: "root", secret: "casdoor-root", command: "slipway secrets show casdoor-root" };
    const run = await cli(
      "install --state-dir st",
      { install: () => Promise.resolve({ ...installed, firstPassword }) },
      { io: { env: { SLIPWAY_PROGRAM: "./slipway" } } },
    );

    expect(run.stdout()).toContain(`the first password: ./slipway --state-dir ${folder}/st secrets show casdoor-root`);
  });

  it.each(["abc", "3f9c2a10b7d", "not-a-hash-at-all", "a".repeat(65)])("refuses the plan hash %s", async (hash) => {
    const run = await cli(`install --plan-hash ${hash}`, {});

    expect(run.status).toBe(2);
    expect(run.stderr()).toContain("its first 12 digits");
  });

  it.each(["0", "ten", "1.5h", "-1"])("refuses the timeout %s", async (timeout) => {
    expect((await cli(`install --timeout=${timeout}`, {})).status).toBe(2);
  });
});

describe("verify", () => {
  it("names wire, address and likely cause, and ends with 12", async () => {
    const run = await cli("verify nats", { verify: () => Promise.resolve(verified) });

    expect(run.status).toBe(12);
    expect(run.requests["verify"]?.[0]).toMatchObject({ component: "nats" });
    expect(run.stdout()).toContain(
      "nats: connection refused\n  address: nats:4222\n  likely cause: nats does not run\n",
    );
    expect(run.stdout()).toContain("skipped casdoor-login: casdoor is not installed");
    expect(run.stdout()).toContain("0 of 1 wires work, 1 skipped (40 ms)");
  });
});

describe("what a wire proves", () => {
  const expectation =
    "connects as the platform's own user, creates a bucket, writes, reads and removes an object of it";
  const wires = verified.wires.map((wire) => ({ ...wire, ok: true, expectation }));
  const verify = () => Promise.resolve({ ...verified, ok: true, passed: 1, failed: 0, wires });

  it("is wrapped on a terminal and whole in a pipe", async () => {
    const terminal = await cli("verify --no-color", { verify }, { io: { stdoutIsTTY: true } });
    const pipe = await cli("verify", { verify });

    expect(pipe.stdout()).toContain(`  ${expectation}\n`);
    expect(
      Math.max(
        ...terminal
          .stdout()
          .split("\n")
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(100);
    expect(terminal.stdout().replace(/\s+/g, " ")).toContain(expectation);
  });
});

describe("status", () => {
  const healthy: StatusResult = {
    apiVersion,
    kind: "StatusResult",
    name: "slipway",
    installed: true,
    overall: "healthy",
    engine: { version: "26.1.5", apiVersion: "1.45" },
    components: [
      {
        id: "redis",
        title: { en: "Redis", zh: "Redis" },
        presence: "embedded",
        state: "running",
        health: "healthy",
        ok: true,
        uptimeSeconds: 3700,
        ports: [{ address: "127.0.0.1", hostPort: 80, containerPort: 8080, protocol: "tcp" }],
        image: "slipway/valkey:1",
        urls: [],
        drift: ["image changed by hand"],
      },
    ],
    notInstalled: [],
    foreign: ["stray"],
    urls: [],
  };

  it("ends with 0 when healthy and 7 when not", async () => {
    const well = await cli("status", { status: () => Promise.resolve(healthy) });
    const ill = await cli("status", { status: () => Promise.resolve({ ...healthy, overall: "degraded" }) });

    expect([well.status, ill.status]).toEqual([0, 7]);
    expect(well.stdout()).toContain("redis      running  healthy  1 h 1 min  127.0.0.1:80  slipway/valkey:1");
    expect(well.stdout()).toContain("drift: redis: image changed by hand");
    expect(well.stdout()).toContain("foreign container in this project: stray");
  });

  it("looks again and again with --watch until it is stopped", async () => {
    const abort = new AbortController();
    let looks = 0;
    const run = await cli(
      "status --watch --json",
      {
        status: () => {
          looks += 1;
          if (looks === 3) abort.abort();
          return Promise.resolve(healthy);
        },
      },
      { signal: abort.signal },
    );

    expect(looks).toBe(3);
    expect(run.status).toBe(0);
  });
});

describe("logs", () => {
  const logs: Partial<Engine> = {
    logs: (request) => {
      request.onLine("redis", "ready");
      return Promise.resolve({ apiVersion, kind: "LogsResult", lines: 1, components: ["redis"] });
    },
  };

  it("prints the lines of one component as they are, of several with their component", async () => {
    const one = await cli("logs redis --tail 5 --since 10m --follow", logs);
    const all = await cli("logs", logs);

    expect(one.stdout()).toBe("ready\n");
    expect(one.requests["logs"]?.[0]).toMatchObject({ components: ["redis"], tail: 5, since: "10m", follow: true });
    expect(all.stdout()).toBe("redis | ready\n");
  });

  it("refuses a time nobody can read", async () => {
    const run = await cli("logs --since yesterday", logs);

    expect(run.status).toBe(2);
    expect(run.stderr()).toContain("10m, 2h or 2026-11-21T10:00:00Z");
  });

  it("prints one object a line with --json", async () => {
    const run = await cli("logs --json", logs);

    expect(JSON.parse(run.stdout())).toEqual({ component: "redis", line: "ready" });
  });
});

describe("uninstall", () => {
  const remains = { containers: 1, networks: 2, volumes: 1, state: true };
  const uninstall: Partial<Engine> = {
    findRemains: () => Promise.resolve(remains),
    uninstall: (request) =>
      Promise.resolve({
        apiVersion,
        kind: "UninstallResult",
        name: request.name,
        purged: request.purge,
        removed: { containers: ["a"], networks: [], volumes: [], directories: [] },
        kept: { volumes: ["slipway_redis-data"], stateDir: "/state" },
      }),
  };
  const answering = (answers: Partial<Prompts>): RunSetup => ({
    prompts: { available: true, ...answers } as Prompts,
  });

  it("keeps data, and needs a yes", async () => {
    const run = await cli("uninstall --yes", uninstall);

    expect(run.requests["uninstall"]).toEqual([expect.objectContaining({ purge: false })]);
    expect(run.stdout()).toContain("kept: 1 volumes with data (slipway_redis-data)");
  });

  it.each(["uninstall", "uninstall --purge", "uninstall --purge --yes"])(
    "ends `%s` with 10 and does nothing when nobody can be asked",
    async (line) => {
      const run = await cli(line, uninstall);

      expect(run.status).toBe(10);
      expect(run.stderr()).toMatch(/hint: give --yes/);
      expect(run.requests["uninstall"]).toBeUndefined();
    },
  );

  it.each(["uninstall", "uninstall --purge", "uninstall --purge --yes-i-mean slipway"])(
    "looks first: `%s` says that nothing is installed and asks nothing",
    async (line) => {
      const none = { containers: 0, networks: 0, volumes: 0, state: false };
      const run = await cli(line, { ...uninstall, findRemains: () => Promise.resolve(none) });

      expect([run.status, run.requests["uninstall"]]).toEqual([0, undefined]);
      expect(run.stdout()).toBe("nothing named slipway is installed; nothing was removed\n");
    },
  );

  it("refuses a name that is not the install's before it looks", async () => {
    const run = await cli("uninstall --yes-i-mean other", uninstall);

    expect([run.status, run.requests["findRemains"]]).toEqual([2, undefined]);
  });

  it("asks with what it found", async () => {
    const asked: string[] = [];
    const confirm = (message: string) => Promise.resolve(asked.push(message) > 0);
    await cli("uninstall", uninstall, answering({ confirm }));

    expect(asked).toEqual(['Remove 1 containers and 2 networks of "slipway"? Its data stays.']);
  });

  it("purges with the name given, and refuses another name", async () => {
    const right = await cli("uninstall --purge --yes-i-mean slipway", uninstall);
    const wrong = await cli("uninstall --purge --yes-i-mean other", uninstall);

    expect(right.requests["uninstall"]?.[0]).toMatchObject({ purge: true, confirmedName: "slipway" });
    expect(wrong.status).toBe(2);
  });

  it("purges when the name is typed, and stops when it is not", async () => {
    const right = await cli("uninstall --purge", uninstall, answering({ input: () => Promise.resolve("slipway") }));
    const wrong = await cli("uninstall --purge", uninstall, answering({ input: () => Promise.resolve("yes") }));

    expect(right.status).toBe(0);
    expect([wrong.status, wrong.requests["uninstall"]]).toEqual([10, undefined]);
  });

  it("stops when the question is declined", async () => {
    const run = await cli("uninstall", uninstall, answering({ confirm: () => Promise.resolve(false) }));

    expect([run.status, run.requests["uninstall"]]).toEqual([10, undefined]);
  });

  it("does not take --keep-data and --purge together", async () => {
    expect((await cli("uninstall --keep-data --purge", uninstall)).status).toBe(2);
  });
});

describe("secrets", () => {
  const secrets: Partial<Engine> = {
    showSecret: (request) =>
      Promise.resolve({
        apiVersion,
        kind: "SecretShowResult",
        name: request.name,
        secret: request.secret,
        value: "s3cret\n",
      }),
    listSecrets: (request) =>
      Promise.resolve({
        apiVersion,
        kind: "SecretsListResult",
        name: request.name,
        secrets: [
          { name: "redis", description: "", generator: "random", parts: [], files: [], usedBy: ["redis", "verify"] },
        ],
      }),
  };

  it("are shown to a terminal, and elsewhere only with --reveal", async () => {
    const terminal = await cli("secrets show redis", secrets, { io: { stdoutIsTTY: true } });
    const pipe = await cli("secrets show redis", secrets);
    const revealed = await cli("secrets show redis --reveal", secrets);

    expect(terminal.stdout()).toBe("s3cret\n");
    expect([pipe.status, pipe.stdout()]).toEqual([10, ""]);
    expect(pipe.stderr()).toContain("--reveal");
    expect(revealed.stdout()).toBe("s3cret\n");
  });

  it("that do not exist are said not to, in a pipe too", async () => {
    const run = await cli("secrets show nope", {
      showSecret: () => Promise.reject(new UsageError("there is no secret nope")),
    });

    expect([run.status, run.stdout()]).toEqual([2, ""]);
    expect(run.stderr()).toBe("error: there is no secret nope\n");
  });

  it("are listed without values", async () => {
    const run = await cli("secrets list", secrets);

    expect(run.stdout()).toContain("redis   random   -      -            redis verify");
  });
});

describe("doctor", () => {
  const report = { apiVersion, kind: "DoctorResult" as const, name: "slipway", checks: 2, failures: 1, warnings: 1 };
  const findings = [
    { id: "b.warns", severity: "warning" as const, message: "old", remedy: "renew" },
    { id: "a.fails", severity: "failure" as const, message: "bad", remedy: "mend", component: "redis" },
  ];

  it("shows failures first, each with its remedy, and ends with 4", async () => {
    const run = await cli("doctor --strict", { doctor: () => Promise.resolve({ ...report, ok: false, findings }) });

    expect(run.status).toBe(4);
    expect(run.requests["doctor"]?.[0]).toMatchObject({ strict: true, listOnly: false });
    expect(run.stdout()).toBe(
      "failure [a.fails] redis: bad\n    mend\nwarning [b.warns] old\n    renew\n2 checks: 1 failure, 1 warning\n",
    );
  });

  it("names every check with --list --json", async () => {
    const check = { id: "a.b", title: "t", why: "w", severity: "failure" as const, live: false };
    const run = await cli("doctor --list --json", {
      doctor: () => Promise.resolve({ apiVersion, kind: "CheckList", checks: [check] }),
    });

    expect(run.status).toBe(0);
    expect(JSON.parse(run.stdout())).toMatchObject({ kind: "CheckList", checks: [check] });
  });
});

describe("stop, start, restart", () => {
  it.each(["stop", "start", "restart"] as const)("%s hands component and limit over", async (action) => {
    const result = {
      apiVersion,
      kind: "LifecycleResult" as const,
      name: "slipway",
      action,
      components: [{ id: "redis", changed: true }],
    };
    const run = await cli(`${action} redis --timeout 2m`, { [action]: () => Promise.resolve(result) });

    expect(run.requests[action]?.[0]).toMatchObject({ component: "redis", timeoutSeconds: 120 });
    expect(run.stdout()).toMatch(/ed: redis\n$/);
  });
});

describe("ca export", () => {
  const exported = {
    apiVersion,
    kind: "CaExportResult" as const,
    name: "slipway",
    certificate: "PEM\n",
    fingerprint: "AA",
    expires: "2036",
  };

  it("prints the certificate, or says where it was written", async () => {
    const printed = await cli("ca export", { exportCa: () => Promise.resolve(exported) });
    const written = await cli("ca export --out ca.crt", {
      exportCa: (request) => Promise.resolve({ ...exported, out: request.out ?? "" }),
    });

    expect(printed.stdout()).toBe("PEM\n");
    expect(written.stdout()).toContain(`wrote ${join(folder, "ca.crt")}`);
  });
});

describe("render", () => {
  const rendered = (out?: string) => ({
    apiVersion,
    kind: "RenderResult" as const,
    name: "slipway",
    mode: "compose" as const,
    ...(out !== undefined && { out }),
    files: [{ path: "compose.yaml", secret: false, contents: "name: x\n" }],
    written: 1,
    removed: [],
    notes: [],
  });

  it("writes to a directory, prints with -, and needs one of them", async () => {
    const written = await cli("render --out out", { render: (request) => Promise.resolve(rendered(request.out)) });
    const printed = await cli("render --mode helm --out -", {
      render: (request) => Promise.resolve(rendered(request.out)),
    });

    expect(written.stdout()).toContain(`1 of 1 files written to ${join(folder, "out")}`);
    expect(printed.requests["render"]?.[0]).not.toHaveProperty("out");
    expect(printed.stdout()).toBe("# ==> compose.yaml <==\nname: x\n");
    expect((await cli("render", {})).status).toBe(2);
  });
});

describe("images", () => {
  it("builds the named ones and lists all", async () => {
    const image = { name: "minio", reference: "slipway/minio:1", state: "built" as const };
    const built = await cli("images build minio gitaly --jobs 2", {
      buildImages: () => Promise.resolve({ apiVersion, kind: "ImagesBuildResult", images: [image], ms: 2000 }),
    });
    const row = {
      name: "minio",
      kind: "built" as const,
      reference: "slipway/minio:1",
      present: false,
      digests: [],
      usedBy: ["minio"],
    };
    const listed = await cli("images list", {
      listImages: () => Promise.resolve({ apiVersion, kind: "ImagesListResult", images: [row] }),
    });

    expect(built.requests["buildImages"]?.[0]).toMatchObject({ names: ["minio", "gitaly"], jobs: 2 });
    expect(built.stdout()).toContain("built 1 in 2.0 s, 0 were there\n  slipway/minio:1");
    expect(listed.stdout()).toContain("minio  built   no       slipway/minio:1  minio");
  });
});

describe("init", () => {
  const init: Partial<Engine> = {
    init: (request) =>
      Promise.resolve({ apiVersion, kind: "InitResult", path: request.out, profile: "infra", given: {} }),
  };

  it.each(["--yes", "--profile infra", "--set a=1", "--without casdoor"])("asks nothing with %s", async (flag) => {
    const run = await cli(`init ${flag}`, init);

    expect(run.status).toBe(0);
    expect(run.requests["init"]?.[0]).toMatchObject({ out: join(folder, "values.yaml"), answers: undefined });
  });

  it("ends with 10 and names the flags when nobody can be asked", async () => {
    const run = await cli("init", init);

    expect(run.status).toBe(10);
    expect(run.stderr()).toContain("--yes");
  });
});
