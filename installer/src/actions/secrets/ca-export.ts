import { X509Certificate } from "node:crypto";
import { PreflightError, UsageError } from "../../errors/installer-error.ts";
import { secretFile } from "../../execute/secrets/secret-parts.ts";
import { openInstall } from "../../execute/state/install.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { readKnownPlans } from "../../execute/state/state-store.ts";
import type { Plan, SecretSpec } from "../../plan/model.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "../context.ts";
import { requireInstalledHere } from "../status/elsewhere.ts";

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

type CaPorts = Pick<ActionPorts, "fs"> & Partial<Pick<ActionPorts, "target">>;

/** Certificates are public; whoever is to trust it must be able to read the file. */
const publicMode = 0o644;

/**
 * Hands out the certificate of the install's own authority.
 * @throws UsageError when the install has none; PreflightError when nothing is installed
 */
export async function exportCa(request: CaExportRequest, ports: CaPorts): Promise<CaExportResult> {
  const layout = stateLayout(request.stateDir);
  const plans = await readKnownPlans(ports.fs, layout);
  if (plans.length === 0) await requireInstalledHere(await openInstall(request, ports.fs), ports);
  const authority = requireAuthority(plans, request.name);
  const certificate = await ports.fs.readTextIfPresent(secretFile(layout.secrets, authority.name, "certificate"));
  if (certificate === undefined) {
    throw new PreflightError(`the authority of ${request.name} was not made yet`, { hint: "slipway install" });
  }
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

function requireAuthority(plans: readonly Plan[], name: string): SecretSpec {
  const authority = plans
    .flatMap((known) => known.secrets)
    .find((spec) => spec.generator.kind === "certificate-authority");
  if (authority !== undefined) return authority;
  const mode = plans[0]?.settings.tls ?? "off";
  throw new UsageError(`${name} has no certificate authority of its own: tls.mode is ${mode}`, {
    hint:
      mode === "files"
        ? "its certificate is the one of tls.certFile, and who signed that has to be trusted"
        : "there is nothing to trust without TLS; slipway install --set tls.mode=self-signed makes one",
  });
}
