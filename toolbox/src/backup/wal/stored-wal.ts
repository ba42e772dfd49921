import type { StoredSnapshot } from "../restic.ts";
import { parsePosition, segmentAfter, segmentBefore, segmentName } from "./segments.ts";

/** What tells the write-ahead log of one server from all others, and of one life of its data from the next. */
export interface WalSource {
  readonly systemIdentifier: string;
  readonly timeline: number;
}

/** Where a backup of databases ends, and the log goes on. */
export interface WalStart extends WalSource {
  readonly stopLsn: string;
  /** When it ended there, ISO 8601. */
  readonly cutAt: string;
}

/** What one snapshot has of a write-ahead log. */
export interface WalPart extends WalSource {
  /** What was received without a gap by one receiver; another one begins another line. */
  readonly line: string;
  /** When that one began, ISO 8601. */
  readonly since: string;
  /** Numbers of the first and the last segment that are whole; absent when none is. */
  readonly whole?: { readonly first: number; readonly last: number };
  /** The segment that was being written. */
  readonly part?: number;
  /** Everything up to this position is in it, or in what was stored before. */
  readonly upto: string;
  /** That is what the server had written at this moment; ISO 8601. */
  readonly through: string;
}

export interface StoredWal extends WalPart {
  readonly id: string;
  /** Where its files lie in it. */
  readonly folder: string;
  /** Name of the platform. */
  readonly of: string;
}

/** Under which name snapshots of the log are kept, so that what thins out backups does not see them. */
export function walHost(name: string): string {
  return `${name}/wal`;
}

const mark = "wal-of:";

/** The tags of a snapshot of the log. */
export function tagsOfWal(of: string, part: WalPart): readonly string[] {
  const { line, since, systemIdentifier, timeline, whole, upto, through } = part;
  return [
    ...[`${mark}${of}`, `line:${line}`, `since:${since}`, `server:${systemIdentifier}/${timeline}`],
    ...[`upto:${upto}`, `through:${through}`],
    ...(whole === undefined ? [] : [`whole:${whole.first}-${whole.last}`]),
    ...(part.part === undefined ? [] : [`part:${part.part}`]),
  ];
}

/** The tags with which a backup says where its copy of the databases ends. */
export function tagsOfStart({ systemIdentifier, timeline, stopLsn, cutAt }: WalStart): readonly string[] {
  return [`cut:${cutAt}`, `server:${systemIdentifier}/${timeline}`, `stop:${stopLsn}`];
}

/** Whether a snapshot is of the log, and no backup. */
export function isWal({ tags }: Pick<StoredSnapshot, "tags">): boolean {
  return tags.some((tag) => tag.startsWith(mark));
}

/** What the snapshots of a platform's log have, oldest first. */
export function storedWal(snapshots: readonly StoredSnapshot[], of: string): readonly StoredWal[] {
  return snapshots.flatMap((row) => parseWal(row) ?? []).filter((row) => row.of === of);
}

function parseWal({ id, folder, tags }: StoredSnapshot): StoredWal | undefined {
  const source = sourceIn(tags);
  const [of, line, since] = [mark, "line:", "since:"].map((head) => valueIn(tags, head));
  const [upto, through] = ["upto:", "through:"].map((head) => valueIn(tags, head));
  if (source === undefined || !of || !line || !since || !upto || !through) return undefined;
  const [, first, last] = /^(\d+)-(\d+)$/.exec(valueIn(tags, "whole:") ?? "") ?? [];
  const part = valueIn(tags, "part:");
  return {
    ...{ id, folder, of, line, since, upto, through, ...source },
    ...(first === undefined ? {} : { whole: { first: Number(first), last: Number(last) } }),
    ...(part === undefined ? {} : { part: Number(part) }),
  };
}

/** Where a backup's copy of the databases ends, and when; undefined for one that was made before this was written down. */
export function startIn(tags: readonly string[]): WalStart | undefined {
  const source = sourceIn(tags);
  const [cutAt, stopLsn] = ["cut:", "stop:"].map((head) => valueIn(tags, head));
  return source === undefined || !cutAt || !stopLsn ? undefined : { ...source, cutAt, stopLsn };
}

function sourceIn(tags: readonly string[]): WalSource | undefined {
  const [, systemIdentifier, timeline] = /^(\d+)\/(\d+)$/.exec(valueIn(tags, "server:") ?? "") ?? [];
  return systemIdentifier === undefined ? undefined : { systemIdentifier, timeline: Number(timeline) };
}

function valueIn(tags: readonly string[], head: string): string | undefined {
  return tags.find((tag) => tag.startsWith(head))?.slice(head.length);
}

/** How far the stored log leads from a backup. */
export interface WalReach {
  /** The last moment that can be brought back, ISO 8601. */
  readonly through: string;
  /** Name of a segment that is missing before what was stored later. */
  readonly gap?: string;
}

/** How far the log leads from a backup without a gap; undefined where none of it goes on where the backup ends. */
export function reachOf(start: WalStart, stored: readonly StoredWal[]): WalReach | undefined {
  const chain = chainOf(start, stored);
  const last = chain.usable.at(-1);
  if (last === undefined) return undefined;
  return { through: last.through, ...(chain.missing === undefined ? {} : { gap: chain.missing }) };
}

/** What is taken of one snapshot. */
export interface WalPiece {
  readonly id: string;
  readonly folder: string;
  /** Names of its files. */
  readonly files: readonly string[];
}

/**
 * The least that has to be fetched to go from a backup to a moment, and up to where the log has to be played back for it.
 * @returns undefined where the stored log does not lead there
 */
export function piecesFor(
  start: WalStart,
  stored: readonly StoredWal[],
  moment: string,
): { readonly pieces: readonly WalPiece[]; readonly upto: string } | undefined {
  const { line, usable } = chainOf(start, stored);
  const target = usable.find(({ through }) => Date.parse(through) >= Date.parse(moment));
  if (target === undefined) return undefined;
  const { timeline, part } = target;
  const end = segmentBefore(target.upto);
  const isInPart = part === end;
  const pieces: WalPiece[] = [];
  for (let next = segmentAfter(start.stopLsn); next < end + (isInPart ? 0 : 1); ) {
    const best = furthest(line, next);
    if (best?.whole === undefined) throw new RangeError(`the segment ${segmentName(timeline, next)} was counted twice`);
    const last = Math.min(best.whole.last, end);
    pieces.push({
      id: best.id,
      folder: best.folder,
      files: range(next, last).map((number) => segmentName(timeline, number)),
    });
    next = last + 1;
  }
  if (isInPart) pieces.push({ id: target.id, folder: target.folder, files: [`${segmentName(timeline, end)}.partial`] });
  return { pieces, upto: target.upto };
}

function range(first: number, last: number): readonly number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}

function furthest(line: readonly StoredWal[], segment: number): StoredWal | undefined {
  const having = line.filter(({ whole }) => whole !== undefined && whole.first <= segment && segment <= whole.last);
  return having.toSorted((a, b) => (b.whole?.last ?? 0) - (a.whole?.last ?? 0))[0];
}

interface Chain {
  /** All that was stored of the line, oldest first. */
  readonly line: readonly StoredWal[];
  /** What of it the log leads to without a gap. */
  readonly usable: readonly StoredWal[];
  /** Name of the first segment that is missing before what was stored later. */
  readonly missing?: string;
}

/**
 * What the log has that goes on from a backup. A server that was brought back writes segments of the same names again: what counts is the line
 * that was received when the backup was made.
 */
export function chainOf(start: WalStart, stored: readonly StoredWal[]): Chain {
  const begun = stored.filter(
    (row) =>
      row.systemIdentifier === start.systemIdentifier &&
      row.timeline === start.timeline &&
      Date.parse(row.since) <= Date.parse(start.cutAt),
  );
  const [newest] = begun.toSorted((a, b) => Date.parse(b.since) - Date.parse(a.since));
  return walk(
    start,
    begun.filter(({ line }) => line === newest?.line).toSorted((a, b) => Date.parse(a.through) - Date.parse(b.through)),
  );
}

function walk(start: WalStart, line: readonly StoredWal[]): Chain {
  const stop = parsePosition(start.stopLsn);
  const usable: StoredWal[] = [];
  let next = segmentAfter(start.stopLsn);
  let missing: string | undefined;
  for (const row of line) {
    const { whole, part, upto, through } = row;
    // Also of one that ends before the backup: the segment became whole while it was stored.
    if (whole !== undefined && whole.first <= next && next <= whole.last) next = whole.last + 1;
    if (parsePosition(upto) < stop || Date.parse(through) < Date.parse(start.cutAt)) continue;
    const end = segmentBefore(upto);
    if (next > end || (next === end && part === end)) usable.push(row);
    else missing ??= segmentName(row.timeline, next);
  }
  return { line, usable, ...(missing === undefined ? {} : { missing }) };
}

/**
 * Snapshots of the log that nobody needs: from before every backup that is kept, and those whose all a later one has, too. The newest
 * one stays.
 */
export function needlessWal(stored: readonly StoredWal[], kept: readonly WalStart[]): readonly string[] {
  const sorted = stored.toSorted((a, b) => Date.parse(a.through) - Date.parse(b.through));
  const newest = sorted.at(-1);
  return sorted
    .filter((row, index) => {
      if (row === newest) return false;
      const next = sorted.slice(index + 1).find(({ line }) => line === row.line);
      return !isNeeded(row, kept) || (next !== undefined && firstIn(next) <= firstIn(row));
    })
    .map(({ id }) => id);
}

function firstIn({ whole, part, upto }: StoredWal): number {
  return whole?.first ?? part ?? segmentAfter(upto);
}

function isNeeded(row: StoredWal, kept: readonly WalStart[]): boolean {
  return kept.some(
    ({ systemIdentifier, timeline, stopLsn }) =>
      systemIdentifier === row.systemIdentifier &&
      timeline === row.timeline &&
      (parsePosition(row.upto) >= parsePosition(stopLsn) || (row.whole?.last ?? -1) >= segmentAfter(stopLsn)),
  );
}
