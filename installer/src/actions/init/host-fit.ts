import type { CheckContext } from "../../targets/check.ts";
import { nearestExisting } from "../../targets/host/directories.ts";
import { describeBytes, parseQuantity } from "../../values/quantity.ts";

/** What this host has for the platform. */
export interface HostRoom {
  readonly memoryBytes: number;
  readonly diskBytes: number;
  /** Where that disk is. */
  readonly place: string;
}

/** Where data lies as long as nobody says otherwise. */
export const usualPlace = "/var/lib";

/** Looks at the memory of this host, and at the disk that data would lie on. */
export async function findRoom(directory: string, { fs, host }: Pick<CheckContext, "fs" | "host">): Promise<HostRoom> {
  const place = await nearestExisting({ fs }, directory);
  return { memoryBytes: await host.memoryBytes(), diskBytes: await fs.freeBytes(place), place };
}

const gibibyte = 2 ** 30;
const mebibyte = 2 ** 20;
/** Images, logs and what grows take the rest. */
const shareForData = 0.7;
/** The system and what else runs take the rest. */
const shareForPlatform = 0.8;

/** Something with a size of its own: the usual one, and the least it works with. */
export interface Sized {
  readonly key: string;
  readonly usual: string;
  readonly least?: number;
}

/** Sizes of disk that fit together: the usual ones where there is room, else each made smaller alike. */
export function fitDisks(disks: readonly Sized[], { diskBytes }: HostRoom): ReadonlyMap<string, string> {
  const budget = diskBytes * shareForData;
  if (sumOf(disks) <= budget) return new Map(disks.map(({ key, usual }) => [key, usual]));
  const sizes = shareOut(disks, { budget, unit: gibibyte, leastOf: () => gibibyte });
  return new Map([...sizes].map(([key, bytes]) => [key, `${bytes / gibibyte}Gi`]));
}

interface Shares {
  readonly budget: number;
  /** Sizes are whole numbers of it. */
  readonly unit: number;
  readonly leastOf: (part: Sized) => number;
}

/** Bytes of each, made smaller alike. What would come under its least takes that, and the others share what it leaves. */
function shareOut(parts: readonly Sized[], { budget, unit, leastOf }: Shares): ReadonlyMap<string, number> {
  const taken = new Map<string, number>();
  for (let open = parts; open.length > 0; ) {
    const left = budget - [...taken.values()].reduce((sum, size) => sum + size, 0);
    const factor = Math.max(0, left) / sumOf(open);
    const shareOf = ({ usual }: Sized): number => Math.floor((bytesOf(usual) * factor) / unit) * unit;
    const bound = open.filter((part) => shareOf(part) < leastOf(part));
    for (const part of bound) taken.set(part.key, leastOf(part));
    if (bound.length === 0) for (const part of open) taken.set(part.key, shareOf(part));
    open = bound.length === 0 ? [] : open.filter((part) => !bound.includes(part));
  }
  return new Map(parts.map(({ key }) => [key, taken.get(key) ?? 0]));
}

/** What was found, and what is proposed for that reason. */
export function describeDisk(disks: readonly Sized[], { diskBytes, place }: HostRoom): string {
  const found = `${describeBytes(diskBytes)} are free at ${place}.`;
  if (sumOf(disks) <= diskBytes * shareForData) return found;
  return `${found} The usual sizes, ${describeBytes(sumOf(disks))} together, do not fit there: smaller ones are proposed.`;
}

/** Memory limits that fit together, each not under what the component needs; undefined where the usual ones fit. */
export function fitMemory(parts: readonly Sized[], { memoryBytes }: HostRoom): ReadonlyMap<string, string> | undefined {
  const budget = memoryBytes * shareForPlatform;
  if (sumOf(parts) <= budget) return undefined;
  const sizes = shareOut(parts, { budget, unit: mebibyte, leastOf: ({ least = 0 }) => least * mebibyte });
  return new Map([...sizes].map(([key, bytes]) => [key, `${bytes / mebibyte}Mi`]));
}

/** Whether even the least of all together is too much. */
export function isTooSmall(parts: readonly Sized[], { memoryBytes }: HostRoom): boolean {
  return leastOf(parts) > memoryBytes * shareForPlatform;
}

/** Bytes of the least limits together. */
export function leastOf(parts: readonly Sized[]): number {
  return parts.reduce((sum, { least = 0 }) => sum + least * mebibyte, 0);
}

/** Memory of a host that the limits would fit. */
export function hostFor(parts: readonly Sized[]): number {
  return sumOf(parts) / shareForPlatform;
}

/** The limits together, beside what the host has. */
export function describeMemory(parts: readonly Sized[], { memoryBytes }: HostRoom): string {
  return `This host has ${describeBytes(memoryBytes)} of memory; the limits of all components together are ${describeBytes(sumOf(parts))}. What is used is less.`;
}

/** Bytes of the usual sizes together. */
export function sumOf(parts: readonly Sized[]): number {
  return parts.reduce((sum, { usual }) => sum + bytesOf(usual), 0);
}

function bytesOf(size: string): number {
  return parseQuantity(size) ?? 0;
}
