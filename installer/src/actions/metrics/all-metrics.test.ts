import { describe, expect, it } from "vitest";
import type { BackupState } from "../backup/remembered.ts";
import { allMetrics, samplesOf } from "./all-metrics.ts";
import { type Description, describedLook } from "./testing/described-look.ts";

/** Values by metric and its labels but `install`: `slipway_component_healthy component=web`. */
function seen(description: Description = {}): Readonly<Record<string, number>> {
  const rows = samplesOf(describedLook(description)).map(({ name, labels, value }) => {
    const own = Object.entries(labels).filter(([label]) => label !== "install");
    return [[name, ...own.map(([label, text]) => `${label}=${text}`)].join(" "), value];
  });
  return Object.fromEntries(rows) as Readonly<Record<string, number>>;
}

const backup: BackupState = {
  last: { id: "b", at: "2026-11-30T02:00:00.000Z", bytes: 5_000_000 },
  proof: { id: "b", at: "2026-11-30T02:10:00.000Z", restoreSeconds: 42 },
  drill: { backup: "a", at: "2026-11-01T02:00:00.000Z", wires: 18, ms: 90_500 },
  lossSeconds: 36_000,
  late: false,
  wal: { through: "2026-11-30T11:59:30.000Z", lossSeconds: 30, late: false },
};

/** Everything that can be known is. */
const rich: Description = {
  backup,
  services: { web: { restarts: 4 }, app: { phase: "exited", exitCode: 137 } },
  applied: {
    change: { at: "2026-11-30T11:00:00.000Z", hash: "y" },
    secrets: {
      "web-tls": { inputsHash: "h", digest: "d", at: "2026-11-01T00:00:00.000Z", expires: "2027-12-01T00:00:00.000Z" },
    },
  },
  records: {
    certificates: [{ certificate: "web-tls", subject: "localhost", endMs: 1_800_000_000_000 }],
    timers: [{ job: "drill", sinceMs: 1_700_000_000_500 }],
    runs: [
      {
        v: 1,
        run: "a",
        command: "install",
        version: "1",
        at: "2026-11-29T12:00:00.000Z",
        result: "complete",
        ms: 2500,
        changed: [],
      },
      {
        v: 1,
        run: "b",
        command: "restart web",
        version: "1",
        at: "2026-11-30T12:00:00.000Z",
        result: "failed",
        ms: 1000,
        changed: [],
      },
      { v: 1, run: "c", command: "backup create", version: "1", at: "2026-11-30T13:00:00.000Z", changed: [] },
    ],
  },
};

describe("the table of metrics", () => {
  it("names each once, by Prometheus' conventions", () => {
    const names = allMetrics.map(({ name }) => name);

    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
    for (const { name, type, help } of allMetrics) {
      expect(name).toMatch(/^slipway_[a-z]+(_[a-z]+)*$/);
      expect(name.endsWith("_total")).toBe(type === "counter");
      expect(name).not.toMatch(/_(ms|milliseconds|minutes|hours|days|kib|mib|gib|percent|count|sum|bucket)$/);
      expect(help).toMatch(/^[A-Z].+\.$/);
    }
  });

  it("gives no label a name that Prometheus sets itself", () => {
    const labels = allMetrics.flatMap((metric) => metric.labels);

    expect(labels.filter((label) => ["install", "job", "instance", "le", "quantile"].includes(label))).toEqual([]);
    expect(labels.filter((label) => !/^[a-z_]+$/.test(label))).toEqual([]);
  });

  it("is exposed as it stands: every metric of a platform of which all is known, with its labels and once each", () => {
    const samples = samplesOf(describedLook(rich));

    expect(new Set(samples.map(({ name }) => name))).toEqual(new Set(allMetrics.map(({ name }) => name)));
    for (const { name, labels } of samples) {
      expect(Object.keys(labels)).toEqual(["install", ...(allMetrics.find((row) => row.name === name)?.labels ?? [])]);
    }
    const series = samples.map(({ name, labels }) => JSON.stringify([name, labels]));
    expect(series.filter((one, at) => series.indexOf(one) !== at)).toEqual([]);
  });

  it("says truly what is known by the records alone", () => {
    const alone = new Set(samplesOf(describedLook({ ...rich, away: true })).map(({ name }) => name));

    expect(alone).toEqual(new Set(allMetrics.filter(({ from }) => from === "records").map(({ name }) => name)));
  });
});

describe("a platform that is well", () => {
  it("is healthy in one state, and so is each component", () => {
    expect(seen()).toMatchObject({
      slipway_look_ok: 1,
      slipway_look_timestamp_seconds: Date.UTC(2026, 10, 30, 12) / 1000,
      slipway_look_duration_seconds: 0.25,
      "slipway_build_info version=1.2.3": 1,
      "slipway_install_info version=0.0.0 profile=fixture": 1,
      "slipway_engine_info version=26.1.5 api_version=1.45": 1,
      slipway_platform_healthy: 1,
      "slipway_platform_state state=healthy": 1,
      "slipway_platform_state state=stopped": 0,
      "slipway_component_healthy component=web": 1,
      slipway_revision: 3,
      slipway_change_incomplete: 0,
      slipway_backup_enabled: 0,
      "slipway_store_free_bytes store=store/data": 6e11,
      "slipway_store_size_bytes store=store/data": 1e12,
      "slipway_store_full store=store/data": 0,
    });
  });

  it("has no moment of what never was", () => {
    const names = Object.keys(seen());

    expect(
      names.filter((name) => /change_begun|last_run|run_|backup_(last|proof|drill)|wal|exit_code/.test(name)),
    ).toEqual([]);
  });
});

describe("a platform that is not", () => {
  it("tells which component is down, with its exit status", () => {
    expect(seen({ services: { app: { phase: "exited", exitCode: 137 } } })).toMatchObject({
      slipway_platform_healthy: 0,
      "slipway_platform_state state=degraded": 1,
      "slipway_component_healthy component=app": 0,
      "slipway_component_healthy component=web": 1,
      "slipway_component_exit_code component=app": 137,
    });
  });

  it("tells a change that is not complete since when, and how runs ended", () => {
    expect(seen(rich)).toMatchObject({
      slipway_platform_healthy: 0,
      "slipway_platform_state state=incomplete": 1,
      slipway_change_incomplete: 1,
      slipway_change_begun_timestamp_seconds: Date.UTC(2026, 10, 30, 11) / 1000,
      slipway_last_run_failed: 1,
      "slipway_run_success_timestamp_seconds command=install": Date.UTC(2026, 10, 29, 12) / 1000 + 2.5,
      "slipway_run_failure_timestamp_seconds command=restart": Date.UTC(2026, 10, 30, 12) / 1000 + 1,
    });
  });

  it("does not take for a failure what a person ended", () => {
    const run = {
      v: 1,
      run: "a",
      command: "secrets rotate",
      version: "1",
      at: "2026-11-29T12:00:00.000Z",
      changed: [],
    } as const;
    const stopped = seen({ records: { runs: [{ ...run, result: "interrupted" }] } });

    expect(stopped).toMatchObject({ slipway_last_run_failed: 0 });
    expect(seen({ records: { runs: [{ ...run, result: "cut-off" }] } })).toMatchObject({
      slipway_last_run_failed: 1,
      "slipway_run_failure_timestamp_seconds command=secrets rotate": Date.UTC(2026, 10, 29, 12) / 1000,
    });
  });

  it("counts what is not as it was installed, secrets that are gone and containers of others", () => {
    const gone = { secret: "store-password", state: "gone", message: "", hint: "", readers: [] } as const;

    expect(
      seen({ services: { web: { changedFiles: ["web/site.conf"] } }, live: { secrets: [gone], foreign: ["x", "y"] } }),
    ).toMatchObject({
      "slipway_component_drift component=web": 1,
      "slipway_secret_troubles state=gone": 1,
      "slipway_secret_troubles state=due": 0,
      slipway_foreign_containers: 2,
    });
  });

  it("tells full disks, and nothing of those that cannot be seen or are another's", () => {
    const stores = { "store/data": { freeBytes: 1e6 }, "other/data": { ours: false } };
    const told = seen({ stores });

    expect(told).toMatchObject({ "slipway_store_full store=store/data": 1, slipway_platform_healthy: 0 });
    expect(Object.keys(told).filter((name) => name.includes("other/data"))).toEqual([]);
  });

  it("whose engine is away tells what the records say, and nothing about health", () => {
    const away = seen({ ...rich, away: true });

    expect(away).toMatchObject({
      slipway_look_ok: 0,
      slipway_backup_loss_seconds: 36_000,
      slipway_change_incomplete: 1,
    });
    expect(Object.keys(away).filter((name) => /healthy|state|component|_store_|wal/.test(name))).toEqual([]);
  });
});

it("backups tell when they were made and proved, and what would be lost", () => {
  expect(seen(rich)).toMatchObject({
    slipway_backup_enabled: 1,
    slipway_backup_last_timestamp_seconds: Date.UTC(2026, 10, 30, 2) / 1000,
    slipway_backup_last_size_bytes: 5_000_000,
    slipway_backup_loss_seconds: 36_000,
    slipway_backup_proof_timestamp_seconds: Date.UTC(2026, 10, 30, 2, 10) / 1000,
    slipway_backup_proof_restore_seconds: 42,
    slipway_backup_drill_timestamp_seconds: Date.UTC(2026, 10, 1, 2) / 1000,
    slipway_backup_drill_duration_seconds: 90.5,
    "slipway_backup_scheduled_timestamp_seconds task=drill": 1_700_000_000.5,
    slipway_wal_late: 0,
    slipway_wal_through_timestamp_seconds: Date.UTC(2026, 10, 30, 11, 59, 30) / 1000,
    slipway_wal_loss_seconds: 30,
    "slipway_certificate_expiry_timestamp_seconds certificate=web-tls subject=localhost": 1_800_000_000,
  });
});
