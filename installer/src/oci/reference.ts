import { UsageError } from "../errors/installer-error.ts";

/** An image reference in full: the host and, on Docker's own registry, the organisation are written out. */
export interface Reference {
  /** `docker.io`, `localhost:5000`. */
  readonly host: string;
  /** `library/redis`, `argoproj/argocd`. */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const repositoryPattern = new RegExp(`^${component}(?:/${component})*$`);
const hostPattern = /^(?:\[[0-9a-fA-F:]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?)(?::[0-9]{1,5})?$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^sha256:[0-9a-f]{64}$/;

/**
 * Reads a reference by the grammar of the distribution project: the first part is a host only when it has a dot or a
 * colon or is `localhost`.
 * @throws UsageError when it is not one
 */
export function parseReference(text: string): Reference {
  const refuse = (why: string): never => {
    throw new UsageError(`${text} is not an image reference: ${why}`, {
      hint: "write [host[:port]/]name[:tag][@sha256:…], for example harbor.corp.example/platform/redis:7.4",
    });
  };
  const { path, tag, digest } = cut(text);
  if (digest !== undefined && !digestPattern.test(digest)) {
    refuse("the digest is not sha256: and 64 hexadecimal digits");
  }
  if (tag !== undefined && !tagPattern.test(tag)) refuse(`the tag ${JSON.stringify(tag)} is not allowed`);
  const { host, repository } = splitHost(path);
  if (!hostPattern.test(host)) refuse(`${JSON.stringify(host)} is not a host`);
  if (!repositoryPattern.test(repository) || repository.length > 255) {
    refuse(`the name ${JSON.stringify(repository)} is not allowed`);
  }
  return { host, repository, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

interface Cut {
  readonly path: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

function cut(text: string): Cut {
  const at = text.indexOf("@");
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.lastIndexOf(":");
  const tagged = colon > named.lastIndexOf("/");
  return {
    path: tagged ? named.slice(0, colon) : named,
    tag: tagged ? named.slice(colon + 1) : undefined,
    digest: at < 0 ? undefined : text.slice(at + 1),
  };
}

/** The reference in full, with host. */
export function formatReference(reference: Reference): string {
  const { host, repository, tag, digest } = reference;
  return `${host}/${repository}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

/** In full, with its tag and without its digest. */
export function fullTagged(text: string): string {
  const { host, repository, tag } = parseReference(text);
  return formatReference({ host, repository, ...(tag === undefined ? {} : { tag }) });
}

function splitHost(path: string): { readonly host: string; readonly repository: string } {
  const slash = path.indexOf("/");
  const first = slash < 0 ? "" : path.slice(0, slash);
  if (first === "localhost" || /[.:]/.test(first)) {
    const host = first === "index.docker.io" ? "docker.io" : first;
    return { host, repository: completed(host, path.slice(slash + 1)) };
  }
  return { host: "docker.io", repository: completed("docker.io", path) };
}

function completed(host: string, repository: string): string {
  return host === "docker.io" && !repository.includes("/") ? `library/${repository}` : repository;
}

/** How the engine itself writes a reference: without the default registry, with a tag. */
export function familiarReference(reference: string): string {
  const short = reference.replace(/^docker\.io\/(library\/)?/, "");
  const name = short.slice(short.lastIndexOf("/") + 1);
  return short.includes("@") ? short.replace(/:[^/@]+@/, "@") : name.includes(":") ? short : `${short}:latest`;
}
