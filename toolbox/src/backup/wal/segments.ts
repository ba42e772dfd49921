/** How PostgreSQL cuts its write-ahead log into files, unless told otherwise when a server is made; ours is not. */
const segmentBytes = 16n * 1024n * 1024n;

/** Segments that a number of eight digits in the middle of a name stands for. */
const perLog = 256;

/** A file of the write-ahead log. */
export interface Segment {
  readonly timeline: number;
  /** Counted from the beginning of the log. */
  readonly number: number;
  /** It is being written. */
  readonly isPart: boolean;
}

/** `000000010000000000000005`: timeline and number. */
export function segmentName(timeline: number, number: number): string {
  return [timeline, Math.floor(number / perLog), number % perLog].map(toHex).join("");
}

function toHex(value: number): string {
  return value.toString(16).toUpperCase().padStart(8, "0");
}

/** What the name of a file of `pg_receivewal` says; undefined for any other file. */
export function parseSegment(name: string): Segment | undefined {
  const [, timeline, log, low, part] = /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})(\.partial)?$/.exec(name) ?? [];
  if (timeline === undefined || log === undefined || low === undefined) return undefined;
  const number = Number.parseInt(log, 16) * perLog + Number.parseInt(low, 16);
  return { timeline: Number.parseInt(timeline, 16), number, isPart: part !== undefined };
}

/** The position that PostgreSQL writes as `0/3000100`. */
export function parsePosition(text: string): bigint {
  const [high = "", low = ""] = text.split("/");
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}

/** Number of the segment that what comes after a position is written to. */
export function segmentAfter(position: string): number {
  return Number(parsePosition(position) / segmentBytes);
}

/** Number of the segment that what comes before a position was written to. */
export function segmentBefore(position: string): number {
  return Number((parsePosition(position) - 1n) / segmentBytes);
}
