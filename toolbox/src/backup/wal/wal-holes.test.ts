import { expect, it } from "vitest";
import type { StoredSnapshot } from "../restic.ts";
import { tagsOfStart, tagsOfWal, walHost, type WalPart } from "./stored-wal.ts";
import { holesIn } from "./wal-holes.ts";

const source = { systemIdentifier: "7350000000000000001", timeline: 1 };

function minute(minutes: number): string {
  return new Date(Date.UTC(2026, 10, 30, 12, minutes)).toISOString();
}

function row(id: string, host: string, tags: readonly string[]): StoredSnapshot {
  return { id, time: minute(0), host, folder: "/cut", summary: undefined, tags };
}

/** A backup that ends in a segment; the platform is called hub. */
function backup(id: string, at: number, segment: number): StoredSnapshot {
  const start = { ...source, stopLsn: `0/${segment}000100`, cutAt: minute(at) };
  return row(id.repeat(8), "hub", ["of:hub", ...tagsOfStart(start)]);
}

/** What was stored of the log in a minute: that many whole segments, and the next one in part. */
function wal(at: number, [first, last]: readonly [number, number], began = -1): StoredSnapshot {
  const part: WalPart = {
    ...{ ...source, line: `l${began}`, since: minute(began), whole: { first, last }, part: last + 1 },
    ...{ upto: `0/${last + 1}000500`, through: minute(at) },
  };
  return row(`w${at}`, walHost("hub"), tagsOfWal("hub", part));
}

const five = wal(1, [4, 4]);
const six = wal(2, [4, 5]);
const seven = wal(3, [6, 6]);
const eight = wal(4, [7, 7]);

it("finds none where the log leads from each backup to the newest that is stored of its line", () => {
  const all = [backup("a", 0, 5), five, six, backup("b", 2, 6), seven, eight];

  expect(holesIn(all, "hub")).toEqual([]);
  // Each snapshot has what the one before it has, too.
  expect(holesIn([backup("a", 0, 5), five, wal(4, [4, 7])], "hub")).toEqual([]);
});

it("tells of a snapshot that is missing in the middle, and from when to when nothing can be brought back", () => {
  const [hole, ...more] = holesIn([backup("a", 0, 5), backup("b", 1, 5), five, six, eight], "hub");

  expect(more).toEqual([]);
  expect(hole).toContain(`after ${minute(2)} no moment can be brought back`);
  expect(hole).toContain("segment 000000010000000000000006");
  expect(hole).toContain("that goes on from the backups aaaaaaaa, bbbbbbbb");
  expect(hole).toContain("slipway backup create");
});

it("tells that moments can be brought back again from the next backup on", () => {
  const [hole, ...more] = holesIn([backup("a", 0, 5), five, six, eight, backup("c", 5, 8), wal(6, [8, 8])], "hub");

  expect(more).toEqual([]);
  expect(hole).toContain(`from ${minute(2)} to ${minute(5)} no moment can be brought back`);
  expect(hole).toContain("the backup cccccccc");
  expect(hole).not.toContain("slipway backup create");
});

it("tells of a hole that begins right behind a backup", () => {
  const [first, second, ...more] = holesIn([backup("a", 0, 5), five, backup("b", 2, 6), eight], "hub");

  expect(more).toEqual([]);
  expect(first).toContain(`from ${minute(1)} to ${minute(2)} no moment`);
  expect(second).toContain(`after ${minute(2)} no moment`);
  expect(second).toContain("backup bbbbbbbb");
});

it.each([
  ["nothing is archived", [backup("a", 0, 5)]],
  ["the archive was turned on later", [backup("a", -2, 5), five, eight]],
  ["the log was stored no further yet", [five, six, backup("b", 3, 8)]],
  ["the line ended, and another one began", [backup("a", 0, 5), five, six, wal(9, [9, 9], 8)]],
  ["the databases are elsewhere", [row("a", "hub", ["of:hub", "cut:2026"]), five, eight]],
  ["it is another platform's", [{ ...backup("a", 0, 5), tags: ["of:other"] }, five, eight]],
])("does not take it for a hole where %s", (_, all) => {
  expect(holesIn(all, "hub")).toEqual([]);
});
