import { isFull, type LiveStore } from "../../../targets/live-platform.ts";
import { describeBytes } from "../../../values/quantity.ts";
import { describeFull } from "../../status/describe-state.ts";
import type { CheckFinding } from "../../../targets/check.ts";
import { type LiveCheck, seen } from "./live-check.ts";

const gibibyte = 1024 ** 3;
/** A tenth of a large disk is still much. */
const low = { share: 0.1, bytes: 20 * gibibyte };
const remedy = "make room there or have a larger disk; a database that cannot write stops, and some are damaged by it";

export const diskSpace: LiveCheck = {
  id: "live.disk-space",
  title: "the disks of the stores have room",
  why: "people go on uploading, and a full disk stops every store on it in the middle of a write",
  severity: "failure",
  run: (context) => {
    const full = (seen(context)?.full ?? []).map((store) => ({
      message: describeFull(store),
      remedy: "remove what is not needed there, or have a larger disk; then run slipway start",
    }));
    return [...full, ...lowDisks([...(context.live?.stores ?? [])])];
  },
};

/** Stores that see the same numbers are on one disk, which is told once. */
function lowDisks(stores: readonly (readonly [string, LiveStore])[]): readonly CheckFinding[] {
  const disks = new Map<string, CheckFinding>();
  for (const [store, live] of stores) {
    const { freeBytes, sizeBytes } = live;
    if (!live.ours || freeBytes === undefined || sizeBytes === undefined || isFull(live)) continue;
    if (freeBytes >= Math.min(sizeBytes * low.share, low.bytes)) continue;
    const key = `${freeBytes}/${sizeBytes}`;
    if (disks.has(key)) continue;
    const message = `the disk that ${store} is on has ${describeBytes(freeBytes)} of ${describeBytes(sizeBytes)} free`;
    disks.set(key, { severity: "warning", message, remedy });
  }
  return [...disks.values()];
}
