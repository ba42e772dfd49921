import { RegistryError } from "../errors/installer-error.ts";
import { type Descriptor, mediaTypes } from "../oci/descriptor.ts";
import { digestOf, isDigest } from "../oci/digest.ts";
import { manifestLimit } from "../oci/manifest.ts";
import type { StoredManifest } from "./registry-client.ts";
import { isPage, readBounded } from "./refusal.ts";
import type { RegistryResponse } from "./registry-connection.ts";
import { nameOf } from "./registry-errors.ts";
import { type RegistrySession, scopeOf, type Subject } from "./registry-session.ts";

const { ociIndex, ociManifest, dockerList, dockerManifest } = mediaTypes;
const accept = [ociIndex, ociManifest, dockerList, dockerManifest].join(", ");

/** Size and digest by one HEAD; by reading it where the registry does not say. */
export async function headManifest(
  session: RegistrySession,
  repository: string,
  reference: string,
): Promise<Descriptor | undefined> {
  const subject = subjectFor(repository, reference, "read");
  const request = requestFor(session, repository, reference, subject);
  const found = await session.settle({ ...request, method: "HEAD" }, [200, 404], (response) => {
    if (response.status === 404) return "absent" as const;
    refusePage(response, session.host, subject);
    const digest = response.headers["docker-content-digest"];
    const size = Number(response.headers["content-length"] ?? Number.NaN);
    if (digest === undefined || !isDigest(digest) || !Number.isSafeInteger(size)) return "unsaid" as const;
    requireDigest(reference, digest, session.host, subject);
    return { mediaType: mediaTypeOf(response), digest, size };
  });
  if (found === "absent") return undefined;
  return found === "unsaid" ? (await getManifest(session, repository, reference))?.descriptor : found;
}

/** The manifest, hashed: what the registry says of its digest is compared with the bytes. */
export function getManifest(
  session: RegistrySession,
  repository: string,
  reference: string,
): Promise<StoredManifest | undefined> {
  const subject = subjectFor(repository, reference, "read");
  const request = requestFor(session, repository, reference, subject);
  return session.settle({ ...request, method: "GET" }, [200, 404], async (response) => {
    if (response.status === 404) return undefined;
    refusePage(response, session.host, subject);
    const bytes = await readManifest(response, session.host, subject);
    const digest = digestOf(bytes);
    requireDigest(reference, digest, session.host, subject);
    const said = response.headers["docker-content-digest"];
    if (said !== undefined && isDigest(said) && said !== digest) {
      throw lies(session.host, subject, `the registry calls it ${said}, and its bytes have the digest ${digest}`);
    }
    return { descriptor: { mediaType: mediaTypeOf(response, bytes), digest, size: bytes.length }, bytes };
  });
}

/** Sends a manifest; says whether the registry itself lists it as a referrer of its subject. */
export function putManifest(
  session: RegistrySession,
  repository: string,
  reference: string,
  manifest: StoredManifest,
): Promise<boolean> {
  const subject = subjectFor(repository, reference, "write");
  const { descriptor, bytes } = manifest;
  return session.settle(
    {
      method: "PUT",
      target: `/v2/${repository}/manifests/${reference}`,
      headers: { "content-type": descriptor.mediaType },
      body: () => Promise.resolve(bytes),
      scopes: [scopeOf(repository, "pull,push")],
      signal: session.signal,
      errand: subject,
    },
    [201],
    (response) => {
      const said = response.headers["docker-content-digest"];
      if (said !== undefined && said !== descriptor.digest) {
        throw lies(
          session.host,
          subject,
          `the registry stored it as ${said.slice(0, 80)} instead of ${descriptor.digest}`,
        );
      }
      return response.headers["oci-subject"] !== undefined;
    },
  );
}

function subjectFor(repository: string, reference: string, action: "read" | "write"): Subject {
  return { object: isDigest(reference) ? `manifest ${reference}` : `tag ${reference}`, repository, action };
}

function requestFor(session: RegistrySession, repository: string, reference: string, errand: Subject) {
  return {
    target: `/v2/${repository}/manifests/${reference}`,
    headers: { accept },
    scopes: [scopeOf(repository, "pull")],
    signal: session.signal,
    errand,
  };
}

async function readManifest(response: RegistryResponse, host: string, subject: Subject): Promise<Buffer> {
  try {
    return await readBounded(response.body, manifestLimit);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw lies(host, subject, `it is longer than the ${manifestLimit} bytes any manifest may have`);
  }
}

/** From the header, else from the manifest itself. */
function mediaTypeOf(response: RegistryResponse, bytes?: Buffer): string {
  const header = response.headers["content-type"]?.split(";")[0]?.trim() ?? "";
  if (/^[\w.+-]+\/[\w.+-]+$/.test(header) && header !== "application/octet-stream" && header !== "text/plain")
    return header;
  try {
    const { mediaType, manifests } = JSON.parse(bytes?.toString("utf8") ?? "{}") as Record<string, unknown>;
    if (typeof mediaType === "string") return mediaType;
    return manifests === undefined ? ociManifest : ociIndex;
  } catch {
    return ociManifest;
  }
}

function requireDigest(reference: string, digest: string, host: string, subject: Subject): void {
  if (isDigest(reference) && reference !== digest) throw lies(host, subject, `the registry answers with ${digest}`);
}

function refusePage(response: RegistryResponse, host: string, subject: Subject): void {
  if (!isPage(response.headers)) return;
  response.body.destroy();
  throw new RegistryError(`${nameOf({ ...subject, host })}: the answer is a web page, not a manifest`, {
    details: [`it came from ${response.url.host}${response.url.pathname}`],
    hint: `check that ${host} is the registry's own address; a portal that asks to sign in answers like this`,
  });
}

function lies(host: string, subject: Subject, problem: string): RegistryError {
  return new RegistryError(`${nameOf({ ...subject, host })}: ${problem}`, {
    hint: "the registry's storage is damaged, or something in between changes what is sent",
  });
}
