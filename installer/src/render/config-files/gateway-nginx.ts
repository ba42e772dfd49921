import { RenderError } from "../../errors/installer-error.ts";
import { gatewayCertificatePath, gatewayKeyPath } from "../../plan/components/gateway.ts";
import type { Component, EdgeKey, Listener, PageCare, Plan, QueryField, Route } from "../../plan/model.ts";
import { secret } from "../../plan/text.ts";
import type { AddressBook } from "../addresses.ts";
import type { RenderedText } from "../rendered-file.ts";
import { fillGatewayNginx } from "./templates.ts";

/**
 * Characters of a server name up to which nginx starts with its own sizes, on a processor with cache lines of 64 bytes. Beyond, room is made
 * for the longest name there is; only then, for a changed file makes the gateway start again.
 */
const longestUsualName = 46;

/** Ports without TLS that lead to what is served with it: for a gateway before this one, at which TLS ends. */
export interface DoorsBehind {
  /** By the port that has TLS. */
  readonly ports: ReadonlyMap<number, number>;
  /** Addresses and ranges of that gateway, whose word for the caller's address is taken there. */
  readonly trusted: readonly string[];
}

/**
 * The nginx configuration of the gateway: one server per listener, one location per route. A file `/tmp/names.conf`, which the image writes
 * when it starts, names the DNS and sets `$inside`.
 * @throws RenderError when a route leads to an endpoint the plan does not have
 */
export function renderGatewayNginx(plan: Plan, book: AddressBook, behind?: DoorsBehind): RenderedText {
  const ports = [...new Set(plan.listeners.map((listener) => listener.port))];
  const shared = (port: number): boolean => plan.listeners.filter((row) => row.port === port).length > 1;
  const text = fillGatewayNginx({
    healthPort: healthPortOf(plan),
    limits: plan.routes.flatMap(({ id, action }) =>
      action.kind === "proxy" && action.limit !== undefined ? [{ id, perMinute: action.limit.perMinute }] : [],
    ),
    longNames: plan.listeners.some(({ host }) => host.length > longestUsualName),
    certificatePath: gatewayCertificatePath,
    keyPath: gatewayKeyPath,
    tls: plan.settings.tls !== "off",
    holdFolder: gatewayOf(plan)?.workload?.container.notices,
    // A port with several names answers foreign names with 421; a port of one service answers to whatever name led there.
    doors: [...(behind?.ports.values() ?? [])],
    defaultServers: ports.filter(shared).flatMap((port) => {
      const door = behind?.ports.get(port);
      const tls = plan.listeners.some((row) => row.port === port && row.tls);
      return [{ port, tls }, ...(door === undefined ? [] : [{ port: door, tls: false }])];
    }),
    servers: plan.listeners.flatMap((listener) => {
      const door = behind?.ports.get(listener.port);
      const server = {
        id: listener.id,
        url: listener.url,
        port: listener.port,
        host: listener.host,
        tls: listener.tls,
        secure: listener.tls,
        trusted: [] as readonly string[],
        isDefault: !shared(listener.port),
        locations: plan.routes
          .filter((route) => route.listener === listener.id)
          .map((route) => toLocation(route, listener, book)),
      };
      if (door === undefined) return [server];
      return [server, { ...server, port: door, tls: false, trusted: behind?.trusted ?? [] }];
    }),
    insideKeys: plan.insideKeys.map(placeOfSecret),
    edgeKeys: plan.edgeKeys.map(toEdgeKey),
  });
  return withSecrets(text);
}

function toEdgeKey({ id, shown, becomes, opens }: EdgeKey) {
  return {
    id,
    shown: placeOfSecret(shown),
    becomes: placeOfSecret(becomes),
    opens: opens.map((request) => JSON.stringify(`~^${id} ${request}$`)),
  };
}

/** Where a secret belongs in the filled template, which is text; no name of a secret and no setting of nginx has these characters. */
function placeOfSecret(name: string): string {
  return `\u0000${name}\u0000`;
}

function withSecrets(text: string): RenderedText {
  return text.split("\u0000").map((part, at) => (at % 2 === 0 ? part : secret(part)));
}

function gatewayOf(plan: Plan): Component | undefined {
  return plan.components.find(({ role }) => role === "gateway");
}

/** The port that the gateway's own probe asks. */
function healthPortOf(plan: Plan): number {
  const ready = gatewayOf(plan)?.workload?.health.ready;
  if (ready?.kind !== "http") throw new RenderError("the gateway has no health check over HTTP");
  return ready.port;
}

function toLocation(route: Route, listener: Listener, book: AddressBook) {
  const empty = {
    matcher: matcher(route),
    deny: undefined,
    redirect: undefined,
    blankPicture: false,
    upstream: undefined,
    denyMethods: [] as readonly string[],
    writesHeldBy: undefined,
    query: undefined,
    limit: undefined,
    rewriteFrom: undefined,
    rewriteTo: undefined,
    streaming: false,
    timeoutSeconds: 60,
    ...pageCare(undefined, listener),
  };
  const { action } = route;
  switch (action.kind) {
    case "deny":
      return { ...empty, deny: action.status };
    case "redirect":
      return {
        ...empty,
        redirect: action.keepsHost === true ? action.url.replace(listener.host, "$host") : action.url,
      };
    case "blank-picture":
      return { ...empty, blankPicture: true };
    case "proxy":
      return {
        ...empty,
        upstream: book.resolve(
          { slot: "endpoint", ref: action.to, field: "url" },
          `route ${route.id} of ${listener.id}`,
        ),
        denyMethods: action.denyMethods ?? [],
        writesHeldBy: action.writesHeldBy,
        limit: action.limit === undefined ? undefined : { id: route.id, atOnce: action.limit.atOnce },
        query: action.query === undefined ? undefined : queryPattern(action.query),
        rewriteFrom: action.rewrite === undefined ? undefined : route.match.path.replace(/\/$/, ""),
        rewriteTo: action.rewrite,
        streaming: action.streaming,
        timeoutSeconds: action.timeoutSeconds,
        ...pageCare(action.pages, listener),
      };
  }
}

/**
 * The whole query is compared, not the variable of a field: there nginx also takes the name in other capitals, and not what is percent-encoded,
 * so that it might see another field than the service behind.
 */
function queryPattern(fields: readonly QueryField[]): string {
  const ways = orders(fields.map(({ name, value }) => `${name}=${value ?? "[A-Za-z0-9._~-]+"}`));
  return JSON.stringify(`^(${ways.map((way) => way.join("&")).join("|")})$`);
}

function orders(items: readonly string[]): readonly (readonly string[])[] {
  if (items.length < 2) return [items];
  return items.flatMap((item, at) => orders(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));
}

function pageCare(pages: PageCare | undefined, { tls }: Listener) {
  return {
    compress: pages?.compress === true,
    cookieFlags: pages?.ownCookies === true ? `${tls ? "secure " : ""}samesite=lax` : undefined,
    ownFrames: pages?.ownFrames === true,
  };
}

function matcher(route: Route): string {
  switch (route.match.kind) {
    case "exact":
      return `= ${route.match.path}`;
    case "regex":
      return `~ ${JSON.stringify(route.match.path)}`;
    case "prefix":
      return route.match.path;
  }
}
