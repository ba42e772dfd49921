import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { profileValues } from "../../../test/support/infra-plan.ts";
import { valuesSections } from "../../plan/values-sections.ts";
import { quantityBytes } from "../../values/quantity.ts";
import { runsHere, valuesOf } from "../../values/section.ts";
import { isTooSmall } from "./host-fit.ts";
import { demandOf, type Estimate, proposeSizes, usualEstimate } from "./sizing.ts";

const values = profileValues("standard", ["domain=hub.example.org"]);
const sections = valuesSections().filter((section) => runsHere(values, section));
const leastOf = new Map(sections.map(({ key, leastMemory }) => [key, leastMemory * 2 ** 20]));

const estimates = fc.record({ users: fc.nat(5000), repositories: fc.nat(50_000) });
const rooms = fc
  .record({ memory: fc.integer({ min: 1, max: 512 }), disk: fc.integer({ min: 10, max: 100_000 }) })
  .map(({ memory, disk }) => ({ memoryBytes: memory * 2 ** 30, diskBytes: disk * 2 ** 30, place: "/srv" }));

/** Bytes by `key.resources.memory` and `key.storage.size`. */
function proposed(estimate: Estimate, room: Parameters<typeof proposeSizes>[2]): ReadonlyMap<string, number> {
  const { sets } = proposeSizes(demandOf(sections, values, estimate), estimate, room);
  return new Map(sets.map((set) => [set.slice(0, set.indexOf("=")), quantityBytes(set.slice(set.indexOf("=") + 1))]));
}

const sumOf = (sizes: ReadonlyMap<string, number>, part: string): number =>
  [...sizes].filter(([path]) => path.endsWith(part)).reduce((sum, [, bytes]) => sum + bytes, 0);

describe("sizes for people and repositories", () => {
  it("are the defaults for what the defaults are meant for", () => {
    const { memory, disks } = demandOf(sections, values, usualEstimate);

    for (const { key, usual } of memory) expect(usual).toBe(valuesOf(values, key).resources.memory);
    for (const { key, usual } of disks) expect(usual).toBe(valuesOf(values, key).storage?.size);
  });

  it("never shrink when more is expected", () => {
    fc.assert(
      fc.property(estimates, estimates, (one, more) => {
        const larger = { users: one.users + more.users, repositories: one.repositories + more.repositories };
        const [before, after] = [demandOf(sections, values, one), demandOf(sections, values, larger)];
        for (const part of ["memory", "disks"] as const)
          for (const [index, { usual }] of before[part].entries())
            expect(quantityBytes(after[part][index]?.usual ?? "0Mi")).toBeGreaterThanOrEqual(quantityBytes(usual));
      }),
    );
  });

  it("fit the host, and are never under what a component starts with", () => {
    fc.assert(
      fc.property(estimates, rooms, (estimate, room) => {
        const sizes = proposed(estimate, room);
        const { memory } = demandOf(sections, values, estimate);

        for (const [key, least] of leastOf) expect(sizes.get(`${key}.resources.memory`)).toBeGreaterThanOrEqual(least);
        if (!isTooSmall(memory, room)) expect(sumOf(sizes, ".memory")).toBeLessThanOrEqual(room.memoryBytes * 0.8);
        expect(sumOf(sizes, ".size")).toBeLessThanOrEqual(room.diskBytes * 0.7);
      }),
    );
  });

  it("that do not fit are said, with what to do, and no others", () => {
    fc.assert(
      fc.property(estimates, rooms, (estimate, room) => {
        const demand = demandOf(sections, values, estimate);
        const { notes, sets } = proposeSizes(demand, estimate, room);
        const isWhole = (part: string, sizes: typeof demand.memory): boolean =>
          sizes.every(({ key, usual }) => sets.includes(`${key}.${part}=${usual}`));

        expect(notes.some((note) => note.startsWith("Memory does not fit"))).toBe(
          !isWhole("resources.memory", demand.memory),
        );
        expect(notes.some((note) => note.startsWith("Data does not fit"))).toBe(!isWhole("storage.size", demand.disks));
      }),
    );
  });
});
