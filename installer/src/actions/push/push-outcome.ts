import type { Finding } from "../../events/event.ts";
import { InstallerError } from "../../errors/installer-error.ts";
import type { ImageOutcome, ItemState } from "../../registry/push/push-images.ts";
import type { PushPlan } from "../../registry/push/push-plan.ts";
import type { PushEnd } from "../../registry/push/push-target.ts";
import type { TargetKnowledge } from "../../registry/push/target-knowledge.ts";
import { mayPass } from "../../registry/may-pass.ts";
import type { PushedImage, PushResult } from "./push-request.ts";
import type { Candidate, ReadImages } from "./candidate.ts";
import type { DamagedImage } from "./push-sources.ts";

export type PushOutcome = Omit<PushResult, "apiVersion" | "kind" | "to" | "ms">;

export interface Described {
  readonly plan: PushPlan;
  readonly read: ReadImages;
  readonly findings: readonly Finding[];
  readonly damaged: readonly PlacedDamage[];
}

/** An image that was not even found whole. */
export interface PlacedDamage extends DamagedImage {
  /** In full. */
  readonly target: string;
}

const noBlobs = { cached: 0, mounted: 0, sent: 0, failed: 0 };

function describeImage(candidate: Candidate, state: PushedImage["state"], error?: Error): PushedImage {
  return {
    name: candidate.image.name,
    source: candidate.image.reference,
    target: candidate.target,
    digest: candidate.root.digest,
    state,
    blobs: noBlobs,
    sentBytes: 0,
    ...(error !== undefined && { error: describeError(error) }),
  };
}

function describeDamage({ name, reference, target, digest, error }: PlacedDamage): PushedImage {
  return {
    name,
    source: reference,
    target,
    ...(digest !== undefined && { digest }),
    state: "failed",
    blobs: noBlobs,
    sentBytes: 0,
    error: describeError(error),
  };
}

function describeError(error: Error): NonNullable<PushedImage["error"]> {
  if (!(error instanceof InstallerError)) {
    return { code: "INTERNAL", message: error.message, details: [], mayPass: false };
  }
  const { code, message, hint, details } = error;
  return { code, message, details, mayPass: mayPass(error), ...(hint !== undefined && { hint }) };
}

/** What became of each image. */
export function describeOutcome(
  candidates: readonly Candidate[],
  { plan, read, findings, damaged }: Described,
  pushed: readonly ImageOutcome[],
): PushOutcome {
  const outcomes = new Map(pushed.map((outcome) => [outcome.image.target, outcome]));
  const images = candidates.map((candidate): PushedImage => {
    const error = read.errors.get(candidate);
    if (error !== undefined) return describeImage(candidate, "failed", error);
    const outcome = outcomes.get(candidate.target);
    if (outcome === undefined) return describeImage(candidate, "cached");
    const { state, blobs, sentBytes } = outcome;
    return { ...describeImage(candidate, state, outcome.error), blobs, sentBytes };
  });
  images.push(...damaged.map(describeDamage));
  return summarise(images, { plan, findings, dryRun: false, sent: sum(images, (image) => image.sentBytes) });
}

/** How it ended, for what is to be done at the target. */
export function endOf({ ok, images }: Pick<PushOutcome, "ok" | "images">): PushEnd {
  if (ok) return "complete";
  const isSourceAtFault = images.every(({ state, error }) => state === "failed" && error?.code === "BUNDLE_INVALID");
  return isSourceAtFault ? "in vain" : "incomplete";
}

/** What a push would do. Of repositories that exist it is not asked which blobs they have: the bytes are the most there can be. */
export function describeDryRun(
  candidates: readonly Candidate[],
  { plan, read, findings, damaged }: Described,
  knowledge: TargetKnowledge,
): PushOutcome {
  const absent = plan.blobs.filter(({ descriptor }) => knowledge.holderOf(descriptor.digest) === undefined);
  const images = candidates.map((candidate) => {
    const error = read.errors.get(candidate);
    if (error !== undefined) return describeImage(candidate, "failed", error);
    return describeImage(candidate, read.images.has(candidate) ? "planned" : "cached");
  });
  images.push(...damaged.map(describeDamage));
  return summarise(images, { plan, findings, dryRun: true, sent: sum(absent, ({ descriptor }) => descriptor.size) });
}

function summarise(
  images: readonly PushedImage[],
  about: {
    readonly plan: PushPlan;
    readonly findings: readonly Finding[];
    readonly dryRun: boolean;
    readonly sent: number;
  },
): PushOutcome {
  const count = (state: PushedImage["state"]): number => images.filter((image) => image.state === state).length;
  const blobs = (state: ItemState): number => sum(images, (image) => image.blobs[state]);
  return {
    dryRun: about.dryRun,
    ok: count("failed") === 0,
    images,
    counts: {
      cached: count("cached"),
      mounted: count("mounted"),
      sent: count("sent"),
      failed: count("failed"),
      planned: count("planned"),
    },
    blobs: { cached: blobs("cached"), mounted: blobs("mounted"), sent: blobs("sent"), failed: blobs("failed") },
    bytes: { unique: about.plan.bytes, sent: about.sent },
    findings: about.findings,
  };
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
