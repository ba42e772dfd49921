import { X509Certificate } from "node:crypto";
import { PreflightError, UsageError } from "../../errors/installer-error.ts";
import { secretFile } from "../../execute/secrets/secret-store.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { readKnownPlan } from "../../execute/state/state-store.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "../context.ts";

export interface CaExportRequest extends InstallTarget {
  /** Written there when given, else only in the result. */
  readonly out?: string;
}

export interface CaExportResult extends ResultHead<"CaExportResult"> {
  readonly name: string;
  /** PEM. */
  readonly certificate: string;
  /** SHA-256, as browsers show it. */
  readonly fingerprint: string;
  readonly expires: string;
  readonly out?: string;
}

/** Certificates are public; whoever is to trust it must be able to read the file. */
const publicMode = 0o644;

/**
 * Hands out the certificate of the install's own authority.
 * @throws UsageError when the install has none; PreflightError when nothing is installed
 */
export async function exportCa(request: CaExportRequest, ports: Pick<ActionPorts, "fs">): Promise<CaExportResult> {
  const layout = stateLayout(request.stateDir);
  const plan = await readKnownPlan(ports.fs, layout);
  if (plan === undefined) {
    throw new PreflightError(`nothing is installed under the name ${request.name}`, { hint: "slipway install" });
  }
  const authority = plan.secrets.find((spec) => spec.generator.kind === "certificate-authority");
  if (authority === undefined) {
    throw new UsageError(`${request.name} has no certificate authority of its own: tls.mode is ${plan.settings.tls}`, {
      hint: "--set tls.mode=self-signed makes one",
    });
  }
  const certificate = await ports.fs.readText(secretFile(layout.secrets, authority.name, "certificate"));
  const parsed = new X509Certificate(certificate);
  if (request.out !== undefined) await ports.fs.writeAtomic(request.out, certificate, { mode: publicMode });
  return {
    apiVersion: "slipway/v1",
    kind: "CaExportResult",
    name: request.name,
    certificate,
    fingerprint: parsed.fingerprint256,
    expires: new Date(parsed.validTo).toISOString(),
    ...(request.out === undefined ? {} : { out: request.out }),
  };
}
