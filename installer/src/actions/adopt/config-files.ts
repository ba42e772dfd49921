import { fieldsOf } from "../../language/fields.ts";
import type { FoundCertificateText, FoundSecret, Tree } from "./found.ts";

/** Secrets in configuration files of Git's programs, which the vendor's installers write. */
export function configSecrets(texts: Tree): readonly FoundSecret[] {
  return [...texts].flatMap(([file, text]) => {
    if (/gitaly.*config\.toml$/.test(file))
      return [...assigned(file, text, "gitaly", "secret"), ...assigned(file, text, "gitaly", "token")];
    if (/gitlab-shell.*config\.ya?ml$/.test(file)) return assigned(file, text, "gitlab-shell", "secret");
    return [];
  });
}

function assigned(file: string, text: string, program: string, key: string): readonly FoundSecret[] {
  const value = new RegExp(`^[ \\t]*${key}[ \\t]*[=:][ \\t]*["']?([^"'\\s#]+)`, "m").exec(text)?.[1];
  if (value === undefined) return [];
  return [{ name: `${program}.${key}`, value, where: `${file} ${key}`, madeBy: "vendor" }];
}

/** Certificates of keys that sign sign-ins: on their own, or in the sign-in service's initial data. */
export function signInCertificates(texts: Tree): readonly FoundCertificateText[] {
  return [...texts].flatMap(([file, text]) => {
    if (/casdoor.*(\.pem|\.crt)$/.test(file)) return [{ pem: text, where: file }];
    return file.endsWith("init_data.json") ? initialCertificates(file, text) : [];
  });
}

function initialCertificates(file: string, text: string): readonly FoundCertificateText[] {
  try {
    const { certs } = fieldsOf(JSON.parse(text) as unknown);
    return (Array.isArray(certs) ? certs : []).flatMap((cert: unknown) => {
      const { name, certificate } = fieldsOf(cert);
      if (typeof certificate !== "string" || certificate === "") return [];
      return [{ pem: certificate, where: `${file} certs ${typeof name === "string" ? name : ""}`.trim() }];
    });
  } catch {
    // Not filled in yet: nothing reads it before that.
    return [];
  }
}
