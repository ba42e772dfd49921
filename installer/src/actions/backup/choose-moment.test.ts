import { describe, expect, it } from "vitest";
import type { ListedBackup } from "../../../../toolbox/src/backup/backup-events.ts";
import { chooseForMoment, parseMoment } from "./choose-moment.ts";

const now = new Date("2026-11-30T12:00:00Z");

function backup(id: string, hour: number, more: Partial<ListedBackup> = {}): ListedBackup {
  return { id, at: at(hour, 5), name: "hub", bytes: 1, cutAt: at(hour), ...more };
}

function at(hour: number, minute = 0): string {
  return new Date(Date.UTC(2026, 10, 30, hour, minute)).toISOString();
}

const walThrough = at(9);
const all = [backup("a1", 1, { walThrough }), backup("b2", 4, { walThrough }), backup("c3", 7, { walThrough })];

describe("a moment", () => {
  it.each([
    ["2026-11-30T11:59:59Z", "2026-11-30T11:59:59.000Z"],
    ["2026-11-30T12:30+01:00", "2026-11-30T11:30:00.000Z"],
    ["2026-11-30T00:00:00.123-05:00", "2026-11-30T05:00:00.123Z"],
  ])("%s is read with its zone", (text, moment) => {
    expect(parseMoment(text, now)).toBe(moment);
  });

  it.each(["2026-11-30T11:00:00", "yesterday", "2026-11-30", "2026-13-30T11:00:00Z", "11:00Z", ""])(
    "%j is refused: a zone is needed",
    (text) => {
      expect(() => parseMoment(text, now)).toThrow(/is no moment with a time zone/);
    },
  );

  it("in the future is refused", () => {
    expect(() => parseMoment("2026-11-30T12:00:01Z", now)).toThrow(
      "is in the future: it is 2026-11-30T12:00:00.000Z now",
    );
  });
});

describe("the backups for a moment", () => {
  const ids = (moment: string, list = all): readonly string[] => {
    const { rows, files } = chooseForMoment(list, { of: "hub" }, moment);
    return [rows.id, files.id];
  };

  it("are the newest before it for rows, and the first after it for what these refer to", () => {
    expect(ids(at(5))).toEqual(["b2", "c3"]);
    expect(ids(at(4))).toEqual(["b2", "b2"]);
    expect(ids(at(1, 30))).toEqual(["a1", "b2"]);
  });

  it("is one alone where none was made since", () => {
    expect(ids(at(8))).toEqual(["c3", "c3"]);
    expect(ids(at(9))).toEqual(["c3", "c3"]);
  });

  it("is an older one where the log does not go on from the newest", () => {
    expect(ids(at(8), [backup("a1", 1, { walThrough }), backup("b2", 4)])).toEqual(["a1", "a1"]);
  });

  it("leaves other platforms of the same place alone", () => {
    const other = backup("o", 6, { name: "other", walThrough: at(11) });
    expect(ids(at(7, 30), [...all, other])).toEqual(["c3", "c3"]);
  });

  it.each<[string, string, readonly ListedBackup[], RegExp, RegExp]>([
    ["before the first backup", at(0), all, /lies before the first backup/, /2026-11-30T01:00:00/],
    [
      "after what was stored",
      at(10),
      all,
      /lies after what was stored of the write-ahead log/,
      /is 2026-11-30T09:00:00/,
    ],
    ["where no log is stored", at(2), [backup("a1", 1)], /no write-ahead log is stored in this place/, /--backup ID/],
    [
      "after a gap",
      at(10),
      [backup("a1", 1, { walThrough, walGap: "000000010000000000000007" })],
      /has a gap between .* the segment 000000010000000000000007 is missing/,
      /last moment before the gap is 2026-11-30T09/,
    ],
    [
      "between two lines of it",
      at(2),
      [backup("a1", 1), backup("b2", 4, { walThrough })],
      /no write-ahead log that is stored goes on from backup a1/,
      /04:00/,
    ],
  ])("is refused %s", (_, moment, list, message, hint) => {
    const refusal = { code: "PREFLIGHT_FAILED", message: expect.stringMatching(message) as string };
    expect(() => chooseForMoment(list, { of: "hub" }, moment)).toThrow(
      expect.objectContaining({ ...refusal, hint: expect.stringMatching(hint) as string }) as Error,
    );
  });
});
