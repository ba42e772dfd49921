import { expect, it } from "vitest";
import { infraPlan } from "../../../test/support/infra-plan.ts";
import type { LiveService } from "../../targets/live-platform.ts";
import type { Target } from "../../targets/target.ts";
import { walStanding } from "./wal-standing.ts";

const plan = infraPlan(["backup.mode=embedded", "backup.directory=/mnt/backup", "backup.wal=true"]);
const now = new Date("2026-11-30T12:00:00Z");
const state = { kind: "WalState", at: now.toISOString(), since: "2026-11-29T00:00:00.000Z" };

function standing(text: string, { exitCode = 0, lastBackup = "2026-11-30T01:00:00.000Z", phase = "running" } = {}) {
  const service = { component: "wal-archive", phase } as LiveService;
  const target = { ask: () => Promise.resolve({ exitCode, lines: text.split("\n") }) } as unknown as Target;
  const live = { services: new Map([["wal-archive", service]]) };
  return walStanding({ plan, live, now, lastBackup: lastBackup === "" ? undefined : lastBackup }, { target });
}

it("is not told of where no log is archived", async () => {
  const seen = { plan: infraPlan(), live: { services: new Map() }, lastBackup: undefined, now };
  expect(await walStanding(seen, { target: {} as Target })).toBeUndefined();
});

it.each([
  ["2026-11-30T11:58:30.000Z", 90, false],
  ["2026-11-30T11:55:00.000Z", 300, false],
  ["2026-11-30T11:54:59.000Z", 301, true],
])("what was stored up to %s loses %i seconds", async (through, lossSeconds, late) => {
  expect(await standing(JSON.stringify({ ...state, through }, undefined, 2))).toEqual({ through, lossSeconds, late });
});

it("promises nothing before there is a backup that it goes on from", async () => {
  const text = JSON.stringify({ ...state, through: "2026-11-30T11:58:30.000Z" });

  for (const lastBackup of ["", "2026-11-28T00:00:00.000Z"]) {
    const found = await standing(text, { lastBackup });
    expect(found).toMatchObject({ late: true, problem: expect.stringContaining("slipway backup create") as string });
    expect(found?.lossSeconds).toBeUndefined();
  }
});

it.each([
  [
    "tells what keeps it from storing",
    JSON.stringify({ ...state, problem: "the disk is full" }),
    {},
    "the disk is full",
  ],
  ["says that the service is down", "", { phase: "exited" }, "the service that stores it does not run"],
  ["says that nothing was told yet", "", { exitCode: 1 }, "has not said anything yet"],
  ["believes nothing that is no state", "{", {}, "has not said anything yet"],
])("%s", async (_, text, how, problem) => {
  expect(await standing(text, how)).toMatchObject({ late: true, problem: expect.stringContaining(problem) as string });
});
