import { expect, it } from "vitest";
import type { InstallerEvent } from "../../events/event.ts";
import type { PushPlan } from "../../registry/push/push-plan.ts";
import { createStillClock } from "../../../test/support/memory-ports.ts";
import { createPushProgress } from "./push-progress.ts";

const mebibyte = 1024 * 1024;

/** What is said to remain when so many bytes of a push went out in ten seconds. */
function remainingAfter(sent: number, bytes: number): number | undefined {
  const events: InstallerEvent[] = [];
  let now = 0;
  const clock = { ...createStillClock(), monotonicMs: () => now };
  const plan: PushPlan = { host: "h", images: [], blobs: [], bytes, repositories: [] };
  const progress = createPushProgress(plan, { report: (event) => void events.push(event), clock });
  now = 10_000;
  progress.observer.onBytes(sent);
  const last = events.at(-1);
  return last?.type === "progress" ? last.remainingSeconds : undefined;
}

it("does not guess what remains from the first bytes, which are small manifests or the start of a slow connection", () => {
  expect(remainingAfter(260, 120 * mebibyte)).toBeUndefined();
});

it.each([
  ["a mebibyte of many went out", mebibyte, 101 * mebibyte, 1000],
  ["a good part of little went out", 100, 1000, 90],
])("says what remains once %s", (_what, sent, bytes, seconds) => {
  expect(remainingAfter(sent, bytes)).toBe(seconds);
});
