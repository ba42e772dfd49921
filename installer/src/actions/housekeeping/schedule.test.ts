import { expect, it } from "vitest";
import { errorOf } from "../../../test/support/error-of.ts";
import { infraPlan } from "../../../test/support/infra-plan.ts";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import { createMemoryTarget } from "../../../test/support/memory-target.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { type HousekeepingScheduleRequest, scheduleHousekeeping } from "./schedule.ts";

const stateDir = "/var/lib/slipway/lab";
const units = "/etc/systemd/system/slipway-lab-housekeeping";
const elsewhere = [
  ...["registry.mode=external", "registry.external.url=https://registry.corp.example"],
  ...["registry.external.user=hub", "registry.external.password=of-the-company-1234"],
];
const request: HousekeepingScheduleRequest = {
  ...{ name: "lab", stateDir, day: "sat", at: "04:30", minutes: 30, untagged: false },
  ...{ remove: false, dryRun: false, program: "/usr/local/bin/slipway" },
};

/** A machine on which a platform is installed. */
function machine({ systemd = true, sets = [] as readonly string[] } = {}) {
  const commands: string[] = [];
  const fs = createMemoryFileSystem({
    [stateLayout(stateDir).plan]: JSON.stringify(infraPlan(sets)),
    ...(systemd ? { "/run/systemd/system/x": "" } : {}),
  });
  const exec = {
    run: (command: string, words: readonly string[]) => {
      commands.push([command, ...words].join(" "));
      return Promise.resolve({ exitCode: 0, stdout: "", stderr: "" });
    },
  };
  const { target } = createMemoryTarget();
  const ports = { fs, exec, target, host: { isRoot: () => true }, assets: { checkout: undefined } };
  return { commands, fs, ports: ports as unknown as Parameters<typeof scheduleHousekeeping>[1] };
}

it("has the registry cleaned once a week, after whatever of backups is due at the time", async () => {
  const { commands, fs, ports } = machine();

  const { files } = await scheduleHousekeeping({ ...request, untagged: true }, ports);

  expect(files.map(({ path }) => path)).toEqual([`${units}.service`, `${units}.timer`]);
  const service = await fs.readText(`${units}.service`);
  expect(service).toContain(
    "ExecStart=/usr/local/bin/slipway housekeeping registry --minutes 30 --untagged --name lab --state-dir /var/lib/slipway/lab\n",
  );
  expect(/^After=(.*)$/m.exec(service)?.[1]?.split(" ")).toEqual([
    "multi-user.target",
    ...["backup", "verify", "drill"].map((job) => `slipway-lab-${job}.service`),
  ]);
  expect(await fs.readText(`${units}.timer`)).toContain("OnCalendar=sat *-*-* 04:30:00\n");
  expect(commands).toEqual(["systemctl daemon-reload", "systemctl enable --now slipway-lab-housekeeping.timer"]);
});

it("takes its timer away, also where the registry has moved since, and leaves those of backups", async () => {
  const { fs, ports } = machine();
  await scheduleHousekeeping(request, ports);
  await fs.writeAtomic("/etc/systemd/system/slipway-lab-backup.timer", "", { mode: 0o644 });
  await fs.writeAtomic(stateLayout(stateDir).plan, JSON.stringify(infraPlan(elsewhere)), { mode: 0o600 });

  const removed = await scheduleHousekeeping({ ...request, remove: true }, ports);
  const again = await scheduleHousekeeping({ ...request, remove: true }, ports);

  expect(removed.files).toEqual([{ path: `${units}.service` }, { path: `${units}.timer` }]);
  expect(again.files).toEqual([]);
  expect(await fs.exists("/etc/systemd/system/slipway-lab-backup.timer")).toBe(true);
});

it.each([
  [
    "where systemd does not run the machine, with a line for cron",
    { systemd: false },
    {},
    "PREFLIGHT_FAILED",
    /30 4 \* \* 6 root slipway housekeeping registry --minutes 30$/,
  ],
  ["a time that is none", {}, { at: "4:30" }, "USAGE", /02:15/],
  ["a registry that is somewhere else", { sets: elsewhere }, {}, "PREFLIGHT_FAILED", /whoever runs it/],
])("refuses %s", async (_, world, changed, code, hint) => {
  const { commands, ports } = machine(world);

  const error = await errorOf(() => scheduleHousekeeping({ ...request, ...changed }, ports));

  expect(error).toMatchObject({ code, hint: expect.stringMatching(hint) as string });
  expect(commands).toEqual([]);
});
