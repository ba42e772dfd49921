import type { IncomingMessage, ServerResponse } from "node:http";
import type { AccessEntry } from "../registry/access-log.ts";
import { route, type RouteContext } from "../registry/routes.ts";
import { refuseHarbor } from "./answers.ts";
import { isImmutable } from "./rules.ts";
import { type Caller, callerOf, type HarborState, may, nameOf, newSecret, usedBytes } from "./state.ts";

const tokenSeconds = 1800;

/**
 * `/service/token`: what is granted depends on the rights in the project; what does not exist grants nothing. A wrong password
 * is the same as none, and its token belongs to nobody.
 */
export function answerToken(state: HarborState, request: IncomingMessage, response: ServerResponse, url: URL): void {
  request.resume();
  const who = callerOf(state, request);
  const scopes = url.searchParams.getAll("scope").flatMap((scope) => scope.split(" "));
  if (url.searchParams.get("service") !== "harbor-registry") {
    response.writeHead(400).end("Unable to handle service");
    return;
  }
  if (who.kind === "nobody" && scopes.length === 0) {
    response.writeHead(401).end();
    return;
  }
  const access = scopes.map((scope) => {
    const [type = "", name = ""] = scope.split(":");
    const project = name.split("/")[0] ?? "";
    return { type, name, actions: (["pull", "push"] as const).filter((action) => may(state, who, action, project)) };
  });
  const granted = access.flatMap(({ name, actions }) => actions.map((action) => `${action} ${name}`));
  const until = Date.now() + tokenSeconds * 1000;
  const token = writeToken({
    ...(who.kind === "nobody" ? {} : { sub: nameOf(who) }),
    exp: Math.floor(until / 1000),
    access,
  });
  state.tokens.set(token, { who, until, granted: new Set(granted) });
  response.writeHead(200, { "content-type": "application/json" });
  response.end(
    JSON.stringify({ token, access_token: "", expires_in: tokenSeconds, issued_at: "2026-01-01T00:00:00Z" }),
  );
}

/** A JSON Web Token as Harbor writes them. The stand-in knows its own again, so that nothing need be signed. */
function writeToken(claims: Readonly<Record<string, unknown>>): string {
  const issued = { iss: "harbor-token-issuer", aud: "harbor-registry", jti: newSecret(), ...claims };
  const parts = [{ typ: "JWT", alg: "RS256", kid: "fake" }, issued];
  return [...parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")), newSecret()].join(".");
}

/** The registry with Harbor before it: rights, read-only mode, proxy caches, quotas and immutable tags. */
export async function answerRegistry(
  state: HarborState,
  context: RouteContext,
  exchange: { readonly request: IncomingMessage; readonly response: ServerResponse; readonly entry: AccessEntry },
  url: URL,
): Promise<void> {
  const { request, response, entry } = exchange;
  const stop = refusalOf(state, state.tokenOrigin ?? context.origin, entry, request, url);
  if (stop === undefined) {
    await route(context, { request, response, entry, fault: undefined });
    return;
  }
  for await (const chunk of request) entry.received += (chunk as Buffer).length;
  if (stop.challenge !== undefined) response.setHeader("www-authenticate", stop.challenge);
  refuseHarbor(response, stop.status, stop.code, stop.message);
}

interface Stop {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly challenge?: string;
}

function refusalOf(
  state: HarborState,
  origin: string,
  entry: AccessEntry,
  request: IncomingMessage,
  url: URL,
): Stop | undefined {
  const writes = request.method !== "GET" && request.method !== "HEAD";
  const repository = entry.repository;
  const wanted =
    repository === undefined ? [] : [{ action: writes ? ("push" as const) : ("pull" as const), repository }];
  const from = url.searchParams.get("from");
  if (from !== null) wanted.push({ action: "pull", repository: from });
  const denied = checkRights(state, origin, request, wanted);
  if (denied !== undefined) return denied;
  if (!writes || repository === undefined) return undefined;
  const name = repository.split("/")[0] ?? "";
  if (state.readOnly) {
    return { status: 403, code: "DENIED", message: "The system is in read only mode. Any modification is prohibited." };
  }
  if ((state.projects.get(name)?.registryId ?? 0) > 0) {
    return { status: 405, code: "METHOD_NOT_ALLOWED", message: "can not push artifact to a proxy project" };
  }
  return immutableStop(state, request, name, repository, url) ?? quotaStop(state, entry, request, name, url);
}

function checkRights(
  state: HarborState,
  origin: string,
  request: IncomingMessage,
  wanted: readonly { readonly action: "pull" | "push"; readonly repository: string }[],
): Stop | undefined {
  const header = request.headers.authorization;
  const stop = (message: string, challenge = challengeOf(origin, header, wanted)): Stop => ({
    status: 401,
    code: "UNAUTHORIZED",
    message,
    challenge,
  });
  const who = presented(state, request);
  if (wanted.length === 0) return who.caller.kind === "nobody" ? stop("unauthorized") : undefined;
  const reads = request.method === "GET" || request.method === "HEAD";
  if (header === undefined && reads) return stop("authorize header needed to send HEAD to repository");
  for (const { action, repository } of wanted) {
    const name = repository.split("/")[0] ?? "";
    // The confusing one: what does not exist is answered like what is forbidden, and without saying how to sign in.
    if (!state.projects.has(name)) return stop(`project ${name} not found`, "");
    const allowed = isGranted(who.granted, state, `${action} ${repository}`) ?? may(state, who.caller, action, name);
    if (!allowed) return stop(`unauthorized to access repository: ${repository}, action: ${action}`);
  }
  return undefined;
}

/** What a token says of one repository Harbor's core takes for the whole project; the registry of Harbor 1 did not. */
function isGranted(granted: ReadonlySet<string> | undefined, state: HarborState, right: string): boolean | undefined {
  if (granted === undefined || state.exactTokens) return granted?.has(right);
  const inProject = (text: string): string => text.split("/", 1)[0] ?? "";
  return [...granted].some((given) => inProject(given) === inProject(right));
}

/** Who a request comes from, and what its token allows when it shows one. */
function presented(
  state: HarborState,
  request: IncomingMessage,
): { readonly caller: Caller; readonly granted?: ReadonlySet<string> } {
  const header = request.headers.authorization ?? "";
  const token = header.startsWith("Bearer ") ? state.tokens.get(header.slice(7)) : undefined;
  if (token !== undefined && Date.now() < token.until) return { caller: token.who, granted: token.granted };
  return { caller: callerOf(state, request) };
}

/** A request that shows anything is answered with the basic challenge, also one that showed a token. */
function challengeOf(
  origin: string,
  header: string | undefined,
  wanted: readonly { readonly action: "pull" | "push"; readonly repository: string }[],
): string {
  if (header !== undefined) return 'Basic realm="harbor"';
  const scope = wanted
    .map(({ action, repository }) => `repository:${repository}:${action === "push" ? "pull,push" : "pull"}`)
    .join(" ");
  return `Bearer realm="${origin}/service/token",service="harbor-registry"${scope === "" ? "" : `,scope="${scope}"`}`;
}

function immutableStop(
  state: HarborState,
  request: IncomingMessage,
  name: string,
  repository: string,
  url: URL,
): Stop | undefined {
  const tag = /\/manifests\/([^/]+)$/.exec(url.pathname)?.[1];
  if (request.method !== "PUT" || tag === undefined || state.store.tagsOf.get(repository)?.has(tag) !== true)
    return undefined;
  const project = state.projects.get(name);
  if (project === undefined || !isImmutable(project, repository, tag)) return undefined;
  const short = repository.slice(name.length + 1);
  const message = `Failed to process request due to '${short}:${tag}' configured as immutable.`;
  return { status: 412, code: "PRECONDITION", message };
}

/** A blob counts once per project; one that is mounted counts as one that is sent. */
function quotaStop(
  state: HarborState,
  entry: AccessEntry,
  request: IncomingMessage,
  name: string,
  url: URL,
): Stop | undefined {
  const project = state.projects.get(name);
  if (!state.quotasOn || project === undefined || project.hard < 0) return undefined;
  const mount = url.searchParams.get("mount");
  const digest = mount ?? entry.digest;
  const known = digest === undefined ? undefined : state.store.blobs.get(digest);
  const size = mount === null ? Number(request.headers["content-length"] ?? 0) : (known?.length ?? 0);
  const inProject = [...state.store.links].some(
    ([repository, digests]) => digest !== undefined && repository.startsWith(`${name}/`) && digests.has(digest),
  );
  const used = usedBytes(state, name);
  if (inProject || size === 0 || used + size <= project.hard) return undefined;
  const message = `adding ${sizeText(size)} of storage resource, which when updated to current usage of ${sizeText(used)} will exceed the configured upper limit of ${sizeText(project.hard)}.`;
  return { status: 403, code: "DENIED", message };
}

/** `512.4 KiB`: Harbor writes one digit after the point, whatever it is. */
function sizeText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(1)} ${units[power] ?? "B"}`;
}
