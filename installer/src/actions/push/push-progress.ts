import { formatBytes } from "../../oci/format-bytes.ts";
import type { ImageOutcome, PushWork } from "../../registry/push/push-images.ts";
import type { PushPlan } from "../../registry/push/push-plan.ts";
import type { ActionPorts } from "../context.ts";

export interface PushProgress {
  readonly observer: Pick<PushWork, "onBytes" | "onBlob" | "onImage">;
  end(): void;
}

const reportsPerSecond = 4;
/** Before so much went out, how fast it goes says nothing about the rest. */
const tellingBytes = 1024 * 1024;
const tellingPercent = 5;

/** Turns what happens during a push into events: one line of progress for all bytes, one item for each image. */
export function createPushProgress(
  plan: PushPlan,
  { report, clock }: Pick<ActionPorts, "report" | "clock">,
): PushProgress {
  const begin = clock.monotonicMs();
  const placed = new Set<string>();
  let last = begin;
  let sent = 0;
  let spared = 0;

  function tell(now: number): void {
    last = now;
    const seconds = (now - begin) / 1000;
    const rate = sent / Math.max(seconds, 0.001);
    const left = Math.max(0, plan.bytes - sent - spared);
    const percent = plan.bytes === 0 ? 100 : Math.min(100, (100 * (sent + spared)) / plan.bytes);
    const detail = `${formatBytes(sent)} sent, ${formatBytes(rate)}/s`;
    const isTelling = sent >= tellingBytes || (100 * sent) / Math.max(1, plan.bytes) >= tellingPercent;
    const remaining = seconds > 2 && isTelling ? { remainingSeconds: Math.ceil(left / rate) } : {};
    report({ type: "progress", step: "push", id: "layers", percent, detail, ...remaining });
  }

  return {
    observer: {
      onBytes: (bytes) => {
        sent += bytes;
        const now = clock.monotonicMs();
        if (now - last >= 1000 / reportsPerSecond) tell(now);
      },
      onBlob: (descriptor, _repository, state) => {
        if (!placed.has(descriptor.digest) && (state === "cached" || state === "mounted")) spared += descriptor.size;
        if (state !== "failed") placed.add(descriptor.digest);
      },
      onImage: (outcome) => {
        report({
          type: "item",
          step: "push",
          id: outcome.image.target,
          state: outcome.error === undefined ? "done" : "failed",
          detail: outcome.error?.message ?? describe(outcome),
        });
      },
    },
    end: () => tell(clock.monotonicMs()),
  };
}

/** "3 sent, 2 mounted, 1 cached, 12 MiB". */
function describe({ blobs, sentBytes }: ImageOutcome): string {
  const states = (["sent", "mounted", "cached"] as const)
    .filter((state) => blobs[state] > 0)
    .map((state) => `${blobs[state]} ${state}`);
  return [...states, formatBytes(sentBytes)].join(", ");
}
