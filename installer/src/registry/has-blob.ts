import type { Descriptor } from "../oci/descriptor.ts";
import { drain } from "./refusal.ts";
import { type RegistrySession, scopeOf } from "./registry-session.ts";

/** Where a blob may be, and what else is done there. */
interface BlobPlace {
  readonly repository: string;
  readonly descriptor: Pick<Descriptor, "digest" | "size">;
  readonly actions: "pull" | "pull,push";
  readonly signal: AbortSignal;
}

/**
 * Whether a repository has a blob: one question, no retries. Who may not look is told no: who may push need not be allowed to
 * look, and who may do neither is told so when something is sent.
 * @throws Refusal, TransportError
 */
export async function askForBlob(session: RegistrySession, place: BlobPlace): Promise<boolean> {
  const { repository, descriptor, actions, signal } = place;
  const response = await session.once(
    {
      method: "HEAD",
      target: `/v2/${repository}/blobs/${descriptor.digest}`,
      scopes: [scopeOf(repository, actions)],
      signal,
    },
    [200, 401, 403, 404],
  );
  drain(response.body);
  const length = response.headers["content-length"];
  return response.status === 200 && (length === undefined || Number(length) === descriptor.size);
}

/**
 * As `askForBlob`, tried again as often as everything else.
 * @throws RegistryError when there is no answer
 */
export async function hasBlob(session: RegistrySession, place: BlobPlace): Promise<boolean> {
  const object = `blob ${place.descriptor.digest}`;
  try {
    return await session.retrier.run(object, place.signal, () => askForBlob(session, place));
  } catch (error) {
    throw session.explain(error, { object, repository: place.repository, action: "read" });
  }
}
