import { describe, expect, it } from "vitest";
import type { StoredSnapshot } from "../restic.ts";
import {
  isWal,
  needlessWal,
  piecesFor,
  reachOf,
  startIn,
  storedWal,
  type StoredWal,
  tagsOfStart,
  tagsOfWal,
  type WalPart,
} from "./stored-wal.ts";

const source = { systemIdentifier: "7350000000000000001", timeline: 1 };
/** Segment 5 begins at 0/5000000. */
const start = { ...source, stopLsn: "0/5000100", cutAt: minute(0) };

function minute(minutes: number): string {
  return new Date(Date.UTC(2026, 10, 30, 12, minutes)).toISOString();
}

/** A snapshot of a line that began before the backup, unless told otherwise. */
function wal(
  at: number,
  upto: string,
  parts: Pick<WalPart, "whole" | "part">,
  { line, since }: Pick<WalPart, "line" | "since"> = { line: "l1", since: minute(-1) },
): StoredWal {
  return { ...source, id: `s${at}`, folder: "/spool/cut", of: "hub", line, since, upto, through: minute(at), ...parts };
}

const five = wal(1, "0/5000200", { part: 5 });
const six = wal(2, "0/6000010", { whole: { first: 5, last: 5 }, part: 6 });
const eight = wal(3, "0/8000000", { whole: { first: 5, last: 7 } });
const nine = wal(4, "0/9000100", { whole: { first: 7, last: 8 }, part: 9 });
const line = [five, six, eight, nine];

describe("tags", () => {
  const row = (tags: readonly string[]): StoredSnapshot => ({
    ...{ id: "s4", time: minute(4), host: "hub/wal", folder: "/spool/cut", summary: undefined, tags },
  });

  it("say all of what is stored", () => {
    const snapshots = [row(tagsOfWal("hub", nine)), row(["of:hub", "run:1"])];

    expect(storedWal(snapshots, "hub")).toEqual([nine]);
    expect(storedWal(snapshots, "other")).toEqual([]);
    expect(snapshots.map(isWal)).toEqual([true, false]);
  });

  it("say where a backup ends", () => {
    expect(startIn(["of:hub", ...tagsOfStart(start)])).toEqual(start);
    expect(startIn(["of:hub", "run:1"])).toBeUndefined();
  });
});

describe("how far the log leads", () => {
  it("is to the newest of what was stored", () => {
    expect(reachOf(start, line)).toEqual({ through: minute(4) });
  });

  it("is nowhere where none of it goes on from the backup", () => {
    expect(reachOf(start, [])).toBeUndefined();
    expect(reachOf({ ...start, stopLsn: "0/9000200" }, line)).toBeUndefined();
    expect(reachOf({ ...start, timeline: 2 }, line)).toBeUndefined();
    expect(reachOf({ ...start, systemIdentifier: "1" }, line)).toBeUndefined();
  });

  it("ends before a segment that is missing, whose name it tells", () => {
    expect(reachOf(start, [five, six, nine])).toEqual({ through: minute(2), gap: "000000010000000000000006" });
  });

  // A server that was brought back writes the same names again, on the same timeline.
  it("does not go from one line to another", () => {
    const parts = { whole: { first: 5, last: 8 }, part: 9 };
    const later = wal(9, "0/9000500", parts, { line: "l2", since: minute(8) });
    expect(reachOf(start, [...line, later])).toEqual({ through: minute(4) });
    expect(reachOf({ ...start, cutAt: minute(8) }, [...line, later])).toEqual({ through: minute(9) });
  });

  it("is nowhere where all that was stored is from before the backup: of a server that was brought back since", () => {
    expect(reachOf({ ...start, cutAt: minute(5) }, line)).toBeUndefined();
  });

  it("is nowhere where the log was archived only after the backup, whatever its segments are called", () => {
    expect(reachOf({ ...start, cutAt: minute(-2) }, line)).toBeUndefined();
  });

  it("counts a segment of a snapshot that ends before the backup does", () => {
    const early = wal(1, "0/5000050", { whole: { first: 5, last: 6 } });
    const next = wal(2, "0/7000010", { whole: { first: 6, last: 6 }, part: 7 });
    expect(reachOf(start, [early, next])).toEqual({ through: minute(2) });
    expect(needlessWal([early, next], [start])).toEqual([]);
  });

  it("includes a backup that ends where the log does", () => {
    expect(reachOf({ ...start, stopLsn: "0/8000000" }, [eight])).toEqual({ through: minute(3) });
  });
});

describe("what is fetched for a moment", () => {
  it("is the least that leads there", () => {
    expect(piecesFor(start, line, minute(4))?.pieces).toEqual([
      { id: "s3", folder: "/spool/cut", files: ["5", "6", "7"].map((number) => `00000001000000000000000${number}`) },
      { id: "s4", folder: "/spool/cut", files: ["000000010000000000000008"] },
      { id: "s4", folder: "/spool/cut", files: ["000000010000000000000009.partial"] },
    ]);
    expect(piecesFor(start, line, minute(1))?.pieces).toEqual([
      { id: "s1", folder: "/spool/cut", files: ["000000010000000000000005.partial"] },
    ]);
    expect(piecesFor(start, line, minute(3))?.pieces.flatMap(({ files }) => files)).toHaveLength(3);
  });

  it("is nothing where the log does not lead there", () => {
    expect(piecesFor(start, line, minute(5))).toBeUndefined();
    expect(piecesFor(start, [five, nine], minute(4))).toBeUndefined();
  });
});

describe("what nobody needs", () => {
  it("is all that a later snapshot has, too, and what is older than every backup", () => {
    expect(needlessWal(line, [start])).toEqual(["s1", "s2"]);
    expect(needlessWal(line, [{ ...start, stopLsn: "0/8000100" }])).toEqual(["s1", "s2", "s3"]);
  });

  it("is never the newest", () => {
    expect(needlessWal(line, [])).toEqual(["s1", "s2", "s3"]);
    expect(needlessWal([five], [])).toEqual([]);
  });

  it("leaves every moment in reach that was before", () => {
    const gone = new Set(needlessWal(line, [start]));
    const left = line.filter(({ id }) => !gone.has(id));

    for (const moment of [0, 1, 2, 3, 4].map(minute)) expect(piecesFor(start, left, moment)).toBeDefined();
  });
});
