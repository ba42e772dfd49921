import { type Fields, hasFields } from "../../language/fields.ts";
import { isPlaceholder } from "../../values/meant-value.ts";
import { configSecrets, signInCertificates } from "./config-files.ts";
import type { FoundInstallation, FoundSecret, FoundTls, Tree, Workload } from "./found.ts";
import { helmAddress } from "./helm-address.ts";
import { type ClusterObject, objectsOf, textsOf, workloadsOf } from "./helm-objects.ts";
import { helmMail, helmOutside } from "./helm-outside.ts";
import { hubVersion } from "./hub-version.ts";
import { Problems } from "./refusal.ts";
import { secretNamed } from "./vendor-secrets.ts";
import { readDocuments, textAt } from "./yaml-documents.ts";

/**
 * What the saved output of `helm get values` and `helm get manifest` says, in one file or several, in any order.
 * @throws PreflightError with everything that is unreadable, contradictory or still to be filled in
 */
export function readHelmRelease(tree: Tree): FoundInstallation {
  const problems = new Problems();
  const saved = readSaved(tree, problems);
  const { values, file, objects } = saved;
  const workloads = objects.length === 0 ? workloadsOfValues(file, values) : workloadsOf(objects);
  const version = hubVersion(workloads, problems);
  const address = helmAddress(values, objects, problems);
  const outside = helmOutside(values, file, problems);
  const mail = helmMail(values, file, problems);
  problems.refuseIfAny("the Helm release");
  const edition = textAt(values, "global.edition");
  const tls = address.tls ? tlsOf(textAt(values, "global.gateway.tls.secretName"), objects) : undefined;
  const elsewhere = new Set([...outside.map(({ secret }) => secret?.value), mail?.secret?.value]);
  return {
    ...{ source: "helm", files: [...tree.keys()], address, ...version },
    ...(edition === "" ? {} : { edition }),
    ...{ workloads, outside, notes: notesOn(values, objects) },
    ...(mail === undefined ? {} : { mail }),
    secrets: secretsOf(saved).filter(({ value }) => !elsewhere.has(value)),
    certificates: signInCertificates(configTexts(objects)),
    ...(tls === undefined ? {} : { tls }),
  };
}

/** The documents of all files. */
interface Saved {
  /** What the release was given. */
  readonly values: Fields;
  /** The file with the values. */
  readonly file: string;
  readonly objects: readonly ClusterObject[];
}

function readSaved(tree: Tree, problems: Problems): Saved {
  const documents = [...tree].flatMap(([file, text]) =>
    readDocuments(file, text, problems).map((fields) => ({ file, fields, objects: objectsOf(file, fields) })),
  );
  const given = documents.filter(({ objects }) => objects.length === 0);
  if (given.length > 1) {
    const names = [...new Set(given.map(({ file }) => file))].join(", ");
    problems.add(`${names} hold values more than once: keep those of one release`);
  }
  const { file = "", fields: values = {} } = given[0] ?? {};
  for (const [path, value] of leavesOf(values, "")) {
    if (isPlaceholder(value)) problems.add(`${file} leaves ${path} to be filled in`);
  }
  return { values, file, objects: documents.flatMap(({ objects }) => objects) };
}

/** Every text of the values by its dotted path. */
function leavesOf(fields: Fields, prefix: string): readonly (readonly [path: string, value: string])[] {
  return Object.entries(fields).flatMap(([key, value]): readonly (readonly [string, string])[] => {
    const path = prefix === "" ? key : `${prefix}.${key}`;
    if (typeof value === "string") return [[path, value]];
    return hasFields(value) ? leavesOf(value, path) : [];
  });
}

/** Without the manifest the values say of some programs which image they have: of all of them with `helm get values --all`. */
function workloadsOfValues(file: string, values: Fields): readonly Workload[] {
  const hub = `${textAt(values, "image.repository") || "opencsghq/csghub-server"}:${textAt(values, "image.tag") || textAt(values, "global.image.tag")}`;
  const sections = Object.keys(values).flatMap((section) => {
    const repository = textAt(values, `${section}.image.repository`);
    if (repository === "" || textAt(values, `global.${section}.enabled`) === "false") return [];
    const tag = textAt(values, `${section}.image.tag`) || textAt(values, "global.image.tag");
    return [{ name: section, image: `${repository}:${tag}` }];
  });
  return [{ name: "server", image: hub }, ...sections].map(({ name, image }) => ({
    ...{ name, image, variables: {}, mounts: [] },
    where: `${file} ${name}`,
  }));
}

/** Configuration files that objects of the release hold, by names that say of what they are. */
function configTexts(objects: readonly ClusterObject[]): Tree {
  return new Map(
    objects.flatMap((object) => textsOf(object).map(([key, text]) => [`${object.where}/${key}`, text] as const)),
  );
}

/** What nobody gave, the chart made. */
function secretsOf({ values, objects }: Saved): readonly FoundSecret[] {
  const given = new Set(leavesOf(values, "").map(([, value]) => value));
  const variables = objects.flatMap((object) =>
    textsOf(object).map(([name, value]): FoundSecret => {
      return { name, value, where: `${object.where} ${name}`, madeBy: given.has(value) ? "unknown" : "vendor" };
    }),
  );
  return [...variables, ...configSecrets(configTexts(objects))].filter(
    ({ name, value }) => value !== "" && secretNamed(name) !== undefined,
  );
}

/** The certificate that people are served with, where somebody saved its Secret, too. */
function tlsOf(name: string, objects: readonly ClusterObject[]): FoundTls | undefined {
  const object = objects.find((one) => one.kind === "Secret" && one.name === name);
  const texts = new Map(object === undefined ? [] : textsOf(object));
  const [certificate, key] = [texts.get("tls.crt"), texts.get("tls.key")];
  if (object === undefined || certificate === undefined || key === undefined) return undefined;
  return { certificate, key, where: object.where };
}

function notesOn(values: Fields, objects: readonly ClusterObject[]): readonly string[] {
  return [
    ...(objects.length > 0
      ? []
      : [
          "there is no manifest, so what the release runs, its secrets and its volumes are known only as far as the values say them: add the output of helm get manifest",
        ]),
    ...(Object.keys(values).length > 0
      ? []
      : [
          "there are no values, so services elsewhere would not be seen: add the output of helm get values -o yaml, unless nobody gave any",
        ]),
  ];
}
