import { readdir } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DoctorReport } from "../../src/actions/doctor/doctor.ts";
import type { InstallResult } from "../../src/actions/install/install-request.ts";
import type { PlanResult } from "../../src/actions/plan/plan.ts";
import type { RollbackResult } from "../../src/actions/rollback/rollback.ts";
import type { SecretsRotateResult } from "../../src/actions/secrets/rotate.ts";
import type { SecretsListResult } from "../../src/actions/secrets/secrets.ts";
import type { StatusResult } from "../../src/actions/status/status.ts";
import type { VerifyResult } from "../../src/actions/verify/verify.ts";
import type { ChildResult } from "../support/child.ts";
import { infraServices, mustInstall, openPlatform } from "../support/platform.ts";
import type { Platform } from "../support/platform.ts";
import { underLoad } from "../support/under-load.ts";

let platform: Platform;
let first: ChildResult;

beforeAll(async () => {
  platform = await openPlatform({ arguments: ["--without", "casdoor"] });
  first = await platform.run(["install", "--json"]);
}, 300_000);

afterAll(async () => {
  await platform.dispose();
});

/** Ids of the containers, by component. */
async function containerIds(): Promise<Readonly<Record<string, string>>> {
  const lines = await platform.docker(
    ...["ps", "--all", "--no-trunc", "--filter", `label=dev.slipway.name=${platform.name}`],
    ...["--filter", "label=dev.slipway.role=service"],
    ...["--format", '{{.Label "dev.slipway.component"}} {{.ID}}'],
  );
  return Object.fromEntries(
    lines
      .trim()
      .split("\n")
      .map((line) => line.split(" ") as [string, string]),
  );
}

async function changedBy(
  ...args: readonly string[]
): Promise<{ readonly ids: readonly string[]; readonly result: InstallResult }> {
  const before = await containerIds();
  const result = await platform.json<InstallResult>(["install", ...args]);
  const after = await containerIds();
  return {
    ids: Object.keys(after)
      .filter((id) => after[id] !== before[id])
      .toSorted(),
    result,
  };
}

async function sql(statement: string): Promise<string> {
  const id = (await containerIds())["postgres"] ?? "";
  return (
    await platform.docker("exec", id, "psql", "-h", "/run/postgresql", "-U", "postgres", "-XAtc", statement)
  ).trim();
}

describe("a fresh install of infra without Casdoor", () => {
  it("ends well and says so", () => {
    expect(first.stderr + first.stdout).toContain("verify");
    expect(first.exitCode).toBe(0);
    const result = JSON.parse(first.stdout) as InstallResult;
    expect(result).toMatchObject({ changed: true, release: 1, verify: { ok: true, failed: 0 } });
    expect(result.notInstalled.map((row) => row.component)).toContain("casdoor");
    expect(result.firstPassword?.secret).not.toBe("casdoor-root");
  });

  it("answers with the page, in both languages", async () => {
    const english = await fetch(`http://127.0.0.1:${platform.ports.http}/`);
    const chinese = await fetch(`http://127.0.0.1:${platform.ports.http}/zh/`);

    expect(english.status).toBe(200);
    expect(await english.text()).toContain("Slipway");
    expect(chinese.status).toBe(200);
    expect(await chinese.text()).toContain('lang="zh');
  });

  it("proves every wire of what is installed and names the absent component", async () => {
    const result = await platform.json<VerifyResult>(["verify"]);

    expect(result.failed).toBe(0);
    expect(result.passed).toBe(result.wires.length);
    expect(result.passed).toBeGreaterThan(15);
    expect(result.skipped.map((row) => row.component)).toContain("casdoor");
    expect(result.skipped.map((row) => row.component).filter((id) => infraServices.includes(id))).toEqual([]);
  });

  it("has a status that agrees with docker ps", async () => {
    const status = await platform.json<StatusResult>(["status"]);
    const lines = await platform.docker(
      ...["ps", "--no-trunc", "--filter", `label=com.docker.compose.project=${platform.name}`],
      ...["--format", '{{.Label "dev.slipway.component"}}|{{.ID}}|{{.State}}|{{.Status}}|{{.Image}}'],
    );
    const running = lines
      .trim()
      .split("\n")
      .map((line) => line.split("|"));

    expect(status.overall).toBe("healthy");
    expect(status.components.map((row) => row.id).toSorted()).toEqual(infraServices);
    expect(running.map((row) => row[0]).toSorted()).toEqual(infraServices);
    for (const [id, containerId, state, text, image] of running) {
      expect(status.components.find((row) => row.id === id)).toMatchObject({
        containerId,
        state,
        image,
        health: text?.includes("(healthy)") === true ? "healthy" : "unhealthy",
        ok: true,
        drift: [],
      });
    }
    expect(status.notInstalled.map((row) => row.component)).toContain("casdoor");
    expect(status.foreign).toEqual([]);
  });

  it("publishes the gateway and SSH on loopback and nothing else", async () => {
    const lines = await platform.docker(
      ...["ps", "--filter", `label=com.docker.compose.project=${platform.name}`],
      ...["--format", '{{.Label "dev.slipway.component"}} {{.Ports}}'],
    );
    const published = lines
      .split("\n")
      .flatMap((line) =>
        [...line.matchAll(/(\S+):(\d+)->/g)].map((hit) => [line.split(" ")[0], hit[1], Number(hit[2])]),
      );

    const { http, s3, ssh } = platform.ports;
    expect(published.toSorted()).toEqual(
      [
        ["gateway", "127.0.0.1", http],
        ["gateway", "127.0.0.1", s3],
        ["gitlab-shell", "127.0.0.1", ssh],
      ].toSorted(),
    );
  });
});

describe("what is installed", () => {
  it("is left alone by a second install, which says so", async () => {
    const before = await containerIds();

    const result = await mustInstall(platform);

    expect((result.stdout + result.stderr).match(/nothing was (done|changed)/g)).toHaveLength(1);
    expect(await containerIds()).toEqual(before);
  });

  it("has a plan without changes, and one with changes when a value differs", async () => {
    const same = await platform.run(["plan", "--exit-code"]);
    const other = await platform.json<PlanResult>(["plan", "--exit-code", "--set", "redis.resources.memory=768Mi"], 14);

    expect(same.exitCode).toBe(0);
    expect(other.changes.filter((row) => row.action !== "unchanged")).toMatchObject([
      { subject: "component", id: "redis", action: "recreate" },
    ]);
    expect(other.changes.find((row) => row.id === "redis")?.reasons.join()).toContain("512 → 768");
  });

  it("refuses an install with the hash of another plan and changes nothing", async () => {
    const agreed = await platform.json<PlanResult>(["plan", "--set", "redis.resources.memory=768Mi"]);
    const before = await containerIds();

    const stale = await platform.run(["install", "--plan-hash", agreed.hash, "--set", "redis.resources.memory=640Mi"]);

    expect(stale.exitCode).toBe(14);
    expect(stale.stderr).toContain(agreed.hash.slice(0, 16));
    expect(await containerIds()).toEqual(before);
  });

  it("is recreated only where a value changed, with the agreed plan hash", async () => {
    const change = ["--set", "redis.resources.memory=768Mi"];
    const agreed = await platform.json<PlanResult>(["plan", ...change]);

    const { ids, result } = await changedBy(...change, "--plan-hash", agreed.hash);

    expect(ids).toEqual(["redis"]);
    expect(result).toMatchObject({ changed: true, release: 2 });
    const memory = await platform.docker(
      "inspect",
      "--format",
      "{{.HostConfig.Memory}}",
      (await containerIds())["redis"] ?? "",
    );
    expect(Number(memory)).toBe(768 * 2 ** 20);
  });

  it("keeps a value once given: the same install without --set changes nothing", async () => {
    const { ids, result } = await changedBy();

    expect(ids).toEqual([]);
    expect(result.changed).toBe(false);
  });

  it("gets a changed configuration in just the component that reads it", async () => {
    const before = await containerIds();

    await mustInstall(platform, "--set", "postgres.maxConnections=222");

    const after = await containerIds();
    expect(await sql("show max_connections")).toBe("222");
    expect({ ...after, postgres: "" }).toEqual({ ...before, postgres: "" });
  });

  it("goes back to the revision before, with the data that is there", async () => {
    await sql("create table kept_by_rollback (id int)");
    const before = await containerIds();

    const back = await platform.json<RollbackResult>(["rollback"]);

    const after = await containerIds();
    expect(back).toMatchObject({ changed: true, to: { revision: 2 }, revision: 4, verify: { ok: true } });
    expect(await sql("show max_connections")).not.toBe("222");
    expect(await sql("select count(*) from kept_by_rollback")).toBe("0");
    expect({ ...after, postgres: "" }).toEqual({ ...before, postgres: "" });
    await sql("drop table kept_by_rollback");
  });

  it("stops, shows that in its status and starts again", async () => {
    const stop = await platform.run(["stop"]);
    const stopped = await platform.json<StatusResult>(["status"], 7);
    const start = await platform.run(["start"]);
    const started = await platform.json<StatusResult>(["status"]);

    expect(stop.exitCode).toBe(0);
    expect(stopped.overall).toBe("stopped");
    expect(start.exitCode).toBe(0);
    expect(started.overall).toBe("healthy");
  });

  it("restarts one component", async () => {
    const startedAt = async (id: string): Promise<string> =>
      platform.docker("inspect", "--format", "{{.State.StartedAt}}", (await containerIds())[id] ?? "");
    const [redis, nats] = [await startedAt("redis"), await startedAt("nats")];

    const result = await platform.run(["restart", "redis"]);

    expect(result.exitCode).toBe(0);
    expect(await startedAt("redis")).not.toBe(redis);
    expect(await startedAt("nats")).toBe(nats);
  });

  it("names its secrets without values and shows one only when asked to", async () => {
    const list = await platform.json<SecretsListResult>(["secrets", "list"]);
    const refused = await platform.run(["secrets", "show", "redis"]);
    const shown = await platform.run(["secrets", "show", "redis", "--reveal"]);

    expect(list.secrets.map((row) => row.name)).toEqual(
      expect.arrayContaining(["redis", "postgres-admin", "nats-hub"]),
    );
    expect(refused.exitCode).toBe(10);
    expect(shown.exitCode).toBe(0);
    expect(shown.stdout.trim()).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.stringify(list) + refused.stdout + refused.stderr).not.toContain(shown.stdout.trim());
  });

  it("shows log lines of a component", async () => {
    const result = await platform.run(["logs", "postgres", "--tail", "5"]);

    expect(result.exitCode).toBe(0);
    expect(result.stdout.trim().split("\n").length).toBeLessThanOrEqual(5);
    expect(result.stdout).toMatch(/^\d{4}-\d\d-\d\d .*\[\d+\]/m);
  });

  it("passes the doctor", async () => {
    const result = await platform.json<DoctorReport>(["doctor"]);

    expect(result).toMatchObject({ ok: true, failures: 0 });
    expect(result.checks).toBeGreaterThan(5);
  });

  it("has drift named when somebody stops a container by hand, and is put right by an install", async () => {
    const id = (await containerIds())["nats"] ?? "";
    await platform.docker("rm", "--force", id);

    const broken = await platform.json<StatusResult>(["status"], 7);
    await mustInstall(platform, "--no-verify");

    expect(broken.components.find((row) => row.id === "nats")).toMatchObject({ state: "missing", ok: false });
    expect((await platform.json<StatusResult>(["status"])).overall).toBe("healthy");
  });
});

describe("secrets that are replaced while people work", () => {
  it("cost nobody what was written, and lead everywhere afterwards", async () => {
    const { result, written, audit, report, seconds } = await underLoad(platform, "the rotation of all secrets", () =>
      platform.json<SecretsRotateResult>(["secrets", "rotate", "--all", "--no-verify"]),
    );
    // For whoever looks after docs/rotation.md: how long it takes depends on the machine.
    console.log(report, seconds);

    expect(result.rotated.length).toBeGreaterThan(15);
    expect(written).toBeGreaterThan(5);
    expect(audit).toMatchObject({ dangling: [], lost: [] });
    expect(await platform.json<VerifyResult>(["verify"])).toMatchObject({ failed: 0 });
  });
});

describe("uninstall", () => {
  it("keeps the data, and a later install finds it", async () => {
    await sql("create table kept (word text)");
    await sql("insert into kept values ('still here')");

    const gone = await platform.run(["uninstall", "--yes"]);
    const left = await platform.leftovers();
    await mustInstall(platform);

    expect(gone.exitCode).toBe(0);
    expect(left).toMatchObject({ containers: [], networks: [] });
    expect(left.volumes.length).toBe(5);
    expect(await sql("select word from kept")).toBe("still here");
  });

  it("wants the name before it purges, and then leaves nothing", async () => {
    const wrong = await platform.run(["uninstall", "--purge", "--yes-i-mean", "slipway"]);
    const alive = await platform.json<StatusResult>(["status"]);
    const purge = await platform.run(["uninstall", "--purge", "--yes-i-mean", platform.name]);

    expect(wrong.exitCode).toBe(2);
    expect(alive.overall).toBe("healthy");
    expect(purge.exitCode).toBe(0);
    expect(await platform.leftovers()).toEqual({ containers: [], networks: [], volumes: [] });
    await expect(readdir(platform.stateDir)).rejects.toThrow("ENOENT");
  });

  it("finds nothing to do afterwards", async () => {
    const status = await platform.json<StatusResult>(["status"], 7);

    expect(status).toMatchObject({ installed: false, overall: "not-installed" });
  });
});
