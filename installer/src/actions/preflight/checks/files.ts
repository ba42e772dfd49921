import { X509Certificate, createPrivateKey } from "node:crypto";
import { isIpv4, isIpv6 } from "../../../values/host-names.ts";
import type { Check, CheckContext, CheckFinding } from "../../../targets/check.ts";

const warnDays = 30;
const dayMs = 86_400_000;

const tlsFiles: Check = {
  id: "files.tls",
  title: "the TLS files are readable, belong together, are valid and cover the names",
  why: "browsers and services refuse a certificate that is expired or for another name",
  severity: "failure",
  run: async (context) => {
    if (context.plan.settings.tls !== "files") return [];
    const { certFile, keyFile } = context.values.tls;
    const [certificate, key] = await Promise.all([
      readFile(context, certFile, "tls.certFile"),
      readFile(context, keyFile, "tls.keyFile"),
    ]);
    const unreadable = [certificate, key].flatMap((file) => ("finding" in file ? [file.finding] : []));
    if ("finding" in certificate || "finding" in key) return unreadable;
    return checkPair(context, certificate.text, key.text);
  },
};

type Read = { readonly text: string } | { readonly finding: CheckFinding };

async function readFile({ fs }: CheckContext, path: string, key: string): Promise<Read> {
  try {
    return { text: await fs.readText(path) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      finding: { message: `${key}: ${path} cannot be read: ${reason}`, remedy: `correct the path, or its permissions` },
    };
  }
}

function checkPair(context: CheckContext, certificateText: string, keyText: string): readonly CheckFinding[] {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(certificateText);
  } catch {
    return [
      {
        message: "tls.certFile holds no certificate in PEM form",
        remedy: "give the chain in PEM form, the server's certificate first",
      },
    ];
  }
  return [...checkKey(certificate, keyText), ...checkDates(context, certificate), ...checkNames(context, certificate)];
}

function checkKey(certificate: X509Certificate, keyText: string): readonly CheckFinding[] {
  try {
    if (certificate.checkPrivateKey(createPrivateKey(keyText))) return [];
    return [
      {
        message: "tls.keyFile is not the key of tls.certFile",
        remedy: "give the key the certificate was requested with; the server's certificate must come first in its file",
      },
    ];
  } catch {
    return [
      {
        message: "tls.keyFile holds no private key in PEM form, or one with a passphrase",
        remedy: "give the key in PEM form without a passphrase",
      },
    ];
  }
}

function checkDates({ clock }: CheckContext, certificate: X509Certificate): readonly CheckFinding[] {
  const now = clock.now().getTime();
  const [from, to] = [new Date(certificate.validFrom), new Date(certificate.validTo)];
  const remedy = "get a new certificate and point tls.certFile and tls.keyFile at it";
  if (now < from.getTime()) return [{ message: `the certificate is valid only from ${day(from)}`, remedy }];
  if (now > to.getTime()) return [{ message: `the certificate expired on ${day(to)}`, remedy }];
  if (to.getTime() - now > warnDays * dayMs) return [];
  return [{ severity: "warning", message: `the certificate expires on ${day(to)}`, remedy }];
}

function checkNames({ plan }: CheckContext, certificate: X509Certificate): readonly CheckFinding[] {
  const names = [...new Set(plan.listeners.filter((listener) => listener.tls).map((listener) => listener.host))];
  const uncovered = names.filter((name) =>
    isIpv4(name) || isIpv6(name) ? certificate.checkIP(name) === undefined : certificate.checkHost(name) === undefined,
  );
  if (uncovered.length === 0) return [];
  return [
    {
      message: `the certificate does not cover ${uncovered.join(", ")}`,
      remedy: `get one for ${names.join(", ")} (a wildcard covers the sub-domains)`,
    },
  ];
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}

const secretFiles: Check = {
  id: "files.secrets",
  title: "files with given secrets are readable, and not by others",
  why: "a password that cannot be read stops the service; one that everybody can read is none",
  severity: "failure",
  run: async (context) => {
    const paths = context.plan.secrets.flatMap(({ name, generator }) => {
      if (generator.kind === "given-file") return [{ name, path: generator.path }];
      const value =
        generator.kind === "given" && generator.valuesPath.endsWith("File")
          ? valueAt(context.values, generator.valuesPath)
          : undefined;
      return typeof value === "string" && value !== "" ? [{ name, path: value }] : [];
    });
    // A certificate is no secret; its own check reads it.
    const findings = await Promise.all(
      paths.filter(({ path }) => path !== context.values.tls.certFile).map((file) => checkSecretFile(context, file)),
    );
    return findings.flat();
  },
};

async function checkSecretFile(
  context: CheckContext,
  { name, path }: { readonly name: string; readonly path: string },
) {
  const read = await readFile(context, path, name);
  if ("finding" in read) return [read.finding];
  if (read.text.trim() === "") return [{ message: `${path} (${name}) is empty`, remedy: "put the secret into it" }];
  const mode = (await context.fs.stat(path))?.mode ?? 0;
  if ((mode & 0o004) === 0) return [];
  const finding: CheckFinding = {
    severity: "warning",
    message: `${path} (${name}) can be read by everybody`,
    remedy: `chmod 600 ${path}`,
  };
  return [finding];
}

function valueAt(values: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], values);
}

export const fileChecks: readonly Check[] = [tlsFiles, secretFiles];
