import { InternalError } from "../errors/installer-error.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "./context.ts";

export interface CaExportRequest extends InstallTarget {
  /** Written there when given, else only in the result. */
  readonly out?: string;
}

export interface CaExportResult extends ResultHead<"CaExportResult"> {
  readonly name: string;
  /** PEM. */
  readonly certificate: string;
  readonly fingerprint: string;
  readonly expires: string;
  readonly out?: string;
}

/**
 * Hands out the certificate of the install's own authority.
 * @throws UsageError when the install has none
 */
export async function exportCa(_request: CaExportRequest, _ports: ActionPorts): Promise<CaExportResult> {
  return Promise.reject(new InternalError("ca export is not built yet"));
}
