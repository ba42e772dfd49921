import type { Check, CheckContext, CheckFinding } from "../../../targets/check.ts";
import { isCertificate, readPem } from "../../../platform/pem.ts";
import { readGiven } from "./read-given.ts";
import { holdsKey } from "./tls-key.ts";
import { tlsFiles } from "./tls-files.ts";

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
    return (await Promise.all(paths.map((file) => checkSecretFile(context, file)))).flat();
  },
};

async function checkSecretFile(
  context: CheckContext,
  { name, path }: { readonly name: string; readonly path: string },
) {
  const read = await readGiven(context, path, name);
  // Those for TLS have a check of their own, which says that it cannot read them.
  if ("finding" in read) return Object.values(context.values.tls).includes(path) ? [] : [read.finding];
  if (isPublic(read.text)) return [];
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

/** Certificates are no secret, and other programs read them too; a key in the same file is one, wherever its block begins. */
function isPublic(text: string): boolean {
  const { blocks } = readPem(text);
  return blocks.length > 0 && blocks.every(isCertificate) && !holdsKey(text);
}

function valueAt(values: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], values);
}

export const fileChecks: readonly Check[] = [tlsFiles, secretFiles];
