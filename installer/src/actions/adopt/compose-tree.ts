import { fieldsOf, hasFields } from "../../language/fields.ts";
import { isPlaceholder } from "../../values/meant-value.ts";
import { composeOutside } from "./compose-outside.ts";
import { configSecrets, signInCertificates } from "./config-files.ts";
import { fillIn, parseDotenv, readPort, type Variables } from "./dotenv.ts";
import { isExample, requireDomain } from "./found-domain.ts";
import type { FoundAddress, FoundInstallation, FoundSecret, FoundTls, Mount, Tree, Workload } from "./found.ts";
import { hubVersion } from "./hub-version.ts";
import { Problems } from "./refusal.ts";
import { secretNamed } from "./vendor-secrets.ts";
import { readDocuments } from "./yaml-documents.ts";

export const composeFiles: readonly string[] = [
  "docker-compose.yml",
  "docker-compose.yaml",
  "compose.yaml",
  "compose.yml",
];

/** Further files of the tree that say something of interest; each may be missing. */
export const composeConfigs: readonly string[] = [
  "configs/gitaly/config.toml",
  "configs/gitlab-shell/config.yml",
  "configs/casdoor/token_jwt_key.pem",
  "configs/casdoor/conf/init_data.json",
];

/** Files that a `.env` names: certificate and key that people are served with. Relative ones are below the folder. */
export function composeTlsFiles(tree: Tree): readonly string[] {
  const variables = parseDotenv(".env", tree.get(".env") ?? "", new Problems());
  if (variables.get("SERVER_PROTOCOL") !== "https") return [];
  return tlsVariables.flatMap((key) => variables.get(key) ?? []).filter((path) => path !== "");
}

const tlsVariables = ["SERVER_SSL_CERT", "SERVER_SSL_KEY"] as const;

/**
 * What the vendor's Compose tree says: `.env`, the Compose file that it fills in, and configuration beside them.
 * @throws PreflightError with everything that is unreadable, contradictory or still to be filled in
 */
export function readComposeTree(tree: Tree): FoundInstallation {
  const problems = new Problems();
  const file = composeFiles.find((name) => tree.has(name)) ?? "";
  const variables = parseDotenv(".env", tree.get(".env") ?? "", problems);
  for (const [key, value] of variables) {
    if (isPlaceholder(value)) problems.add(`.env leaves ${key} to be filled in`);
  }
  const workloads = readServices({ file, text: tree.get(file) ?? "", variables }, problems);
  const version = hubVersion(workloads, problems);
  const address = readAddress(variables, problems);
  const tls = address.tls ? readTls(tree, variables, problems) : undefined;
  const outside = composeOutside(variables, workloads, problems);
  problems.refuseIfAny("the Compose tree");
  const elsewhere = new Set(outside.flatMap(({ secret }) => secret?.value ?? []));
  return {
    source: "compose",
    files: [...tree.keys()],
    address,
    ...version,
    workloads,
    outside,
    secrets: composeSecrets({ variables, workloads, tree }).filter(({ value }) => !elsewhere.has(value)),
    certificates: signInCertificates(tree),
    ...(tls === undefined ? {} : { tls }),
    notes: [],
  };
}

interface ComposeText {
  readonly file: string;
  readonly text: string;
  readonly variables: Variables;
}

function readServices({ file, text, variables }: ComposeText, problems: Problems): readonly Workload[] {
  const documents = readDocuments(file, text, problems);
  const services = documents.flatMap((document) => Object.entries(fieldsOf(document["services"])));
  if (documents.length > 0 && services.length === 0) problems.add(`${file} has no services`);
  return services.flatMap(([name, definition]): readonly Workload[] => {
    const fields = fieldsOf(definition);
    const fill = (value: unknown): string =>
      fillIn(scalar(value), variables, (why) => problems.add(`${file} ${name} ${why}`));
    const image = fill(fields["image"]);
    if (image === "") return [];
    // A setting that nothing fills in is empty: so the old installation ran.
    const entries = Object.entries(environmentOf(fields["environment"])).map(
      ([key, value]) => [key, fillIn(scalar(value), variables, () => undefined)] as const,
    );
    return [
      {
        name,
        image,
        variables: Object.fromEntries(entries),
        mounts: asList(fields["volumes"]).flatMap((volume) => mountOf(volume, fill)),
        where: `${file} ${name}`,
      },
    ];
  });
}

function scalar(value: unknown): string {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A map, or a list of `KEY=VALUE`. */
function environmentOf(value: unknown): Readonly<Record<string, unknown>> {
  if (hasFields(value)) return value;
  const pairs = asList(value).map((entry) => scalar(entry).split(/=(.*)/s));
  return Object.fromEntries(pairs.map(([key = "", text = ""]) => [key, text]));
}

function mountOf(volume: unknown, fill: (value: unknown) => string): readonly Mount[] {
  if (hasFields(volume)) return asMount(fill(volume["source"]), fill(volume["target"]));
  const [source = "", target = ""] = fill(volume).split(":");
  return asMount(source, target);
}

function asMount(source: string, target: string): readonly Mount[] {
  if (source === "" || target === "") return [];
  return [{ source, target, kind: /^[./~]/.test(source) ? "directory" : "volume" }];
}

function readAddress(variables: Variables, problems: Problems): FoundAddress {
  const domain = requireDomain("SERVER_DOMAIN", variables.get("SERVER_DOMAIN") ?? "", problems);
  const protocol = variables.get("SERVER_PROTOCOL") ?? "http";
  if (protocol !== "http" && protocol !== "https") problems.add(".env SERVER_PROTOCOL is neither http nor https");
  const tls = protocol === "https";
  const port = (name: string, otherwise: number): number =>
    readPort({ name: `.env ${name}`, value: variables.get(name), otherwise }, problems);
  const apps = variables.get("PUBLIC_ROOT_DOMAIN") ?? "";
  const ports = {
    [tls ? "https" : "http"]: port("SERVER_PORT", tls ? 443 : 80),
    ssh: port("GIT_SSH_PORT", 2222),
    ...{ casdoor: port("CASDOOR_PORT", 8000), s3: port("MINIO_API_PORT", 9000) },
  };
  // Where no cluster runs applications nobody set a name for them.
  const hasApps = apps !== "" && !isExample(apps);
  return { domain, tls, ports, ...(hasApps ? { appsDomain: apps.split(":")[0] ?? apps } : {}) };
}

function readTls(tree: Tree, variables: Variables, problems: Problems): FoundTls | undefined {
  const [certificate, key] = tlsVariables.map((variable) => {
    const path = variables.get(variable) ?? "";
    const text = tree.get(path);
    if (path === "") problems.add(`.env SERVER_PROTOCOL is https and ${variable} is not set`);
    else if (text === undefined) problems.add(`.env ${variable} names ${path}, which is not there`);
    return text;
  });
  if (certificate === undefined || key === undefined) return undefined;
  return { certificate, key, where: `.env ${tlsVariables.join(", ")}` };
}

interface SecretSources {
  readonly variables: Variables;
  readonly workloads: readonly Workload[];
  readonly tree: Tree;
}

/** Of `.env` as a person may have written them; what stands in the Compose file itself came with it. */
function composeSecrets({ variables, workloads, tree }: SecretSources): readonly FoundSecret[] {
  const given = [...variables].map(
    ([name, value]): FoundSecret => ({ name, value, where: `.env ${name}`, madeBy: "unknown" }),
  );
  const known = new Set(given.map(({ name, value }) => `${secretNamed(name)?.id ?? ""} ${value}`));
  const written = workloads.flatMap((workload) =>
    Object.entries(workload.variables)
      .filter(([name, value]) => !known.has(`${secretNamed(name)?.id ?? ""} ${value}`))
      .map(([name, value]): FoundSecret => ({ name, value, where: `${workload.where} ${name}`, madeBy: "unknown" })),
  );
  return [...given, ...written, ...configSecrets(tree)].filter(
    ({ name, value }) => value !== "" && secretNamed(name) !== undefined,
  );
}
