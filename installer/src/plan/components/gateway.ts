import { container, copiesOf, resourcesOf, tmp, type ComponentDefinition, type PlanContext } from "../define.ts";
import { tlsSecrets, publicListeners, redirectRoutes, verifyCaPath } from "../groups/public-address.ts";
import type { ConfigFile, Endpoint, Listener, PublishedPort, Wire } from "../model.ts";
import { endpoint, secret, textFile } from "../text.ts";

/** Where nginx answers its own health checks, on no public name; the next port that is free where people are served on this one. */
const usualHealthPort = 18080;
export const gatewayCertificatePath = "/run/slipway/tls.crt";
export const gatewayKeyPath = "/run/slipway/tls.key";

/** The one way in: nginx, configured from the plan's listeners and routes. */
export const gateway: ComponentDefinition = {
  id: "gateway",
  section: { key: "gateway", leastMemory: 32, growth: { memoryPerUser: 1 } },
  build(context) {
    const values = context.values.gateway;
    const listeners = publicListeners(context);
    const healthPort = freeHealthPort(listeners);
    return {
      component: {
        id: "gateway",
        title: { en: "Gateway", zh: "网关" },
        purpose: { en: "The one way in: routes, TLS and limits", zh: "唯一入口：路由、TLS 与限制" },
        role: "gateway",
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
              notices: "/run/slipway/notices",
              files: [{ path: "/etc/nginx/nginx.conf", contents: { kind: "nginx-gateway" } }, ...tlsFiles(context)],
            },
            values,
          ),
          ...copiesOf(values),
          update: "rolling",
          stopSeconds: 30,
          stopSignal: "SIGQUIT",
          health: {
            ready: { kind: "http", port: healthPort, path: "/healthz" },
            live: { kind: "tcp", port: healthPort },
            startSeconds: 30,
          },
        },
        published: publishedPorts(context, listeners),
      },
      secrets: tlsSecrets(context),
      listeners,
      routes: redirectRoutes(listeners),
      wires: wires(context),
    };
  },
};

function freeHealthPort(listeners: readonly Listener[]): number {
  const taken = new Set(listeners.map(({ port }) => port));
  let port = usualHealthPort;
  while (taken.has(port)) port += 1;
  return port;
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

/** The chain of the certificate, where there is one. */
function wires(context: PlanContext): readonly Wire[] {
  const { domain, tls } = context.addressing;
  if (tls === "off") return [];
  return [
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
    },
  ];
}
