import { addToFallbackTag, subjectOf } from "./fallback-tag.ts";
import { headManifest, putManifest } from "./manifests.ts";
import type { StoredManifest } from "./registry-client.ts";
import { RefusedError } from "./registry-errors.ts";
import type { RegistrySession } from "./registry-session.ts";

/**
 * Stores a manifest; where the registry has no referrers API, the tag that stands in for it is brought up to date.
 * @throws RegistryError when the bytes are not a manifest, or the registry refuses it
 */
export async function storeManifest(
  session: RegistrySession,
  repository: string,
  reference: string,
  manifest: StoredManifest,
): Promise<void> {
  const attached = subjectOf(manifest.bytes);
  const listedByRegistry = await putUnlessHeld(session, repository, reference, manifest);
  if (attached !== undefined && !listedByRegistry) await addToFallbackTag(session, repository, attached, manifest);
}

/** A rule that holds a tag refuses it also to who would set it to what it stands for. */
async function putUnlessHeld(
  session: RegistrySession,
  repository: string,
  reference: string,
  manifest: StoredManifest,
): Promise<boolean> {
  try {
    return await putManifest(session, repository, reference, manifest);
  } catch (error) {
    if (!(error instanceof RefusedError) || !error.refusal.isImmutable()) throw error;
    const there = await headManifest(session, repository, reference).catch(() => undefined);
    if (there?.digest !== manifest.descriptor.digest) throw error;
    // Its bytes came by an earlier put, which saw to the list of its referrers.
    return true;
  }
}
