import { expect, it } from "vitest";
import { parsePosition, parseSegment, segmentAfter, segmentBefore, segmentName } from "./segments.ts";

it.each([
  [1, 5, "000000010000000000000005"],
  [1, 256, "000000010000000100000000"],
  [18, 1023, "0000001200000003000000FF"],
])("segment %i/%i is called %s", (timeline, number, name) => {
  expect(segmentName(timeline, number)).toBe(name);
  expect(parseSegment(name)).toEqual({ timeline, number, isPart: false });
  expect(parseSegment(`${name}.partial`)).toEqual({ timeline, number, isPart: true });
});

it.each(["00000002.history", "archive_status", "000000010000000000000005.tmp", "00000001000000000000000"])(
  "%s is no segment",
  (name) => {
    expect(parseSegment(name)).toBeUndefined();
  },
);

it("knows which segment is on either side of a position", () => {
  expect(parsePosition("1/3000100")).toBe(2n ** 32n + 0x3000100n);
  expect(segmentAfter("0/5000000")).toBe(5);
  expect(segmentBefore("0/5000000")).toBe(4);
  expect(segmentBefore("0/5000001")).toBe(5);
  expect(segmentAfter("1/0")).toBe(256);
});
