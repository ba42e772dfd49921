import { completed, container, resourcesOf, tmp, type ComponentDefinition, type PlanContext } from "../define.ts";
import {
  gatewaySecrets,
  publicListeners,
  publicResolve,
  redirectRoutes,
  verifyCaFile,
  verifyCaPath,
} from "../groups/public-address.ts";
import type { ConfigFile, Dependency, Endpoint, Listener, PublishedPort, Route, Slotted, Wire } from "../model.ts";
import { endpoint, secret, textFile } from "../text.ts";

/** Where nginx answers its own health checks; on no public name. */
export const gatewayHealthPort = 18080;
export const gatewayCertificatePath = "/run/slipway/tls.crt";
export const gatewayKeyPath = "/run/slipway/tls.key";

/** The one way in: nginx, configured from the plan's listeners and routes. */
export const gateway: ComponentDefinition = {
  id: "gateway",
  build(context) {
    const values = context.values.gateway;
    const listeners = publicListeners(context);
    return {
      component: {
        id: "gateway",
        title: { en: "Gateway", zh: "网关" },
        purpose: { en: "The one way in: routes, TLS and limits", zh: "唯一入口：路由、TLS 与限制" },
        zone: "edge",
        presence: "embedded",
        endpoints: listeners.map(listenerEndpoint),
        workload: {
          container: container(
            {
              image: context.image("gateway", values.image),
              uid: 10010,
              resources: resourcesOf(values.resources),
              scratch: [tmp(256)],
              files: [{ path: "/etc/nginx/nginx.conf", contents: { kind: "nginx-gateway" } }, ...tlsFiles(context)],
            },
            values,
          ),
          replicas: values.replicas,
          update: "rolling",
          stopSeconds: 30,
          stopSignal: "SIGQUIT",
          health: {
            ready: { kind: "http", port: gatewayHealthPort, path: "/healthz" },
            live: { kind: "tcp", port: gatewayHealthPort },
            startSeconds: 30,
          },
        },
        needs: needs(context),
        published: publishedPorts(context, listeners),
      },
      secrets: gatewaySecrets(context),
      listeners,
      routes: [...guards, ...redirectRoutes(listeners)],
      wires: wires(context),
    };
  },
};

/** The hub's internal callbacks sign as Gitaly and must never be reachable from outside. */
const guards: readonly Route[] = ["/api/v4/internal", "/api/v1/internal"].map((path, index) => ({
  id: `internal-api-${index + 1}`,
  listener: "main",
  match: { kind: "prefix", path },
  action: { kind: "deny", status: 404 },
}));

/** Casdoor is born with a known password: nobody reaches it before the bootstrap has closed that account. */
function needs(context: PlanContext): readonly Dependency[] {
  return context.values.casdoor.mode === "embedded" ? [completed("casdoor-bootstrap")] : [];
}

function listenerEndpoint(listener: Listener): Endpoint {
  return { id: listener.id, port: listener.port, protocol: "http", tls: listener.tls };
}

function publishedPorts(context: PlanContext, listeners: readonly Listener[]): readonly PublishedPort[] {
  const purposes = new Map<number, string>();
  for (const { publicPort, url, id } of listeners) {
    if (!purposes.has(publicPort)) purposes.set(publicPort, id.endsWith("-plain") ? "redirect to HTTPS" : url);
  }
  return [...purposes].map(([port, purpose]) => ({
    hostPort: port,
    containerPort: port,
    address: context.addressing.bindAddress,
    purpose,
  }));
}

function tlsFiles(context: PlanContext): readonly ConfigFile[] {
  switch (context.addressing.tls) {
    case "off":
      return [];
    case "self-signed":
      return [
        { path: gatewayCertificatePath, contents: textFile([secret("gateway-tls", { part: "certificate" })]) },
        { path: gatewayKeyPath, contents: textFile([secret("gateway-tls", { part: "privateKey" })]) },
      ];
    case "files":
      return [
        { path: gatewayCertificatePath, contents: textFile([secret("tls-certificate")]) },
        { path: gatewayKeyPath, contents: textFile([secret("tls-key")]) },
      ];
  }
}

function wires(context: PlanContext): readonly Wire[] {
  const { mainUrl, domain, tls } = context.addressing;
  const through = { ...verifyCaFile(context), ...publicResolve(context, "main") };
  const route = (id: string, path: string, expectation: string, expect: Readonly<Record<string, Slotted>>): Wire => ({
    id: `route-${id}`,
    from: "browser",
    to: "gateway.main",
    expectation,
    check: { kind: "route", url: `${mainUrl}${path}`, ...through, ...expect },
  });
  return [
    ...(context.values.landingPage.mode === "embedded"
      ? [route("page", "/", "the page answers", { expectStatus: 200, expectBody: "Slipway" })]
      : []),
    ...(context.values.registry.mode === "embedded"
      ? [
          route("registry", "/v2/", "the registry answers and asks for a login", {
            expectStatus: 401,
            expectHeader: { "docker-distribution-api-version": "registry/2.0" },
          }),
        ]
      : []),
    route("internal-api", "/api/v4/internal/allowed", "internal callbacks are not reachable from outside", {
      expectStatus: 404,
    }),
    ...(tls === "off"
      ? []
      : [
          {
            id: "tls-chain",
            from: "browser",
            to: "gateway.main",
            expectation: `the certificate is valid for ${domain} and ours`,
            check: {
              kind: "tls",
              host: endpoint("gateway.main", "host"),
              port: endpoint("gateway.main", "port"),
              servername: domain,
              caFile: verifyCaPath,
            },
          } satisfies Wire,
        ]),
  ];
}
