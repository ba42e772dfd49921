import type { PlannedImage } from "../../registry/push/push-plan.ts";
import type { Probe } from "../../registry/push/probe-target.ts";
import type { SelectedImage } from "./push-sources.ts";

/** An image with its place at the target. */
export interface Candidate extends Probe {
  readonly image: SelectedImage;
  /** In full. */
  readonly target: string;
  readonly referrers: SelectedImage["referrers"];
}

export interface ReadImages {
  readonly images: ReadonlyMap<Candidate, PlannedImage>;
  readonly errors: ReadonlyMap<Candidate, Error>;
}
