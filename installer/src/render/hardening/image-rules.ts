import { type Problem, problemIf } from "./hardening-input.ts";

const digest = /@sha256:[0-9a-f]{64}$/;
/** The tag of an image of ours is the hash of its inputs. */
const inputHash = /(?:^|\/)slipway\/[a-z0-9-]+:[0-9a-f]{16}$/;

/** True for a reference that can only ever mean one image. */
export function isPinned(reference: string): boolean {
  return digest.test(reference) || inputHash.test(reference);
}

/** S10: every image by digest, or by the hash of its inputs. */
export function imagePinned(where: string, reference: string): readonly Problem[] {
  return problemIf(!isPinned(reference), where, `the image ${reference} has no digest and no hash for a tag`);
}

/** S32: no tag that moves. */
export function imageSteady(where: string, reference: string): readonly Problem[] {
  const tag = /:([^/:@]+)(?:@|$)/.exec(reference)?.[1];
  const moves =
    (tag === undefined && !digest.test(reference)) || tag === "latest" || tag === "stable" || tag === "edge";
  return problemIf(moves, where, `the image ${reference} has ${tag === undefined ? "no tag" : `the tag ${tag}`}`);
}
