import { describeBytes, quantityBytes } from "../../values/quantity.ts";
import { type Section, valuesOf } from "../../values/section.ts";
import type { Values } from "../../values/values.generated.ts";
import { fitDisks, fitMemory, hostFor, type HostRoom, isTooSmall, leastOf, type Sized, sumOf } from "./host-fit.ts";

/** How large a platform is expected to become. */
export interface Estimate {
  /** People who work with it on a usual day. */
  readonly users: number;
  readonly repositories: number;
}

/** What the defaults are meant for: with it every proposal is the default. */
export const usualEstimate: Estimate = { users: 50, repositories: 500 };

const gibibyte = 2 ** 30;
const mebibyte = 2 ** 20;
/** Limits are whole multiples of this many MiB. */
const memoryStep = 64;

/** MiB of memory that a component is proposed, whatever the host has. */
export function memoryFor({ key, leastMemory, growth }: Section, values: Values, estimate: Estimate): number {
  const usual = quantityBytes(valuesOf(values, key).resources.memory) / mebibyte;
  const more = grown(estimate, growth?.memoryPerUser, growth?.memoryPerRepository);
  return more === 0 ? usual : Math.max(leastMemory, Math.ceil((usual + more) / memoryStep) * memoryStep);
}

/** GiB of disk that a component is proposed, whatever the host has; undefined where nobody is asked for it. */
export function diskFor({ key, asksForDisk, growth }: Section, values: Values, estimate: Estimate): number | undefined {
  const { storage } = valuesOf(values, key);
  if (asksForDisk !== true || storage === undefined) return undefined;
  const usual = quantityBytes(storage.size) / gibibyte;
  const more = grown(estimate, growth?.diskPerUser, growth?.diskPerRepository);
  return Math.max(1, Math.ceil(usual + more));
}

/** Beyond the usual; less than nothing for less. */
function grown({ users, repositories }: Estimate, perUser = 0, perRepository = 0): number {
  return (users - usualEstimate.users) * perUser + (repositories - usualEstimate.repositories) * perRepository;
}

/** What an estimate asks for, in the words of the values; the default's own words where it is that. */
export interface Demand {
  readonly memory: readonly Sized[];
  readonly disks: readonly Sized[];
}

export function demandOf(sections: readonly Section[], values: Values, estimate: Estimate): Demand {
  const memory = sections.map((section): Sized => {
    const { memory: usual } = valuesOf(values, section.key).resources;
    const wanted = memoryFor(section, values, estimate);
    const isUsual = wanted * mebibyte === quantityBytes(usual);
    return { key: section.key, usual: isUsual ? usual : `${wanted}Mi`, least: section.leastMemory };
  });
  const disks = sections.flatMap((section): Sized[] => {
    const wanted = diskFor(section, values, estimate);
    return wanted === undefined ? [] : [{ key: section.key, usual: `${wanted}Gi` }];
  });
  return { memory, disks };
}

/** `--set` arguments for what an estimate asks for, made to fit the host, and what has to be said about it. */
export interface Proposal {
  readonly sets: readonly string[];
  readonly notes: readonly string[];
}

export function proposeSizes(demand: Demand, estimate: Estimate, room: HostRoom): Proposal {
  const memory = fitMemory(demand.memory, room) ?? new Map(demand.memory.map(({ key, usual }) => [key, usual]));
  return {
    sets: [
      ...[...memory].map(([key, size]) => `${key}.resources.memory=${size}`),
      ...[...fitDisks(demand.disks, room)].map(([key, size]) => `${key}.storage.size=${size}`),
    ],
    notes: notesOn(demand, estimate, room),
  };
}

/** Where proposals come from, and what does not fit, with what to do. */
export function notesOn({ memory, disks }: Demand, { users, repositories }: Estimate, room: HostRoom): string[] {
  const host = `${describeBytes(room.memoryBytes)} of memory and ${describeBytes(room.diskBytes)} free at ${room.place}`;
  const fitting = fitDisks(disks, room);
  return [
    `Sizes for ${users} people and ${repositories} repositories on a host with ${host}. Change what you know better; docs/sizing.md says how they come about.`,
    ...(fitMemory(memory, room) === undefined ? [] : [noteOnMemory(memory, room)]),
    ...(disks.every(({ key, usual }) => fitting.get(key) === usual)
      ? []
      : [
          `Data does not fit: ${describeBytes(sumOf(disks))} are expected, and sizes were made smaller. Name a larger disk with dataDir, or put the object store elsewhere (objectStore.mode: external).`,
        ]),
  ];
}

function noteOnMemory(memory: readonly Sized[], room: HostRoom): string {
  if (isTooSmall(memory, room))
    return `Memory does not fit: even the least that all components start with is ${describeBytes(leastOf(memory))} together. Leave components out (--without), put stores elsewhere (mode: external), or take a host with more.`;
  return `Memory does not fit: limits of ${describeBytes(sumOf(memory))} together are wanted, and were made smaller. They fit a host with ${describeBytes(hostFor(memory))}, or fewer components (--without).`;
}
