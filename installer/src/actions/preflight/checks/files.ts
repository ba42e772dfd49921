import type { Check, CheckContext, CheckFinding } from "../../../targets/check.ts";
import { isCertificate, readPem } from "../../../platform/pem.ts";
import { isKnownDefault } from "./known-defaults.ts";
import { readGiven } from "./read-given.ts";
import { holdsKey } from "./tls-key.ts";
import { tlsFiles } from "./tls-files.ts";

const secretFiles: Check = {
  id: "files.secrets",
  title: "files with given secrets are readable, and not by others",
  why: "a password that cannot be read stops the service; one that everybody can read is none",
  severity: "failure",
  run: async (context) => {
    const given = givenSecrets(context).flatMap((secret) => ("path" in secret ? [secret] : []));
    return (await Promise.all(given.map((file) => checkSecretFile(context, file)))).flat();
  },
};

const knownDefaults: Check = {
  id: "files.known-defaults",
  title: "no given secret is a well-known default",
  why: "such passwords and keys are tried first, and everybody has those that a product comes with",
  severity: "warning",
  run: async (context) => {
    const found = await Promise.all(
      givenSecrets(context).map(async (secret): Promise<readonly CheckFinding[]> => {
        const text = "value" in secret ? secret.value : await readText(context, secret.path, secret.name);
        if (
          text === undefined ||
          !isKnownDefault(
            text,
            context.plan.components.map(({ id }) => id),
          )
        )
          return [];
        const remedy = "have the service that it is of take another one, made at random, and give that";
        return [{ message: `${secret.from} (${secret.name}) is a well-known default`, remedy }];
      }),
    );
    return found.flat();
  },
};

/** Undefined where it cannot be read, which another check tells. */
async function readText(context: CheckContext, path: string, name: string): Promise<string | undefined> {
  const read = await readGiven(context, path, name);
  return "text" in read ? read.text : undefined;
}

/** A secret that a person gives: in the values, or in a file; `from` is where they find it. */
type GivenSecret = { readonly name: string; readonly from: string } & (
  | { readonly path: string }
  | { readonly value: string }
);

function givenSecrets({ plan, values }: CheckContext): readonly GivenSecret[] {
  return plan.secrets.flatMap(({ name, generator }): readonly GivenSecret[] => {
    if (generator.kind === "given-file") return [{ name, from: generator.path, path: generator.path }];
    if (generator.kind !== "given") return [];
    const { valuesPath } = generator;
    const value = valueAt(values, valuesPath);
    if (typeof value !== "string" || value === "") return [];
    return [valuesPath.endsWith("File") ? { name, from: value, path: value } : { name, from: valuesPath, value }];
  });
}

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

export const fileChecks: readonly Check[] = [tlsFiles, secretFiles, knownDefaults];
