import { partsOf, secretFile } from "../../execute/secrets/secret-parts.ts";
import type { Install } from "../../execute/state/install.ts";
import type { Plan, SecretSpec } from "../../plan/model.ts";
import { nameOf, readCertificates } from "../../platform/pem.ts";
import type { FileSystem } from "../../platform/ports.ts";

/** When a certificate of an install ends: what everybody who connects is shown. */
export interface CertificateEnd {
  /** Name of the secret that it belongs to. */
  readonly certificate: string;
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly endMs: number;
}

type Files = Pick<FileSystem, "readTextIfPresent">;

/** The end of each certificate of an install; the nearest of those of one file that bear the same name. */
export async function certificateEnds(install: Install, plan: Plan, fs: Files): Promise<readonly CertificateEnd[]> {
  const all = await Promise.all(plan.secrets.map((spec) => endsOf(spec, install, fs)));
  return all.flat();
}

/** What was made has its certificate in a file of its own; what a person gave may be one. */
function partOf({ generator }: SecretSpec): string | undefined {
  if (generator.kind === "given-file") return "";
  return partsOf(generator).find((part) => part === "certificate");
}

async function endsOf(spec: SecretSpec, { layout }: Install, fs: Files): Promise<readonly CertificateEnd[]> {
  const part = partOf(spec);
  if (part === undefined) return [];
  // One that this user may not read hides nothing else.
  const text = await fs.readTextIfPresent(secretFile(layout.secrets, spec.name, part)).catch(() => undefined);
  const nearest = new Map<string, number>();
  for (const { certificate } of readCertificates(text ?? "").certificates) {
    const [subject, endMs] = [nameOf(certificate), certificate.validToDate.getTime()];
    nearest.set(subject, Math.min(endMs, nearest.get(subject) ?? endMs));
  }
  return [...nearest].map(([subject, endMs]) => ({ certificate: spec.name, subject, endMs }));
}
