import {
  completed,
  type ComponentDefinition,
  container,
  healthy,
  type PlanContext,
  resourcesOf,
  absentComponent,
} from "../define.ts";
import { trustFiles, trustVariables } from "../groups/public-address.ts";
import type { Route, Slotted, Wire } from "../model.ts";
import { concat, endpoint, jsonFile, secret } from "../text.ts";
import { temporalUiRules } from "../../values/rules/temporal-ui-rules.ts";
import { servedUrl } from "../../values/addressing.ts";

const port = 8080;
const path = "/-/temporal";

/** Temporal's web page, behind the sign-in of Casdoor's application Admin. */
export const temporalUi: ComponentDefinition = {
  id: "temporal-ui",
  section: { key: "temporalUi", leastMemory: 64, image: "temporal-ui", rules: temporalUiRules },
  build(context) {
    const values = context.values.temporalUi;
    const component = {
      id: "temporal-ui",
      title: { en: "Temporal web page", zh: "Temporal 控制台" },
      purpose: { en: "Looks into workflows", zh: "查看工作流" },
      zone: "app" as const,
    };
    if (values.mode === "off") return { component: absentComponent(component) };
    return {
      component: {
        ...component,
        presence: "embedded",
        endpoints: [{ id: "http", port, protocol: "http", tls: false }],
        workload: {
          container: server(context),
          replicas: values.replicas,
          update: "rolling",
          stopSeconds: 10,
          health: {
            ready: { kind: "http", port, path: "/healthz" },
            live: { kind: "tcp", port },
            startSeconds: 60,
          },
        },
        // At its start it asks Casdoor, by its public name, how to sign people in.
        needs: [healthy("temporal"), healthy("gateway"), completed("casdoor-bootstrap", { ifPresent: true })],
        links: [{ title: component.title, url: `${context.addressing.mainUrl}${path}` }],
        reaches: ["gateway.casdoor"],
      },
      routes,
      wires: [wire()],
    };
  },
};

const routes: readonly Route[] = [
  {
    id: "temporal-ui",
    listener: "main",
    match: { kind: "prefix", path: `${path}/` },
    action: { kind: "proxy", to: "temporal-ui.http", timeoutSeconds: 60, streaming: false },
  },
];

function server(context: PlanContext) {
  const values = context.values.temporalUi;
  return container(
    {
      image: context.image("temporal-ui", values.image),
      uid: 10_013,
      resources: resourcesOf(values.resources),
      env: trustVariables(context),
      files: [{ path: "/etc/temporal-ui/server.yaml", contents: jsonFile(settings(context)) }, ...trustFiles(context)],
    },
    values,
  );
}

function settings(context: PlanContext): Slotted {
  const { mainUrl } = context.addressing;
  const casdoorUrl = servedUrl(context.addressing, "casdoor");
  return {
    temporalGrpcAddress: endpoint("temporal.grpc", "hostPort"),
    host: "0.0.0.0",
    port,
    publicPath: path,
    enableUi: true,
    defaultNamespace: context.values.temporal.namespace,
    disableNewsFetch: true,
    cors: { allowOrigins: [mainUrl], cookieInsecure: context.addressing.tls === "off" },
    auth: {
      enabled: true,
      providers: [
        {
          label: "Casdoor",
          type: "oidc",
          providerUrl: casdoorUrl,
          issuerUrl: casdoorUrl,
          clientId: secret("casdoor-admin-id"),
          clientSecret: secret("casdoor-admin-secret"),
          callbackUrl: `${mainUrl}${path}/auth/sso/callback`,
          scopes: ["openid", "profile", "email"],
        },
      ],
    },
  };
}

function wire(): Wire {
  return {
    id: "temporal-ui",
    from: "gateway",
    to: "temporal-ui.http",
    expectation: "signing in leads to Casdoor",
    check: {
      kind: "route",
      url: concat([endpoint("temporal-ui.http", "url"), `${path}/auth/sso`]),
      expectStatus: [302, 307],
      expectHeader: { location: true },
    },
  };
}
