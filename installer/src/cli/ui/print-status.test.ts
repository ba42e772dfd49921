import { expect, it } from "vitest";
import type { WalStanding } from "../../actions/backup/wal-standing.ts";
import type { StatusResult } from "../../actions/status/status.ts";
import { formatStatus } from "./print-status.ts";
import { createStyle } from "./style.ts";

function shown(wal?: WalStanding): readonly string[] {
  const status: StatusResult = {
    ...{ apiVersion: "slipway/v1", kind: "StatusResult", name: "hub", installed: true, overall: "healthy" },
    ...{ secrets: [], full: [], components: [], notInstalled: [], foreign: [], urls: [] },
    engine: { version: "27.0.0", apiVersion: "1.46" },
    backup: {
      last: { id: "0123456789", at: "2026-11-30T01:00:00Z" },
      ...{ lossSeconds: 7200, late: false, ...(wal === undefined ? {} : { wal }) },
    },
  };
  return formatStatus(status, createStyle(false))
    .split("\n")
    .filter((line) => line.startsWith("write-ahead log") || line.startsWith("    "));
}

it("says nothing of a write-ahead log that is not archived", () => {
  expect(shown()).toEqual([]);
});

it("says what of the databases would be lost now, as it was measured", () => {
  expect(shown({ through: "2026-11-30T02:58:30.000Z", lossSeconds: 90, late: false })).toEqual([
    "write-ahead log: 1 min 30 s would be lost; stored up to 2026-11-30T02:58:30.000Z",
  ]);
});

it("promises nothing where no moment can be brought back, and says why", () => {
  expect(shown({ late: true, problem: "the disk is full" })).toEqual([
    "write-ahead log: no moment can be brought back yet",
    "    the disk is full",
  ]);
});
