import { addToFallbackTag, subjectOf } from "./fallback-tag.ts";
import { putManifest } from "./manifests.ts";
import type { StoredManifest } from "./registry-client.ts";
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
  const listedByRegistry = await putManifest(session, repository, reference, manifest);
  if (attached !== undefined && !listedByRegistry) await addToFallbackTag(session, repository, attached, manifest);
}
