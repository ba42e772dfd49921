import { type Descriptor, mediaTypes } from "../oci/descriptor.ts";
import { digestOf, hexOf } from "../oci/digest.ts";
import { parseManifest } from "../oci/manifest.ts";
import { RegistryError } from "../errors/installer-error.ts";
import { getManifest, putManifest } from "./manifests.ts";
import type { StoredManifest } from "./registry-client.ts";
import type { RegistrySession } from "./registry-session.ts";

/** The tag under which referrers are listed where a registry has no API for them: OCI distribution 1.1, "Referrers Tag Schema". */
export function fallbackTagOf(digest: string): string {
  return `sha256-${hexOf(digest)}`;
}

/** The digest a manifest is attached to; undefined when it has none or is not a manifest. */
export function subjectOf(bytes: Uint8Array): string | undefined {
  // Most manifests have none, and then nothing is parsed.
  if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes('"subject"')) return undefined;
  return parseManifest(bytes, (problem) => new RegistryError(`the manifest to send ${problem}`)).subject?.digest;
}

/** The entries of the tag; none when it is not there or is not an index. */
export async function readFallbackTag(
  session: RegistrySession,
  repository: string,
  digest: string,
): Promise<readonly Descriptor[]> {
  const tag = fallbackTagOf(digest);
  const stored = await getManifest(session, repository, tag);
  if (stored === undefined) return [];
  const problem = (text: string): Error => new RegistryError(`tag ${tag} of ${repository} on ${session.host} ${text}`);
  const manifest = parseManifest(stored.bytes, problem);
  return manifest.kind === "index" ? manifest.manifests : [];
}

/** Adds a manifest to the tag of what it is attached to, one after the other for each tag. */
export function addToFallbackTag(
  session: RegistrySession,
  repository: string,
  digest: string,
  manifest: StoredManifest,
): Promise<void> {
  const key = `${repository} ${digest}`;
  const before = session.turns.get(key) ?? Promise.resolve();
  const turn = before.catch(() => undefined).then(() => add(session, repository, digest, manifest));
  session.turns.set(key, turn);
  return turn;
}

async function add(
  session: RegistrySession,
  repository: string,
  digest: string,
  { descriptor, bytes }: StoredManifest,
): Promise<void> {
  const listed = await readFallbackTag(session, repository, digest);
  if (listed.some((entry) => entry.digest === descriptor.digest)) return;
  const { artifactType, annotations, config } = JSON.parse(Buffer.from(bytes).toString("utf8")) as {
    artifactType?: string;
    annotations?: Record<string, string>;
    config?: { mediaType?: string };
  };
  const type = artifactType ?? config?.mediaType;
  const { mediaType, size } = descriptor;
  const entry = {
    mediaType,
    digest: descriptor.digest,
    size,
    ...(type === undefined ? {} : { artifactType: type }),
    ...(annotations === undefined ? {} : { annotations }),
  };
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [...listed, entry] };
  const text = Buffer.from(JSON.stringify(index));
  await putManifest(session, repository, fallbackTagOf(digest), {
    descriptor: { mediaType: mediaTypes.ociIndex, digest: digestOf(text), size: text.length },
    bytes: text,
  });
}
