import { findKey } from "./describe-value.ts";
import type { Section } from "./section.ts";

/** Whether the platform works without it: the schema lets its mode be off. */
export function mayBeOff({ key }: Pick<Section, "key">): boolean {
  return findKey([key, "mode"])?.choices?.includes("off") === true;
}
