import { UsageError } from "../errors/installer-error.ts";
import { type Reference, formatReference } from "./reference.ts";

/** Where images go: a registry and the place in it under which every repository stands. */
export interface RegistryTarget {
  /** `harbor.corp.example`, `localhost:5000`; in lower case. */
  readonly host: string;
  /** `ai-infra`, `ai-infra/mirror`; empty at the root. On Harbor the first part is the project. */
  readonly path: string;
}

/**
 * How a reference is told at the target: `keep` has organisation and name under the path, `host-org` the source's host
 * before them, `flat` one name with the parts joined by `-` for registries of two levels.
 */
export type PathStyle = "keep" | "host-org" | "flat";

export const pathStyles: readonly PathStyle[] = ["keep", "host-org", "flat"];

const nameLimit = 255;
const hostPattern = /^(?:\[[0-9a-f:]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::([0-9]{1,5}))?$/;
const partPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;

/**
 * Reads `host[:port][/project[/prefix]]`; slashes at the end are dropped.
 * @throws UsageError saying what is wrong and how it is written
 */
export function parseTarget(text: string): RegistryTarget {
  const trimmed = text.replace(/\/+$/, "");
  // An address with a user may hold a password, so nothing of it is repeated.
  if (trimmed.includes("@")) throw refusal("a target with @ in it", "user and password do not belong in it");
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed)) {
    throw refusal(text, "it has a scheme", trimmed.replace(/^[^:]*:\/\//, ""));
  }
  const [first = "", ...parts] = trimmed.split("/");
  const host = first.toLowerCase();
  const found = hostPattern.exec(host);
  if (found === null) throw refusal(text, `${JSON.stringify(first)} is not a host`);
  if (!(host === "localhost" || /[.:]/.test(host))) {
    throw refusal(
      text,
      `${JSON.stringify(first)} would be read as an organisation of Docker Hub, not as a host`,
      `${[`${host}:443`, ...parts].join("/")} for a host without a dot, or the whole name of the host`,
    );
  }
  const port = found[1];
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65535)) throw refusal(text, `there is no port ${port}`);
  for (const part of parts) {
    if (!partPattern.test(part)) throw refusal(text, pathFault(part));
  }
  const path = parts.join("/");
  if (path.length > nameLimit) throw refusal(text, `its path has more than ${nameLimit} characters`);
  return { host: host === "index.docker.io" ? "docker.io" : host, path };
}

/** The target as it is written: `harbor.corp.example/ai-infra`. */
export function formatTarget(target: RegistryTarget): string {
  return target.path === "" ? target.host : `${target.host}/${target.path}`;
}

function pathFault(part: string): string {
  if (part === "") return "it has an empty part between two slashes";
  if (part.includes(":")) return `${JSON.stringify(part)} has a colon; tags and digests come from the images`;
  return `${JSON.stringify(part)} is not a name: lower-case letters and digits, with . _ - between them`;
}

function refusal(text: string, why: string, write = "host[:port][/project[/prefix]]"): UsageError {
  return new UsageError(`${shown(text)} is not a place in a registry: ${why}`, {
    hint: `write ${write}, for example harbor.corp.example/ai-infra`,
  });
}

/** Control characters must not reach a terminal. */
function shown(text: string): string {
  if (text === "") return "an empty target";
  return /^[\x20-\x7e]+$/.test(text) ? text : JSON.stringify(text);
}

/**
 * The reference an image has at the target. What already is there stays as it is, so mapping twice changes nothing. Tag and
 * digest are carried over untouched.
 * @throws UsageError when the target cannot have a repository of that name
 */
export function mapReference(source: Reference, target: RegistryTarget, style: PathStyle): Reference {
  if (isAtTarget(source, target)) return source;
  const repository = joinPath(target.path, nameAt(source, style));
  checkName(source, target, repository);
  return { ...source, host: target.host, repository };
}

function isAtTarget(source: Reference, target: RegistryTarget): boolean {
  if (source.host.toLowerCase() !== target.host) return false;
  return target.path === "" || source.repository.startsWith(`${target.path}/`);
}

function nameAt({ host, repository }: Reference, style: PathStyle): string {
  switch (style) {
    case "keep":
      return repository;
    case "host-org":
      return `${hostAsPart(host)}/${repository}`;
    case "flat":
      return repository.replaceAll("/", "-");
  }
}

/** A host as a part of a repository's name, where neither `:` nor brackets nor capitals are allowed. */
function hostAsPart(host: string): string {
  return host
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]+/g, "-")
    .replaceAll(/-*\.-*/g, ".")
    .replaceAll(/^[-.]+|[-.]+$/g, "");
}

function joinPath(path: string, name: string): string {
  return path === "" ? name : `${path}/${name}`;
}

function checkName(source: Reference, target: RegistryTarget, repository: string): void {
  if (repository.length > nameLimit) {
    throw new UsageError(
      `${formatReference(source)} would be ${target.host}/${repository}, more than the ${nameLimit} characters a registry takes`,
      { hint: "choose a shorter path in the target" },
    );
  }
  if (target.host === "docker.io" && repository.split("/").length !== 2) {
    throw new UsageError(
      `${formatReference(source)} would be ${target.host}/${repository}, but Docker Hub has names of two parts only`,
      { hint: "push to docker.io/<organisation> with --path-style flat" },
    );
  }
}

/** What goes where. */
export interface MappedReference {
  readonly source: Reference;
  readonly target: Reference;
  /** Of the root manifest, when it is known. */
  readonly digest?: string;
}

/** Several images that would stand under one name. */
export interface Collision {
  /** Host, repository and tag. */
  readonly target: string;
  readonly sources: readonly string[];
}

/**
 * Targets that two sources with different contents would both be. Sources whose digests are not known count as different
 * when their references are; a target without tag is told apart by its digest and collides with nothing.
 */
export function findCollisions(mapped: readonly MappedReference[]): readonly Collision[] {
  const groups = new Map<string, Map<string, Set<string>>>();
  for (const { source, target, digest = source.digest } of mapped) {
    if (target.tag === undefined && target.digest !== undefined) continue;
    const key = formatReference({ host: target.host, repository: target.repository, tag: target.tag ?? "latest" });
    const contents = groups.get(key) ?? new Map<string, Set<string>>();
    groups.set(key, contents);
    const name = formatReference(source);
    const content = digest ?? name;
    contents.set(content, (contents.get(content) ?? new Set()).add(name));
  }
  return [...groups]
    .filter(([, contents]) => contents.size > 1)
    .map(([target, contents]) => ({
      target,
      sources: [...contents.values()].flatMap((names) => [...names]).toSorted(),
    }))
    .toSorted((a, b) => (a.target < b.target ? -1 : 1));
}

/**
 * Refuses a mapping in which images would overwrite one another.
 * @throws UsageError naming the targets and the images, with the style that keeps them apart
 */
export function refuseCollisions(mapped: readonly MappedReference[], style: PathStyle): void {
  const collisions = findCollisions(mapped);
  const [first] = collisions;
  if (first === undefined) return;
  throw new UsageError(
    collisions.length === 1
      ? `${first.sources.join(" and ")} would both be ${first.target}`
      : `${collisions.length} targets would each be several images`,
    {
      hint:
        style === "host-org"
          ? "push the images to different projects"
          : "use --path-style host-org, which puts the host of the source before the name",
      details: collisions.map(({ target, sources }) => `${target} <- ${sources.join(", ")}`),
    },
  );
}
