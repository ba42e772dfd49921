import type { Unit } from "../render/rendering.ts";
import { hashOf } from "./digest.ts";

/** Fingerprint of what is recorded once everything of it is applied: every unit as rendered, and what the person asked for. */
export function appliedHash(units: readonly Unit[], valuesText: string): string {
  return hashOf({ units: units.map((unit) => [unit.id, unit.specHash]), values: valuesText });
}
