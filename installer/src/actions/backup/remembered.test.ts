import { expect, test } from "vitest";
import { infraPlan } from "../../../test/support/infra-plan.ts";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import type { Install } from "../../execute/state/install.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { nothingApplied } from "../../execute/state/records.ts";
import { backupState, rememberBackup, rememberDrill, rememberProof } from "./remembered.ts";

const install: Install = {
  ...{ name: "p", stateDir: "/state", layout: stateLayout("/state"), identity: undefined },
  ...{ applied: nothingApplied, plan: undefined, pendingPlan: undefined },
};
const backedUp = infraPlan(["backup.mode=embedded", "backup.directory=/mnt/backup"]);
const at = "2026-11-21T12:00:00.000Z";

function hoursLater(hours: number): Date {
  return new Date(Date.parse(at) + hours * 3_600_000);
}

test("a platform without backups is told nothing of them", async () => {
  expect(await backupState(install, infraPlan(), new Date(at), createMemoryFileSystem())).toBeUndefined();
});

test("before the first backup it is late", async () => {
  expect(await backupState(install, backedUp, new Date(at), createMemoryFileSystem())).toEqual({ late: true });
});

test("what would be lost is as old as the newest backup, which is late after a day and two hours", async () => {
  const fs = createMemoryFileSystem();
  await rememberBackup(install, { id: "one", at }, fs);

  expect(await backupState(install, backedUp, hoursLater(3), fs)).toEqual({
    last: { id: "one", at },
    lossSeconds: 10_800,
    late: false,
  });
  expect(await backupState(install, backedUp, hoursLater(26), fs)).toMatchObject({ late: false });
  expect(await backupState(install, backedUp, hoursLater(26.1), fs)).toMatchObject({ late: true });
});

test("the last restore and the last drill are kept with their times, whatever is made after them", async () => {
  const fs = createMemoryFileSystem();
  await rememberProof(install, { id: "one", at, restoreSeconds: 7, databases: [] }, fs);
  await rememberDrill(install, { backup: "one", at, wires: 18, ms: 29_000 }, { fs });
  await rememberBackup(install, { id: "two", at }, fs);

  expect(await backupState(install, backedUp, new Date(at), fs)).toEqual({
    last: { id: "two", at },
    proof: { id: "one", at, restoreSeconds: 7 },
    drill: { backup: "one", at, wires: 18, ms: 29_000 },
    lossSeconds: 0,
    late: false,
  });
});
