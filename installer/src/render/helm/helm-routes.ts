import { RenderError } from "../../errors/installer-error.ts";
import type { Listener, QueryField, Route, RouteAction } from "../../plan/model.ts";
import { findEndpoint, runsHere, type HelmScope } from "./helm-scope.ts";
import type { HelmListener, HelmQueryField, HelmRoute, HelmRouteAction, HelmValues } from "./helm-values.ts";

export function helmListener(listener: Listener): HelmListener {
  const named = !/^[\d.]+$/.test(listener.host) && !listener.host.includes(":") && listener.host !== "localhost";
  return {
    id: listener.id,
    ...(named ? { hostname: listener.host } : {}),
    port: listener.publicPort,
    tls: listener.tls,
  };
}

const matchTypes = { exact: "Exact", prefix: "PathPrefix", regex: "RegularExpression" } as const;

/**
 * The routes, each as the data of one HTTPRoute. Pictures that nobody has are left out: Gateway API has no answer of its own.
 * @throws RenderError naming the route when Gateway API cannot express it
 */
export function helmRoutes(scope: HelmScope): readonly HelmRoute[] {
  return scope.plan.routes.flatMap((route) => {
    const { id, listener, match, action } = route;
    if (action.kind === "blank-picture") return [];
    const found = { type: matchTypes[match.kind], value: match.path };
    return [{ id, listener, match: found, action: helmAction(scope, route, action) }];
  });
}

/** Services elsewhere that routes lead to: Gateway API can only send to a Service. */
export function routedExternals(scope: HelmScope): HelmValues["externals"] {
  const externals = new Map<string, HelmValues["externals"][number]>();
  for (const route of scope.plan.routes) {
    if (route.action.kind !== "proxy") continue;
    const { component, endpoint } = routeTarget(scope, route.id, route.action.to);
    if (runsHere(component)) continue;
    const known = externals.get(component.id)?.ports ?? [];
    if (endpoint.externalHost === undefined || /^[\d.]+$|:/.test(endpoint.externalHost))
      throw new RenderError(
        `route ${route.id}: ${route.action.to} has no host name here, and a Gateway can only send to a Service`,
        {
          hint: `give ${component.id} a host name in the values`,
        },
      );
    const ports = known.some((port) => port.port === endpoint.port)
      ? known
      : [...known, { name: endpoint.id, port: endpoint.port }];
    externals.set(component.id, { id: component.id, host: endpoint.externalHost, ports });
  }
  return [...externals.values()];
}

type ExpressibleAction = Exclude<RouteAction, { readonly kind: "blank-picture" }>;

function helmAction(scope: HelmScope, route: Route, action: ExpressibleAction): HelmRouteAction {
  switch (action.kind) {
    case "deny":
      return { kind: "deny" };
    case "redirect":
      return redirect(route, action);
    case "proxy": {
      const { component, endpoint } = routeTarget(scope, route.id, action.to);
      if (endpoint.tls)
        throw new RenderError(
          `route ${route.id}: ${action.to} speaks TLS, and a route of Gateway API speaks plain HTTP to its backend`,
        );
      return {
        kind: "proxy",
        to: component.id,
        port: endpoint.port,
        timeoutSeconds: action.timeoutSeconds,
        denyMethods: action.denyMethods ?? [],
        ...(action.query === undefined ? {} : { query: action.query.map(queryField) }),
        ...(action.rewrite === undefined ? {} : { rewrite: rewrite(route, action.rewrite) }),
      };
    }
  }
}

function queryField({ name, value }: QueryField): HelmQueryField {
  return value === undefined
    ? { type: "RegularExpression", name, value: "[A-Za-z0-9._~-]+" }
    : { type: "Exact", name, value };
}

function rewrite(
  route: Route,
  path: string,
): { readonly type: "ReplacePrefixMatch" | "ReplaceFullPath"; readonly path: string } {
  switch (route.match.kind) {
    case "prefix":
      return { type: "ReplacePrefixMatch", path };
    case "exact":
      return { type: "ReplaceFullPath", path };
    case "regex":
      throw new RenderError(`route ${route.id}: rewrite: Gateway API cannot rewrite what a regular expression matched`);
  }
}

type Redirect = Extract<RouteAction, { readonly kind: "redirect" }>;

function redirect(route: Route, { url: target, keepsHost }: Redirect): HelmRouteAction {
  if (!URL.canParse(target)) throw new RenderError(`route ${route.id}: redirect: ${target} is not a full URL`);
  const url = new URL(target);
  if (url.search !== "" || url.hash !== "")
    throw new RenderError(
      `route ${route.id}: redirect: Gateway API cannot redirect to a query or fragment (${target})`,
    );
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  return {
    kind: "redirect",
    scheme: url.protocol.slice(0, -1),
    ...(keepsHost === true ? {} : { hostname: url.hostname }),
    port,
    ...(url.pathname === "/" && !target.endsWith("/") ? {} : { path: url.pathname }),
  };
}

function routeTarget(scope: HelmScope, id: string, ref: string): NonNullable<ReturnType<typeof findEndpoint>> {
  const target = findEndpoint(scope, ref);
  if (target === undefined)
    throw new RenderError(`route ${id} leads to ${ref}, which no component of this plan offers`);
  return target;
}
