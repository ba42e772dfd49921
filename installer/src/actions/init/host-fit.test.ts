import { expect, test } from "vitest";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import { describeDisk, findRoom, fitDisks, fitMemory } from "./host-fit.ts";

const gib = 2 ** 30;
const room = (disk: number, memory: number) => ({ diskBytes: disk * gib, memoryBytes: memory * gib, place: "/srv" });
const disks = [
  { key: "a", usual: "50Gi" },
  { key: "b", usual: "150Gi" },
];

test("usual sizes stay where there is room beside them, else all shrink alike, and none to nothing", () => {
  expect([...fitDisks(disks, room(400, 8)).values()]).toEqual(["50Gi", "150Gi"]);
  expect([...fitDisks(disks, room(100, 8)).values()]).toEqual(["17Gi", "52Gi"]);
  expect([...fitDisks(disks, room(1, 8)).values()]).toEqual(["1Gi", "1Gi"]);
  expect(describeDisk(disks, room(100, 8))).toBe(
    "100 GiB are free at /srv. The usual sizes, 200 GiB together, do not fit there: smaller ones are proposed.",
  );
  expect(describeDisk(disks, room(400, 8))).toBe("400 GiB are free at /srv.");
});

test("memory is only proposed where the usual limits do not fit, and never less than is needed", () => {
  const parts = [
    { key: "a", usual: "3Gi", least: 64 },
    { key: "b", usual: "1Gi", least: 900 },
  ];

  expect(fitMemory(parts, room(1, 8))).toBeUndefined();
  expect([...(fitMemory(parts, room(1, 4)) ?? [])]).toEqual([
    ["a", "2376Mi"],
    ["b", "900Mi"],
  ]);
});

test("room is looked for where data would lie, also in a directory that is not there yet", async () => {
  const fs = { ...createMemoryFileSystem({ "/srv/x": "" }), freeBytes: () => Promise.resolve(7) };
  const host = { memoryBytes: () => Promise.resolve(9) } as never;

  expect(await findRoom("/srv/data/deep", { fs, host })).toEqual({ memoryBytes: 9, diskBytes: 7, place: "/srv" });
  expect(await findRoom("/var/lib", { fs, host })).toMatchObject({ place: "/" });
});
