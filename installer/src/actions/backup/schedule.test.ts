import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { errorOf } from "../../../test/support/error-of.ts";
import { infraPlan } from "../../../test/support/infra-plan.ts";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import { createMemoryTarget } from "../../../test/support/memory-target.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { type BackupScheduleRequest, scheduleBackups } from "./schedule.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-schedule-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const stateDir = "/var/lib/slipway/our lab";
const layout = stateLayout(stateDir);
const request: BackupScheduleRequest = {
  ...{
    name: "lab",
    stateDir,
    at: "02:15",
    drill: false,
    keepAll: false,
    remove: false,
    dryRun: false,
    program: "/usr/local/bin/slipway",
  },
};

/** A machine on which a platform with backups is installed. */
function machine({
  systemd = true,
  root = true,
  sets = ["backup.mode=embedded", "backup.directory=/mnt"],
  environment = undefined as Readonly<Record<string, string>> | undefined,
} = {}) {
  const commands: string[] = [];
  const fs = createMemoryFileSystem({
    [layout.plan]: JSON.stringify(infraPlan(sets)),
    ...(systemd ? { "/run/systemd/system/x": "" } : {}),
  });
  const exec = {
    run: (command: string, words: readonly string[]) => {
      commands.push([command, ...words].join(" "));
      return Promise.resolve({ exitCode: 0, stdout: "", stderr: "" });
    },
  };
  const memory = createMemoryTarget().target;
  const target =
    environment === undefined ? memory : { ...memory, isolates: false, unattended: () => Promise.resolve(environment) };
  const ports = { fs, exec, target, host: { isRoot: () => root }, assets: { checkout: undefined } };
  return { commands, fs, ports: ports as unknown as Parameters<typeof scheduleBackups>[1] };
}

it("writes a nightly backup and a weekly check as units of systemd, and starts their timers", async () => {
  const { commands, fs, ports } = machine();

  const { files } = await scheduleBackups(request, ports);

  expect(files.map(({ path }) => path)).toEqual(
    ["backup.service", "backup.timer", "verify.service", "verify.timer"].map(
      (unit) => `/etc/systemd/system/slipway-lab-${unit}`,
    ),
  );
  const service = await fs.readText("/etc/systemd/system/slipway-lab-backup.service");
  const timer = await fs.readText("/etc/systemd/system/slipway-lab-backup.timer");
  expect(service.match(/^ExecStart=.*$/gm)).toEqual([
    'ExecStart=/usr/local/bin/slipway backup create --name lab --state-dir "/var/lib/slipway/our lab"',
    'ExecStart=/usr/local/bin/slipway backup prune --name lab --state-dir "/var/lib/slipway/our lab"',
  ]);
  // The check that is due at the same time waits for the backup.
  expect(await fs.readText("/etc/systemd/system/slipway-lab-verify.service")).toContain(
    "After=multi-user.target slipway-lab-backup.service\n",
  );
  expect(timer).toContain("OnCalendar=*-*-* 02:15:00");
  expect(timer).toContain("Persistent=true");
  expect(commands).toEqual([
    "systemctl daemon-reload",
    "systemctl enable --now slipway-lab-backup.timer slipway-lab-verify.timer",
  ]);
});

it("takes them away again, a drill's among them, and nothing where there are none", async () => {
  const { commands, fs, ports } = machine();
  await scheduleBackups({ ...request, drill: true }, ports);
  commands.splice(0);

  const removed = await scheduleBackups({ ...request, remove: true }, ports);
  const again = await scheduleBackups({ ...request, remove: true }, ports);

  expect(removed.files).toHaveLength(6);
  expect(again.files).toEqual([]);
  expect(await fs.exists("/etc/systemd/system/slipway-lab-drill.timer")).toBe(false);
  expect(commands[0]).toMatch(/^systemctl disable --now .*slipway-lab-drill\.timer/);
});

it("hands on what leads to a target that this machine only reaches", async () => {
  const { fs, ports } = machine({ environment: { KUBECONFIG: '/etc/100%/"k"', PATH: "/opt/bin:/usr/bin" } });

  await scheduleBackups(request, ports);

  const service = await fs.readText("/etc/systemd/system/slipway-lab-backup.service");
  expect(service.match(/^Environment=.*$/gm)).toEqual([
    'Environment="KUBECONFIG=/etc/100%%/\\"k\\""',
    'Environment="PATH=/opt/bin:/usr/bin"',
  ]);
});

it("only tells what it would write on a dry run, as anybody and anywhere", async () => {
  const { commands, fs, ports } = machine({ systemd: false, root: false });

  const { files, dryRun } = await scheduleBackups({ ...request, dryRun: true, drill: true }, ports);

  expect(dryRun).toBe(true);
  expect(files).toHaveLength(6);
  expect(await fs.exists("/etc/systemd/system/slipway-lab-backup.timer")).toBe(false);
  expect(commands).toEqual([]);
});

it("leaves the thinning out to another credential if asked", async () => {
  const { ports } = machine({});

  const { files } = await scheduleBackups({ ...request, dryRun: true, keepAll: true }, ports);

  expect(files.map(({ contents = "" }) => contents).join("\n")).toMatch(/"?backup"? "?create"?/);
  expect(files.map(({ contents = "" }) => contents).join("\n")).not.toMatch(/prune/);
});

it.each([
  [
    "where systemd does not run the machine, with a line for cron",
    { systemd: false },
    {},
    "PREFLIGHT_FAILED",
    /15 2 \* \* \* root slipway backup create/,
  ],
  ["somebody who is not root", { root: false }, {}, "USAGE", /sudo/],
  ["a time that is none", {}, { at: "25:00" }, "USAGE", /02:15/],
  [
    "drills where no second platform can be kept apart",
    { environment: {} },
    { drill: true },
    "PREFLIGHT_FAILED",
    /backup verify --prove latest/,
  ],
  ["a platform without backups", { sets: [] }, {}, "PREFLIGHT_FAILED", /backup\.mode=embedded/],
])("refuses %s", async (_, world, changed, code, hint) => {
  const { commands, ports } = machine(world);

  const error = await errorOf(() => scheduleBackups({ ...request, ...changed }, ports));

  expect(error).toMatchObject({ code, hint: expect.stringMatching(hint) as string });
  expect(commands).toEqual([]);
});
