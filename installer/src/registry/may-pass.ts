import { TransportError } from "../platform/transport-error.ts";
import { Refusal } from "./refusal.ts";
import { causeOf } from "./registry-errors.ts";
import { isPassing } from "./retry.ts";

/** A registry that lost track of what it was given. */
const forgotten = ["MANIFEST_BLOB_UNKNOWN", "BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID"];

/**
 * Whether what finally failed may work when it is tried again later, with nothing changed by anybody: not a missing right, an
 * immutable tag, a full disk or a damaged source.
 */
export function mayPass(error: unknown): boolean {
  const refusal = causeOf(error, Refusal);
  if (refusal === undefined) return isPassing(causeOf(error, TransportError), 1);
  if (refusal.isReadOnly() || refusal.isImmutable()) return false;
  return isPassing(refusal, 1) || forgotten.some((code) => refusal.has(code));
}
