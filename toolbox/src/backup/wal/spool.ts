import { copyFile, mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { readJson, toJson, writeWhole } from "../folder-files.ts";
import { parseSegment, type Segment } from "./segments.ts";
import type { WalPart, WalSource } from "./stored-wal.ts";

/** Where segments are received, and lie until they are stored. */
export interface Spool {
  /** What `pg_receivewal` works in. */
  readonly receive: string;
  /** What is stored: whole segments, and a copy of the one that is being written. */
  readonly cut: string;
  /** What is known of the line that is received. */
  readonly line: string;
  /** What is told to whoever looks. */
  readonly state: string;
}

/** What was received without a gap. */
export interface Line extends WalSource {
  readonly id: string;
  /** When it began, ISO 8601. */
  readonly since: string;
  /** The last that was stored of it. */
  readonly stored?: { readonly upto: string; readonly through: string };
}

/** What `slipway status` reads. */
export interface WalState {
  readonly apiVersion: "slipway/v1";
  readonly kind: "WalState";
  /** When this was written. */
  readonly at: string;
  /** Since when nothing is missing; absent where nothing is received. */
  readonly since?: string;
  /** Everything that was written before this moment is in the repository. */
  readonly through?: string;
  /** Why it goes no further. */
  readonly problem?: string;
}

export function spoolIn(root: string, cut: string): Spool {
  return { cut, receive: join(root, "receive"), line: join(root, "line.json"), state: join(root, "state.json") };
}

/** Empties it for a new line. */
export async function clearSpool({ receive, cut }: Spool): Promise<void> {
  for (const folder of [receive, cut]) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
}

export async function readLine({ line }: Spool): Promise<Line | undefined> {
  return (await readJson(line)) as Line | undefined;
}

export async function writeLine({ line: path }: Spool, line: Line): Promise<void> {
  await writeWhole(path, toJson(line));
}

/** How many whole segments wait or lie here. */
export async function countSegments({ receive, cut }: Spool): Promise<number> {
  const all = [...(await readdir(receive)), ...(await readdir(cut))];
  return all.filter((name) => parseSegment(name)?.isPart === false).length;
}

/** Puts what is to be stored where nobody writes to it: whole segments are moved there, of the one that is being written a copy is made. */
export async function fillCut(spool: Spool): Promise<void> {
  await mkdir(spool.receive, { recursive: true, mode: 0o700 });
  for (const name of await readdir(spool.cut)) {
    if (parseSegment(name)?.isPart !== false) await rm(join(spool.cut, name));
  }
  for (let tries = 0; ; tries += 1) {
    try {
      await takeReceived(spool);
      break;
    } catch (error) {
      // What was being written became whole under our hands.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || tries > 5) throw error;
    }
  }
}

/** What lies where it is stored from; undefined where that is nothing, or segments of which one in between is missing. */
export async function partsInCut({ cut }: Spool): Promise<Pick<WalPart, "whole" | "part"> | undefined> {
  return partsOf((await readdir(cut)).flatMap((name) => parseSegment(name) ?? []));
}

async function takeReceived({ receive, cut }: Spool): Promise<void> {
  const found = (await readdir(receive)).flatMap((name) => {
    const segment = parseSegment(name);
    return segment === undefined ? [] : [{ name, ...segment }];
  });
  for (const { name } of found.filter(({ isPart }) => !isPart)) await rename(join(receive, name), join(cut, name));
  const last = found.filter(({ isPart }) => isPart).toSorted((a, b) => b.number - a.number)[0];
  if (last !== undefined) await copyFile(join(receive, last.name), join(cut, last.name));
}

function partsOf(segments: readonly Segment[]): Pick<WalPart, "whole" | "part"> | undefined {
  const numbers = segments.filter(({ isPart }) => !isPart).map(({ number }) => number);
  const part = segments.find(({ isPart }) => isPart)?.number;
  const [first, last] = [Math.min(...numbers), Math.max(...numbers)];
  if (numbers.length === 0) return part === undefined ? undefined : { part };
  const isRow = last - first + 1 === numbers.length && (part === undefined || part === last + 1);
  if (!isRow) return undefined;
  return { whole: { first, last }, ...(part === undefined ? {} : { part }) };
}

/** So many whole segments lie here although they are stored: the next snapshots have them, too, and a restore needs fewer. */
const keptSegments = 32;

/** Removes whole segments that are stored, once there are many; the last one stays, so that there is always something to store. */
export async function removeStored({ cut }: Spool): Promise<void> {
  const whole = (await readdir(cut)).filter((name) => parseSegment(name)?.isPart === false).toSorted();
  if (whole.length < keptSegments) return;
  for (const name of whole.slice(0, -1)) await rm(join(cut, name));
}
