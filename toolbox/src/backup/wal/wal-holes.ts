import type { StoredSnapshot } from "../restic.ts";
import { chainOf, startIn, storedWal, type WalStart } from "./stored-wal.ts";

interface Hole {
  /** Name of the first segment that is missing. */
  readonly segment: string;
  /** Backups from which the log leads to it, oldest first. */
  readonly backups: readonly Backup[];
  /** The last moment before it that can be brought back, ISO 8601. */
  readonly from: string;
}

type Backup = WalStart & { readonly id: string };

/**
 * Tells of each hole in the write-ahead log of a platform: from a backup on it was stored, a part of it is gone, and what came later is of no
 * use for that backup. Where the log begins after a backup, or ends, it has no hole.
 * @param snapshots all that a repository has
 * @param of name of the platform
 * @returns a line each, with what is to be done
 */
export function holesIn(snapshots: readonly StoredSnapshot[], of: string): readonly string[] {
  const backups = snapshots
    .filter(({ tags }) => tags.includes(`of:${of}`))
    .flatMap(({ id, tags }) => {
      const start = startIn(tags);
      return start === undefined ? [] : [{ id, ...start }];
    })
    .toSorted((a, b) => Date.parse(a.cutAt) - Date.parse(b.cutAt));
  const stored = storedWal(snapshots, of);
  const holes = new Map<string, Hole>();
  for (const backup of backups) {
    const { line, usable, missing } = chainOf(backup, stored);
    if (missing === undefined) continue;
    const place = `${line[0]?.line ?? ""}/${missing}`;
    const before = holes.get(place)?.backups ?? [];
    const from = usable.at(-1)?.through ?? backup.cutAt;
    holes.set(place, { segment: missing, backups: [...before, backup], from });
  }
  return [...holes.values()].map((hole) => inWords(hole, backups));
}

function inWords({ segment, backups, from }: Hole, all: readonly Backup[]): string {
  const next = all.find(({ cutAt }) => Date.parse(cutAt) > Date.parse(from));
  const span = next === undefined ? `after ${from}` : `from ${from} to ${next.cutAt}`;
  const names = backups.map(({ id }) => shortId(id)).join(", ");
  const why =
    `segment ${segment} is missing in the write-ahead log that goes on from the ` +
    `backup${backups.length === 1 ? "" : "s"} ${names}`;
  const advice =
    next === undefined
      ? "run slipway backup create: later moments can be brought back from that backup on"
      : `later ones can be from the backup ${shortId(next.id)} on`;
  return `${span} no moment can be brought back: ${why} (${advice})`;
}

function shortId(id: string): string {
  return id.slice(0, 8);
}
