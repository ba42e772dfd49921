import { RegistryError } from "../errors/installer-error.ts";
import { type Descriptor, mediaTypes } from "../oci/descriptor.ts";
import { hexOf } from "../oci/digest.ts";
import { manifestLimit, parseManifest } from "../oci/manifest.ts";
import { readFallbackTag } from "./fallback-tag.ts";
import { headManifest } from "./manifests.ts";
import { isPage, readBounded } from "./refusal.ts";
import { nameOf } from "./registry-errors.ts";
import { type RegistrySession, scopeOf, type Subject } from "./registry-session.ts";

export interface Referrer {
  readonly descriptor: Descriptor;
  /** Where it is found by a tag of its own (cosign). */
  readonly tag?: string;
}

/** Cosign's own way, older than the referrers API: signatures, attestations and SBOMs as tags beside the image. */
const cosignSuffixes = ["sig", "att", "sbom"] as const;

/** Everything attached to a manifest: by the referrers API or its stand-in tag, and by cosign's tags. Each once. */
export async function findReferrers(
  session: RegistrySession,
  repository: string,
  digest: string,
): Promise<readonly Referrer[]> {
  const [listed, tagged] = await Promise.all([
    listReferrers(session, repository, digest),
    Promise.all(cosignSuffixes.map((suffix) => tagReferrer(session, repository, `sha256-${hexOf(digest)}.${suffix}`))),
  ]);
  const byTag = tagged.filter((referrer) => referrer !== undefined);
  const known = new Set(byTag.map(({ descriptor }) => descriptor.digest));
  return [...byTag, ...listed.filter((entry) => !known.has(entry.digest)).map((descriptor) => ({ descriptor }))];
}

async function tagReferrer(session: RegistrySession, repository: string, tag: string): Promise<Referrer | undefined> {
  const descriptor = await headManifest(session, repository, tag);
  return descriptor === undefined ? undefined : { descriptor, tag };
}

async function listReferrers(
  session: RegistrySession,
  repository: string,
  digest: string,
): Promise<readonly Descriptor[]> {
  const subject: Subject = { object: `the referrers of ${digest}`, repository, action: "read" };
  const answer = await session.settle(
    {
      method: "GET",
      target: `/v2/${repository}/referrers/${digest}`,
      headers: { accept: mediaTypes.ociIndex },
      scopes: [scopeOf(repository, "pull")],
      signal: session.signal,
      errand: subject,
    },
    // Registries without the API answer in many ways.
    [200, 400, 404, 405, 501],
    async (response) => {
      if (response.status !== 200 || isPage(response.headers)) return undefined;
      const problem = (text: string): Error =>
        new RegistryError(`${nameOf({ ...subject, host: session.host })}: the answer ${text}`);
      const manifest = parseManifest(await readBounded(response.body, manifestLimit), problem);
      return manifest.kind === "index" ? manifest.manifests : undefined;
    },
  );
  return answer ?? readFallbackTag(session, repository, digest);
}
