import { blob, manifest, referrers, tags } from "./content-routes.ts";
import { type Exchange, receive, refuse, type RouteContext } from "./exchange.ts";
import { uploads } from "./upload-routes.ts";

const name = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*)*";
const routes = [
  { pattern: new RegExp(`^/v2/(${name})/blobs/uploads/([0-9a-f-]*)$`), handle: uploads },
  { pattern: new RegExp(`^/v2/(${name})/blobs/(sha256:[0-9a-f]{64})$`), handle: blob },
  {
    pattern: new RegExp(`^/v2/(${name})/manifests/([A-Za-z0-9_][A-Za-z0-9._-]{0,127}|sha256:[0-9a-f]{64})$`),
    handle: manifest,
  },
  { pattern: new RegExp(`^/v2/(${name})/tags/(list)$`), handle: tags },
  { pattern: new RegExp(`^/v2/(${name})/referrers/(sha256:[0-9a-f]{64})$`), handle: referrers },
] as const;

/** Answers one request by the specification. */
export async function route(context: RouteContext, exchange: Exchange): Promise<void> {
  const { request, response } = exchange;
  const url = new URL(request.url ?? "/", context.origin);
  if (url.pathname === "/token") {
    context.gate.issue(request, url, (await receive(exchange)).toString(), response);
    if (!response.headersSent) refuse(response, 404, "UNSUPPORTED");
    return;
  }
  for (const { pattern, handle } of routes) {
    const [, repository, reference] = pattern.exec(url.pathname) ?? [];
    if (repository === undefined || reference === undefined) continue;
    if (!admitted(context, exchange, repository, url)) return;
    await handle(context, exchange, repository, reference, url);
    return;
  }
  if (url.pathname === "/v2/") {
    if (admitted(context, exchange, undefined, url))
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    return;
  }
  request.resume();
  refuse(response, 404, "NAME_INVALID", "no such route");
}

function admitted(
  context: RouteContext,
  { request, response }: Exchange,
  repository: string | undefined,
  url: URL,
): boolean {
  const writes = !["GET", "HEAD"].includes(request.method ?? "");
  const source = url.searchParams.get("from");
  const needed =
    repository === undefined
      ? []
      : [`${writes ? "push" : "pull"} ${repository}`, ...(source === null ? [] : [`pull ${source}`])];
  const challenge = context.gate.refuse(request, needed, context.origin);
  const { projects } = context.options;
  const missing = repository !== undefined && projects?.includes(repository.split("/")[0] ?? "") === false;
  if (challenge === undefined && !missing) return true;
  request.resume();
  response.setHeader("www-authenticate", challenge ?? `Bearer realm="${context.origin}/token",service="test registry"`);
  refuse(response, 401, "UNAUTHORIZED", "unauthorized to access repository");
  return false;
}

export type { RouteContext } from "./exchange.ts";
