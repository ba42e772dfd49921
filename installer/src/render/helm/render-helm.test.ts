import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { profilePlan } from "../../../test/support/infra-plan.ts";
import { samplePlan } from "../../../test/support/sample-plan.ts";
import { RenderError } from "../../errors/installer-error.ts";
import type { Component, Job, Plan, Route } from "../../plan/model.ts";
import { secret, textFile } from "../../plan/text.ts";
import { renderedFileToString } from "../rendered-file.ts";
import type { HelmComponent, HelmValues } from "./helm-values.ts";
import { renderHelm, withSecretDigests } from "./render-helm.ts";

function valuesOf(plan: Plan): HelmValues {
  const file = renderHelm(plan).files[0];
  return parse(file === undefined ? "" : renderedFileToString(file)) as HelmValues;
}

function componentOf(plan: Plan, id: string): HelmComponent {
  const found = valuesOf(plan).components.find((row) => row.id === id);
  if (found === undefined) throw new Error(`no component ${id}`);
  return found;
}

function withComponent(id: string, change: (component: Component) => Component): Plan {
  return { ...samplePlan, components: samplePlan.components.map((row) => (row.id === id ? change(row) : row)) };
}

function withWorkload(
  id: string,
  change: (workload: NonNullable<Component["workload"]>) => Component["workload"] & object,
): Plan {
  return withComponent(id, (component) =>
    component.workload === undefined ? component : { ...component, workload: change(component.workload) },
  );
}

/** The sample with every job changed that uses the image. */
function withJobs(change: (job: Job) => Job, image: string): Plan {
  return {
    ...samplePlan,
    jobs: samplePlan.jobs.map((row) => (row.container.image.name === image ? change(row) : row)),
  };
}

function withRoute(action: Route["action"], match: Route["match"] = { kind: "prefix", path: "/x" }): Plan {
  return { ...samplePlan, routes: [{ id: "tried", listener: "main", match, action }] };
}

describe("renderHelm", () => {
  it("gives the same bytes for the same plan", () => {
    expect(renderHelm(samplePlan)).toEqual(renderHelm(structuredClone(samplePlan)));
  });

  it("renders what keeps data as a StatefulSet and the rest as Deployments", () => {
    const kinds = valuesOf(samplePlan).components.map((row) => `${row.id} ${row.kind}`);

    expect(kinds).toEqual(["store StatefulSet", "app Deployment"]);
  });

  it("leaves the gateway to the cluster and reaches it by the listener's public address", () => {
    const app = componentOf(samplePlan, "app");

    expect(app.egress).toContainEqual({ kind: "gateway" });
    expect(renderHelm(samplePlan).secrets.find((row) => row.name === "sample-gateway-tls")).toEqual({
      name: "sample-gateway-tls",
      type: "kubernetes.io/tls",
      entries: [
        { key: "tls.crt", contents: [{ slot: "secret", name: "gateway-tls", part: "certificate", as: "raw" }] },
        { key: "tls.key", contents: [{ slot: "secret", name: "gateway-tls", part: "privateKey", as: "raw" }] },
      ],
    });
  });

  it("keeps every secret out of the values", () => {
    const values = renderHelm(samplePlan).files[0];

    expect(values?.contents.every((part) => typeof part === "string")).toBe(true);
    expect(values === undefined ? "" : renderedFileToString(values)).not.toContain("${secret:");
  });

  it("hands over every Secret as files too, with slots", () => {
    const { files, secrets } = renderHelm(samplePlan);

    expect(files.slice(1).map((file) => file.path)).toEqual(
      secrets.flatMap((row) => row.entries.map(({ key }) => `secrets/${row.name}/${key}`)),
    );
    expect(files.slice(1).every((file) => file.secret)).toBe(true);
  });

  it("runs a job on a component's volume in its pod, before it", () => {
    const store = componentOf(samplePlan, "store");

    expect(store.init.map((unit) => unit.id)).toEqual(["store-init"]);
    expect(valuesOf(samplePlan).jobs.map((job) => job.id)).toEqual(["store-roles", "store-schema", "verify"]);
  });

  it("lets pods wait for addresses and for the markers of jobs", () => {
    const app = componentOf(samplePlan, "app");
    const schema = valuesOf(samplePlan).jobs.find((job) => job.id === "store-schema");

    expect(app.waits).toEqual([{ id: "store", address: "sample-store:5432" }]);
    expect(app.after).toEqual([{ job: "store-schema", marker: "sample-store-schema-done" }]);
    expect(schema?.waits).toEqual([{ id: "store", address: "sample-store:5432" }]);
    expect(renderHelm(samplePlan).markers).toEqual([
      { job: "store-roles", configMap: "sample-store-roles-done" },
      { job: "store-schema", configMap: "sample-store-schema-done" },
    ]);
  });

  it("leaves components as they are when another version of Slipway brings another toolbox", () => {
    const upgraded: Plan = {
      ...withJobs(
        (job) => ({
          ...job,
          container: {
            ...job.container,
            image: { ...job.container.image, reference: `${job.container.image.reference}-new` },
          },
        }),
        "toolbox",
      ),
      install: { ...samplePlan.install, version: "9.9.9" },
    };

    expect(valuesOf(upgraded).components).toEqual(valuesOf(samplePlan).components);
    expect(valuesOf(upgraded).jobs).not.toEqual(valuesOf(samplePlan).jobs);
  });

  it("takes the steps before a container from its own image where that is ours", () => {
    const foreign = withWorkload("app", (workload) => ({
      ...workload,
      container: {
        ...workload.container,
        image: { name: "app", reference: "registry.example.org/app:1", source: "third-party" },
      },
    }));

    expect(componentOf(samplePlan, "app").stepImage).toBe("slipway/app:0123456789abcdef");
    expect(componentOf(foreign, "app").stepImage).toBe("slipway/store:0123456789abcdef");
  });

  it("adds digests of secrets to the values and changes nothing else", () => {
    const rendering = renderHelm(samplePlan);

    const completed = withSecretDigests(rendering, { app: "0123456789abcdef" });

    const [file] = completed.files;
    expect(parse(file === undefined ? "" : renderedFileToString(file))).toEqual({
      ...valuesOf(samplePlan),
      secretDigests: { app: "0123456789abcdef" },
    });
    expect(completed.files.slice(1)).toEqual(rendering.files.slice(1));
  });

  it("changes the configuration hash with a secret's place, not with its value", () => {
    const moved = withWorkload("app", (workload) => ({
      ...workload,
      container: { ...workload.container, files: [{ path: "/x", contents: textFile([secret("store-admin")]) }] },
    }));

    expect(componentOf(moved, "app").configHash).not.toBe(componentOf(samplePlan, "app").configHash);
  });

  it("writes policies for exactly the plan's edges", () => {
    expect(componentOf(samplePlan, "app").egress).toEqual([
      { kind: "unit", to: "store", ports: [5432] },
      { kind: "gateway" },
      { kind: "outside", cidrs: ["0.0.0.0/0", "::/0"], port: 8443 },
    ]);
    expect(componentOf(samplePlan, "store").ingress.map((row) => (row.kind === "unit" ? row.from : row.kind))).toEqual([
      "app",
      "store-roles",
      "store-schema",
      "verify",
    ]);
    expect(componentOf(samplePlan, "app").ingress).toEqual([
      { kind: "gateway", ports: [8080] },
      { kind: "anyone", ports: [2222] },
    ]);
  });

  it.each([
    ["10.1.2.3", ["10.1.2.3/32"]],
    ["2001:db8::1", ["2001:db8::1/128"]],
  ])("names the one address %s where a host is one", (externalHost, cidrs) => {
    const plan = {
      ...withComponent("elsewhere", (row) => ({
        ...row,
        endpoints: row.endpoints.map((point) => ({ ...point, externalHost })),
      })),
      routes: [],
    };

    expect(componentOf(plan, "app").egress).toContainEqual({ kind: "outside", cidrs, port: 8443 });
  });

  it.each([
    ["prefix", { type: "ReplacePrefixMatch", path: "/" }],
    ["exact", { type: "ReplaceFullPath", path: "/" }],
  ] as const)("rewrites a %s match", (kind, rewrite) => {
    const plan = withRoute(
      { kind: "proxy", to: "app.http", timeoutSeconds: 5, rewrite: "/", streaming: true },
      { kind, path: "/x" },
    );

    expect(valuesOf(plan).routes[0]?.action).toMatchObject({ kind: "proxy", to: "app", port: 8080, rewrite });
  });

  it.each([
    ["https://example.org", { scheme: "https", hostname: "example.org", port: 443 }],
    ["http://example.org:8080/", { scheme: "http", hostname: "example.org", port: 8080, path: "/" }],
    ["http://example.org/a", { scheme: "http", hostname: "example.org", port: 80, path: "/a" }],
  ])("redirects to %s", (url, redirect) => {
    expect(valuesOf(withRoute({ kind: "redirect", url })).routes[0]?.action).toEqual({ kind: "redirect", ...redirect });
  });
});

describe("names of applications", () => {
  const sets = ["domain=platform.test", "appsDomain=apps.platform.test"];
  const { listeners, routes } = valuesOf(profilePlan("standard", sets));

  it("have a wildcard listener, and a redirect to the same name", () => {
    expect(listeners.find(({ id }) => id === "apps")).toMatchObject({ hostname: "*.apps.platform.test", tls: true });
    expect(routes.find(({ id }) => id === "apps-plain")?.action).toEqual({
      kind: "redirect",
      scheme: "https",
      port: 443,
    });
  });

  it("lead to the application proxy alone, for as long as an answer takes", () => {
    expect(routes.filter(({ listener }) => listener === "apps").map(({ action }) => action)).toEqual([
      expect.objectContaining({ kind: "proxy", to: "csghub-rproxy", timeoutSeconds: 3600 }),
    ]);
  });
});

const proxy = { kind: "proxy", timeoutSeconds: 5, streaming: false } as const;
const refusals: readonly (readonly [string, Plan, RegExp])[] = [
  [
    "a name that is too long",
    { ...samplePlan, install: { ...samplePlan.install, name: "x".repeat(60) } },
    /store.*allows/,
  ],
  [
    "a job on request whose name is too long for a CronJob",
    {
      ...samplePlan,
      install: { ...samplePlan.install, name: "x".repeat(46) },
      jobs: samplePlan.jobs.filter((job) => job.id === "verify"),
    },
    /verify: its name x+-verify has 53 characters, Kubernetes allows 52 here/,
  ],
  ["a name that is no label", { ...samplePlan, install: { ...samplePlan.install, name: "My" } }, /store.*DNS label/],
  [
    "a file name no key can hold",
    withWorkload("app", (row) => ({
      ...row,
      container: { ...row.container, files: [{ path: "/a b", contents: textFile([""]) }] },
    })),
    /app: files: \/a b/,
  ],
  [
    "two files of one key",
    withWorkload("app", (row) => ({
      ...row,
      container: { ...row.container, files: ["/a/b", "/a__b"].map((path) => ({ path, contents: textFile([""]) })) },
    })),
    /app: files: a__b is there twice/,
  ],
  [
    "files larger than a ConfigMap",
    withWorkload("app", (row) => ({
      ...row,
      container: { ...row.container, files: [{ path: "/a", contents: textFile(["x".repeat(1_000_001)]) }] },
    })),
    /app: files: 1000001 bytes/,
  ],
  [
    "a variable twice",
    withWorkload("app", (row) => ({
      ...row,
      container: { ...row.container, env: ["A", "A"].map((name) => ({ name, value: [""] })) },
    })),
    /app: env: A is there twice/,
  ],
  [
    "a port name that is too long",
    withComponent("app", (row) => ({
      ...row,
      endpoints: [...row.endpoints, { id: "x".repeat(16), port: 1, protocol: "http", tls: false }],
    })),
    /app: endpoints/,
  ],
  [
    "a stop signal on an image of others",
    withWorkload("store", (row) => ({
      ...row,
      container: { ...row.container, image: { ...row.container.image, source: "values" } },
    })),
    /store: stopSignal/,
  ],
  [
    "a job on volumes nobody waits for",
    withComponent("store", (row) => ({ ...row, needs: [] })),
    /store: volumes: the job store-init/,
  ],
  ["waiting for what has no address", withComponent("store", (row) => ({ ...row, endpoints: [] })), /store/],
  [
    "waiting for a job on request",
    withComponent("app", (row) => ({ ...row, needs: [{ kind: "completed", job: "verify" }] })),
    /verify: it only runs when asked for/,
  ],
  [
    "a rewritten regular expression",
    withRoute({ ...proxy, to: "app.http", rewrite: "/" }, { kind: "regex", path: "^/x" }),
    /route tried: rewrite/,
  ],
  ["a redirect that is no URL", withRoute({ kind: "redirect", url: "/x" }), /route tried: redirect/],
  ["a redirect to a query", withRoute({ kind: "redirect", url: "https://x/?a=b" }), /route tried: redirect/],
  ["a route to nowhere", withRoute({ ...proxy, to: "nobody.http" }), /route tried leads to nobody.http/],
  ["a route to what is off", withRoute({ ...proxy, to: "missing.api" }), /route tried: missing.api has no host name/],
];

describe("renderHelm refuses", () => {
  it.each(refusals)("%s", (_what, plan, message) => {
    expect(() => renderHelm(plan)).toThrow(RenderError);
    expect(() => renderHelm(plan)).toThrow(message);
  });

  it("a route to an endpoint with TLS", () => {
    const plan = withComponent("elsewhere", (row) => ({
      ...row,
      endpoints: row.endpoints.map((point) => ({ ...point, tls: true })),
    }));

    expect(() => renderHelm(plan)).toThrow(/route elsewhere: elsewhere.api speaks TLS/);
  });
});
