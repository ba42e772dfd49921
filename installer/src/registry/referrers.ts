import { RegistryError } from "../errors/installer-error.ts";
import { type Descriptor, mediaTypes } from "../oci/descriptor.ts";
import { hexOf } from "../oci/digest.ts";
import { manifestLimit, parseManifest } from "../oci/manifest.ts";
import { readFallbackTag } from "./fallback-tag.ts";
import { headManifest } from "./manifests.ts";
import { nextPage, type Page, readPages } from "./next-page.ts";
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

/** By the referrers API, page by page; where the registry has none, by the tag that stands in for it. */
async function listReferrers(
  session: RegistrySession,
  repository: string,
  digest: string,
): Promise<readonly Descriptor[]> {
  const subject: Subject = { object: `the referrers of ${digest}`, repository, action: "read" };
  const first = `/v2/${repository}/referrers/${digest}`;
  const found = await readPages({ ...subject, host: session.host }, first, (target, isFirst) =>
    readPage(session, { target, subject, isFirst }),
  );
  return found ?? readFallbackTag(session, repository, digest);
}

/** Registries without the API answer in many ways. */
const withoutApi = [400, 404, 405, 501];

/** Undefined where there is no such API; once there was a first page, there is. */
function readPage(
  session: RegistrySession,
  { target, subject, isFirst }: { readonly target: string | URL; readonly subject: Subject; readonly isFirst: boolean },
): Promise<Page<Descriptor> | undefined> {
  const problem = (text: string): Error =>
    new RegistryError(`${nameOf({ ...subject, host: session.host })}: the answer ${text}`);
  return session.settle(
    {
      method: "GET",
      target,
      headers: { accept: mediaTypes.ociIndex },
      scopes: [scopeOf(subject.repository, "pull")],
      signal: session.signal,
      errand: subject,
    },
    isFirst ? [200, ...withoutApi] : [200],
    async (response) => {
      if (response.status !== 200 || (isFirst && isPage(response.headers))) return undefined;
      const manifest = parseManifest(await readBounded(response.body, manifestLimit), problem);
      if (manifest.kind === "index") return { items: manifest.manifests, next: nextPage(response, session.host) };
      if (isFirst) return undefined;
      throw problem("is not a list of referrers");
    },
  );
}
