import { join } from "node:path";
import { stringify } from "yaml";
import { sectionOfComponent } from "../../plan/component-names.ts";
import type { FoundInstallation } from "./found.ts";
import { isPublicValue } from "./public-values.ts";
import { programOf } from "./vendor-programs.ts";

/** A file to write; every one is its owner's alone. */
export interface FileToWrite {
  readonly path: string;
  readonly contents: string;
}

export interface AdoptedValues {
  readonly values: Readonly<Record<string, unknown>>;
  /** The values file's text. */
  readonly text: string;
  /** Secrets and certificates that the values point at. */
  readonly secrets: readonly FileToWrite[];
  /** Files that the values point at and a person has to make, because what the old installation has is public. */
  readonly missing: readonly string[];
}

/** Components that a values file has to ask for, because the profile leaves them out. */
const optional: readonly string[] = ["csghub-dataflow", "label-studio", "csghub-moderation"];

/**
 * Values that describe the old installation here: where people reach it, what it uses elsewhere, and with which secrets. What is not said keeps
 * its default.
 * @param out folder that the files will be in, an absolute path
 */
export function adoptedValues(found: FoundInstallation, out: string): AdoptedValues {
  const secrets: FileToWrite[] = [];
  const missing: string[] = [];
  const place = (name: string, value: string): string => {
    const path = join(out, "secrets", name);
    // A password that everybody has protects nothing: the service gets another one first.
    if (isPublicValue(value)) missing.push(path);
    else secrets.push({ path, contents: value });
    return path;
  };
  const values = {
    ...addressOf(found, place),
    ...Object.fromEntries(found.outside.map((one) => [one.section, outsideOf(one, found, place)])),
    ...mailOf(found, place),
    ...Object.fromEntries(asked(found).map((component) => [sectionOfComponent(component), { mode: "embedded" }])),
  };
  const said = found.outside.length === 0 ? "" : outsideWarning;
  return { values, text: `${header}${said}${stringify(values, { lineWidth: 0 })}`, secrets, missing };
}

const header = "# Written by slipway adopt. slipway explain KEY says what a key means, docs/values.md describes all.\n";

const outsideWarning =
  "# Services elsewhere are those of the old installation: stop that one, and back them up, before anything is installed with these values.\n";

type Place = (name: string, value: string) => string;

function addressOf({ address, tls }: FoundInstallation, place: Place): Readonly<Record<string, unknown>> {
  const { domain, ports, appsDomain } = address;
  return {
    domain,
    ...(appsDomain === undefined ? {} : { appsDomain }),
    ports,
    ...(!address.tls ? { tls: { mode: "off" } } : {}),
    ...(tls === undefined
      ? {}
      : { tls: { mode: "files", certFile: place("tls.crt", tls.certificate), keyFile: place("tls.key", tls.key) } }),
  };
}

function outsideOf(
  { section, settings, secret }: FoundInstallation["outside"][number],
  { workloads }: FoundInstallation,
  place: Place,
): Readonly<Record<string, unknown>> {
  const file =
    secret === undefined ? {} : { [secret.key]: place(`${section}-${secret.key.replace(/File$/, "")}`, secret.value) };
  const external = { mode: "external", external: { ...settings, ...file } };
  return section === "objectStore" ? { ...external, ...bucketsOf(workloads) } : external;
}

/** Buckets of a store elsewhere keep their names: what is in them stays there. */
const bucketVariables: readonly (readonly [key: string, variables: readonly string[]])[] = [
  ["server", ["STARHUB_SERVER_S3_BUCKET"]],
  ["portal", ["CSGHUB_PORTAL_PRIVATE_S3_BUCKET"]],
  ["portalPublic", ["CSGHUB_PORTAL_S3_BUCKET"]],
  ["registry", ["REGISTRY_STORAGE_S3_BUCKET"]],
];

function bucketsOf(workloads: FoundInstallation["workloads"]): Readonly<Record<string, unknown>> {
  const buckets = bucketVariables.flatMap(([key, variables]) => {
    const name = workloads.flatMap(({ variables: set }) => variables.flatMap((variable) => set[variable] ?? []))[0];
    return name === undefined || name === "" ? [] : [[key, name] as const];
  });
  return buckets.length === 0 ? {} : { buckets: Object.fromEntries(buckets) };
}

function mailOf({ mail }: FoundInstallation, place: Place): Readonly<Record<string, unknown>> {
  if (mail === undefined) return {};
  const { host, port, user, secret } = mail;
  const file = secret === undefined ? {} : { passwordFile: place("mail-password", secret.value) };
  return { [sectionOfComponent("csghub-notifier")]: { mail: { host, port, user, ...file } } };
}

function asked({ workloads }: FoundInstallation): readonly string[] {
  const components = new Set(workloads.map(({ image }) => programOf(image)?.component));
  const moderated = workloads.some(({ variables }) => variables["STARHUB_SERVER_SENSITIVE_CHECK_ENABLE"] === "true");
  return optional.filter((component) => components.has(component) || (component === "csghub-moderation" && moderated));
}
