import type { Component, Container, Job, Plan } from "../../src/plan/model.ts";
import { sampleCluster } from "./sample-cluster.ts";
import { concat, endpoint, jsonFile, secret, text, textFile } from "../../src/plan/text.ts";

/** Strings that some YAML reader, template or shell on the way would like to change. */
export const oddStrings: Readonly<Record<string, string>> = {
  BOOLEAN_LOOKALIKE: "no",
  NUMBER_LOOKALIKE: "1.10",
  OCTAL_LOOKALIKE: "0777",
  EXPONENT_LOOKALIKE: "1e3",
  NULL_LOOKALIKE: "~",
  DATE_LOOKALIKE: "2026-11-21",
  EMPTY: "",
  SPACES: "  two  ",
  QUOTES: `single ' double " back \` slash \\`,
  DOLLARS: "$HOME ${HOME} $(HOME) $$(HOME) $$ $",
  TEMPLATE: "{{ .Values.install.name }} {{- end }} {{",
  YAML_MARKS: "- a: [b, {c}] # not a comment & *anchor !tag | > %",
  NEWLINES: "first\nsecond\r\n\tthird\n",
  UNICODE: "数据 ü 😀 \u00a0 \u2028 \u0085 \ufeff",
  CONTROL: "bell \u0007 escape \u001b delete \u007f",
  LONG: "x".repeat(5000),
};

const image = (name: string): Container["image"] => ({
  name,
  reference: `slipway/${name}:0123456789abcdef`,
  source: "built",
});

const resources = { cpus: 0.5, memoryMiB: 256, pids: 64 };

function container(fields: Partial<Container> & Pick<Container, "image" | "uid">): Container {
  return { env: [], files: [], mounts: [], scratch: [{ path: "/tmp", sizeMiB: 16 }], resources, ...fields };
}

function component(fields: Partial<Component> & Pick<Component, "id" | "zone">): Component {
  return {
    title: { en: fields.id, zh: fields.id },
    purpose: { en: `the ${fields.id} of the sample`, zh: "示例" },
    presence: "embedded",
    endpoints: [],
    needs: [],
    reaches: [],
    published: [],
    volumes: [],
    databases: [],
    buckets: [],
    links: [],
    ...fields,
  };
}

const store = component({
  id: "store",
  zone: "data",
  workload: {
    container: container({
      image: image("store"),
      uid: 10001,
      command: ["-c", "config_file=/etc/store/store.conf", "$(NOT_EXPANDED) $$"],
      files: [
        { path: "/etc/store/store.conf", contents: textFile(["listen = 5432\n"]) },
        { path: "/etc/store/hba.conf", contents: textFile(["# none trusted\n"]) },
      ],
      mounts: [{ volume: "data", path: "/var/lib/store" }],
      scratch: [{ path: "/run/store", sizeMiB: 8, exec: true }],
      notices: "/run/notices",
      resources: { cpus: 2, memoryMiB: 1024, pids: 512, shmMiB: 128 },
    }),
    replicas: 1,
    health: {
      ready: { kind: "exec", command: ["pg_isready", "-h", "127.0.0.1"] },
      live: { kind: "tcp", port: 5432 },
      startSeconds: 600,
    },
    stopSeconds: 60,
    stopSignal: "SIGINT",
    update: "recreate",
  },
  endpoints: [{ id: "sql", port: 5432, protocol: "postgres", tls: false }],
  needs: [{ kind: "completed", job: "store-init" }],
  volumes: [{ name: "data", sizeGiB: 50, dataClass: "backup", marker: "PG_VERSION" }],
});

const app = component({
  id: "app",
  zone: "app",
  workload: {
    container: container({
      image: image("app"),
      uid: 10020,
      entrypoint: ["/usr/bin/app"],
      env: [
        ...Object.entries(oddStrings).map(([name, value]) => ({ name, value: [value] })),
        { name: "STORE_ADDRESS", value: text`tcp://${endpoint("store.sql", "hostPort")}` },
        {
          name: "STORE_URL",
          value: text`postgres://app:${secret("store-app", { as: "url" })}@${endpoint("store.sql", "hostPort")}/app`,
          secretReason: "the program reads its address from the environment only",
        },
      ],
      files: [
        {
          path: "/etc/app/app.json",
          contents: jsonFile({
            port: endpoint("store.sql", "port"),
            password: secret("store-app"),
            url: concat(text`http://${endpoint("elsewhere.api", "hostPort")}/v1`),
          }),
        },
        { path: "/etc/app/extra.txt", contents: textFile(Object.values(oddStrings)) },
      ],
    }),
    replicas: 2,
    health: {
      ready: { kind: "http", port: 8080, path: "/ready" },
      live: { kind: "http", port: 8080, path: "/live" },
      startSeconds: 62,
    },
    stopSeconds: 10,
    update: "rolling",
  },
  endpoints: [
    { id: "http", port: 8080, protocol: "http", tls: false },
    { id: "ssh", port: 2222, protocol: "ssh", tls: false },
  ],
  needs: [
    { kind: "healthy", component: "store" },
    { kind: "completed", job: "store-schema" },
  ],
  reaches: ["elsewhere.api", "gateway.main", "missing.api", "store.sql"],
  published: [{ hostPort: 2222, containerPort: 2222, address: "127.0.0.1", purpose: "Git over SSH" }],
});

const elsewhere = component({
  id: "elsewhere",
  zone: "data",
  presence: "external",
  endpoints: [{ id: "api", port: 8443, protocol: "http", tls: false, externalHost: "api.example.org" }],
});

const missing = component({
  id: "missing",
  zone: "app",
  presence: "off",
  endpoints: [{ id: "api", port: 80, protocol: "http", tls: false }],
});

const gateway = component({
  id: "gateway",
  role: "gateway",
  zone: "edge",
  workload: {
    container: container({
      image: image("gateway"),
      uid: 10010,
      files: [
        { path: "/etc/nginx/nginx.conf", contents: { kind: "nginx-gateway" } },
        { path: "/etc/gateway/tls.crt", contents: textFile([secret("gateway-tls", { part: "certificate" })]) },
        { path: "/etc/gateway/tls.key", contents: textFile([secret("gateway-tls", { part: "privateKey" })]) },
      ],
    }),
    replicas: 1,
    health: {
      ready: { kind: "http", port: 8081, path: "/ready" },
      live: { kind: "tcp", port: 443 },
      startSeconds: 30,
    },
    stopSeconds: 10,
    update: "rolling",
  },
  endpoints: [{ id: "main", port: 443, protocol: "http", tls: true }],
  needs: [{ kind: "healthy", component: "app" }],
  reaches: ["app.http"],
  published: [{ hostPort: 443, containerPort: 443, address: "0.0.0.0", purpose: "https" }],
});

const toolbox = (id: string, fields: Partial<Job>): Job => ({
  id,
  component: "store",
  title: id,
  container: container({
    image: image("toolbox"),
    uid: 10011,
    command: ["run", "/run/slipway/document.json"],
    files: [
      {
        path: "/run/slipway/document.json",
        contents: jsonFile({ host: endpoint("store.sql", "host"), password: secret("store-admin") }),
      },
    ],
  }),
  needs: [{ kind: "healthy", component: "store" }],
  reaches: ["store.sql"],
  deadlineSeconds: 180,
  trigger: "bring-up",
  makes: [],
  ...fields,
});

const jobs: readonly Job[] = [
  {
    ...toolbox("store-init", { needs: [], reaches: [] }),
    container: container({
      image: image("store"),
      uid: 10001,
      entrypoint: ["store-initialise"],
      command: ["/run/secrets/admin"],
      files: [{ path: "/run/secrets/admin", contents: textFile([secret("store-admin")]) }],
      mounts: [{ volume: "data", path: "/var/lib/store" }],
    }),
  },
  toolbox("store-roles", {}),
  toolbox("store-schema", {
    outlastsSecrets: true,
    needs: [
      { kind: "completed", job: "store-roles" },
      { kind: "completed", job: "store-init" },
    ],
  }),
  toolbox("verify", { trigger: "request", component: "app", needs: [] }),
];

/** A plan in which every field of the model stands at least once. */
export const samplePlan: Plan = {
  apiVersion: "slipway/v1",
  kind: "Plan",
  install: { name: "sample", profile: "infra", edition: "ce", version: "0.1.0" },
  settings: {
    timezone: "UTC",
    domain: "example.org",
    addressing: "domain",
    bindAddress: "0.0.0.0",
    tls: "self-signed",
    mainUrl: "https://example.org",
    logs: { maxSize: "10m", maxFiles: 3 },
    pullPolicy: "missing",
    cluster: sampleCluster,
  },
  components: [store, elsewhere, missing, app, gateway],
  jobs,
  secrets: [
    { name: "store-admin", description: "administrator", generator: { kind: "random", bytes: 32, encoding: "hex" } },
    { name: "store-app", description: "login of app", generator: { kind: "random", bytes: 32, encoding: "hex" } },
    {
      name: "ca",
      description: "authority",
      generator: { kind: "certificate-authority", commonName: "Sample", years: 10 },
    },
    {
      name: "gateway-tls",
      description: "certificate",
      generator: { kind: "tls-leaf", authority: "ca", names: ["example.org"], days: 365 },
    },
  ],
  listeners: [
    { id: "main", host: "example.org", port: 443, publicPort: 443, tls: true, url: "https://example.org" },
    { id: "plain", host: "192.0.2.7", port: 80, publicPort: 80, tls: false, url: "http://192.0.2.7" },
  ],
  routes: [
    {
      id: "app",
      listener: "main",
      match: { kind: "prefix", path: "/app/" },
      action: { kind: "proxy", to: "app.http", timeoutSeconds: 60, rewrite: "/", streaming: true },
    },
    {
      id: "elsewhere",
      listener: "main",
      match: { kind: "exact", path: "/v1" },
      action: {
        kind: "proxy",
        to: "elsewhere.api",
        timeoutSeconds: 30,
        streaming: false,
        denyMethods: ["DELETE"],
        pages: { compress: true, ownCookies: true, ownFrames: true },
      },
    },
    {
      id: "pictures",
      listener: "main",
      match: { kind: "prefix", path: "/img/" },
      action: { kind: "blank-picture" },
    },
    {
      id: "hidden",
      listener: "main",
      match: { kind: "regex", path: "^/api/(private|admin)/.*$" },
      action: { kind: "deny", status: 404 },
    },
    {
      id: "to-https",
      listener: "plain",
      match: { kind: "prefix", path: "/" },
      action: { kind: "redirect", url: "https://example.org" },
    },
  ],
  insideKeys: [],
  edgeKeys: [],
  wires: [],
};
