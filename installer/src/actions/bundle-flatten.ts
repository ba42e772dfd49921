import { InternalError } from "../errors/installer-error.ts";
import type { ActionPorts, ResultHead } from "./context.ts";

export interface BundleFlattenRequest {
  /** The newest delta first, what it builds on after it. */
  readonly paths: readonly string[];
  readonly output: string;
  readonly keyFiles: readonly string[];
  readonly allowUnsigned: boolean;
}

export interface BundleFlattenResult extends ResultHead<"BundleFlattenResult"> {
  readonly output: string;
  readonly name: string;
  readonly version: string;
  /** Digest of the root document. */
  readonly root: string;
  readonly bytes: number;
}

/**
 * Puts a delta and what it builds on together into the full bundle.
 * @throws BundleError when one of them is not what it should be; PreflightError when the disk cannot hold the result
 */
export function flattenBundle(request: BundleFlattenRequest, _ports: ActionPorts): Promise<BundleFlattenResult> {
  throw new InternalError(`flattening ${request.paths.join(", ")} is not there yet`);
}
