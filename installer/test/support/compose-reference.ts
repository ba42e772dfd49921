import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import type { Plan } from "../../src/plan/model.ts";
import { profilePlan } from "./infra-plan.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** A Compose file as far as tests and generators look into it. */
export interface ComposeFile {
  readonly name?: string;
  readonly include?: readonly string[];
  readonly services?: Readonly<Record<string, unknown>>;
  readonly networks?: Readonly<Record<string, unknown>>;
  readonly volumes?: Readonly<Record<string, { readonly name: string }>>;
}

/** Every profile. */
export function profiles(): readonly string[] {
  return readdirSync(join(root, "values/profiles"))
    .map((file) => file.replace(/\.yaml$/, ""))
    .sort();
}

/** Every profile that one host can run has a reference. */
export function referenceProfiles(): readonly string[] {
  return profiles().filter((profile) => referencePlan(profile).settings.severalMachines !== true);
}

/** Values that a profile cannot do without, as its example has them; none for most. */
export function exampleOf(profile: string): string | undefined {
  const path = join(root, `values/examples/${profile}.yaml`);
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

/** Where the reference of a profile lies, from the project's root. */
export function referenceFolder(profile: string): string {
  return `compose/reference/${profile}`;
}

/** The plan that renderings are compared of: a domain and TLS, so that every kind of file is there. */
export function referencePlan(profile: string): Plan {
  return profilePlan(profile, ["domain=platform.example.org"], exampleOf(profile));
}

/** Absolute path of the Compose file that includes the others. */
export function referenceComposeFile(profile: string): string {
  return join(root, referenceFolder(profile), "compose.yaml");
}

export interface Reference {
  /** Everything that the included files say, as one document. */
  readonly compose: ComposeFile;
  /** Configuration files by their path from the folder. */
  readonly files: ReadonlyMap<string, string>;
  /** Compose files in the folder, included or not. */
  readonly composeFiles: readonly string[];
}

/** A reference as it lies in the project. */
export function readReference(profile: string): Reference {
  const folder = join(root, referenceFolder(profile));
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
  const read = (path: string): string => readFileSync(join(folder, path), "utf8");
  const { include = [], ...main } = parse(read("compose.yaml")) as ComposeFile;
  const parts = include.map((path) => parse(read(path)) as ComposeFile);
  const isConfiguration = (path: string): boolean => path.startsWith("files/");
  return {
    compose: {
      ...main,
      services: Object.fromEntries(parts.flatMap(({ services = {} }) => Object.entries(services))),
      volumes: Object.fromEntries(parts.flatMap(({ volumes = {} }) => Object.entries(volumes))),
    },
    files: new Map(paths.filter(isConfiguration).map((path) => [path, read(path)])),
    composeFiles: paths.filter((path) => !isConfiguration(path)),
  };
}
