import { dependencyOf } from "../../execute/secrets/secret-parts.ts";
import type { SecretSpec } from "../../plan/model.ts";

export interface KeptSecret {
  readonly name: string;
  readonly reason: string;
  /** What a person can do. */
  readonly instead: string;
}

/**
 * Why a secret stays; undefined for one that another can take the place of.
 * @param others all secrets of the plan
 */
export function keptBecause(
  { name, generator, rotation }: SecretSpec,
  others: readonly SecretSpec[],
): KeptSecret | undefined {
  if (rotation?.kind === "kept") return { name, reason: rotation.reason, instead: rotation.instead };
  if (generator.kind === "given" || generator.kind === "given-file") {
    const instead = "replace it where it comes from, then slipway install hands it on";
    return { name, reason: "it was given", instead };
  }
  // A leaf may be signed anew by the same authority; a hash says the same as long as what it is made of does.
  const source = generator.kind === "bcrypt" ? dependencyOf(generator) : undefined;
  if (source === undefined) return undefined;
  const of = others.find((spec) => spec.name === source);
  const why = of === undefined ? undefined : keptBecause(of, others);
  return { name, reason: `it is made of ${source}`, instead: why?.instead ?? `slipway secrets rotate ${source}` };
}
