import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import type { Collector } from "../collector.ts";

export const certificates: Collector = {
  id: "certificates",
  holds: "names, issuer, fingerprint and term of every certificate; no key",
  why: "what has expired, and what covers which name",
  collect: async ({ install, ports, addJson, failed }) => {
    const { secrets } = install.layout;
    const found: object[] = [];
    for (const name of await ports.fs.list(secrets)) {
      const text = await ports.fs.readText(join(secrets, name));
      try {
        found.push(...certificatesIn(text).map((pem) => ({ file: name, ...describe(new X509Certificate(pem)) })));
      } catch (error) {
        failed(name, error);
      }
    }
    await addJson("certificates.json", found);
  },
};

function certificatesIn(text: string): readonly string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

function describe(certificate: X509Certificate): object {
  const { subject, issuer, subjectAltName, serialNumber, fingerprint256, validFrom, validTo, ca } = certificate;
  return {
    ...{ subject, issuer, subjectAltName, serialNumber, fingerprint256, ca },
    validFrom: new Date(validFrom).toISOString(),
    validTo: new Date(validTo).toISOString(),
  };
}
