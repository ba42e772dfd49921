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
  const total = sumOf(disks);
  return new Map(
    disks.map(({ key, usual }) => {
      if (total <= budget) return [key, usual];
      const gibibytes = Math.floor((bytesOf(usual) * budget) / total / gibibyte);
      return [key, `${Math.max(1, gibibytes)}Gi`];
    }),
  );
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
  const total = sumOf(parts);
  if (total <= budget) return undefined;
  return new Map(
    parts.map(({ key, usual, least = 0 }) => {
      const share = Math.floor((bytesOf(usual) * budget) / total / mebibyte);
      return [key, `${Math.max(least, share)}Mi`];
    }),
  );
}

/** The limits together, beside what the host has. */
export function describeMemory(parts: readonly Sized[], { memoryBytes }: HostRoom): string {
  return `This host has ${describeBytes(memoryBytes)} of memory; the limits of all components together are ${describeBytes(sumOf(parts))}. What is used is less.`;
}

function sumOf(parts: readonly Sized[]): number {
  return parts.reduce((sum, { usual }) => sum + bytesOf(usual), 0);
}

function bytesOf(size: string): number {
  return parseQuantity(size) ?? 0;
}
