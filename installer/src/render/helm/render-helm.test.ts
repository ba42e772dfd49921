import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { profilePlan } from "../../../test/support/infra-plan.ts";
import { samplePlan } from "../../../test/support/sample-plan.ts";
import { RenderError } from "../../errors/installer-error.ts";
import type { Component, Job, Plan, Route } from "../../plan/model.ts";
import { secret, textFile } from "../../plan/text.ts";
import { renderedFileToString } from "../rendered-file.ts";
import type { HelmComponent, HelmValues } from "./helm-values.ts";
import { secretName } from "./helm-rendering.ts";
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

function withCluster(plan: Plan, change: Partial<Plan["settings"]["cluster"]>): Plan {
  return { ...plan, settings: { ...plan.settings, cluster: { ...plan.settings.cluster, ...change } } };
}

function withRoute(action: Route["action"], match: Route["match"] = { kind: "prefix", path: "/x" }): Plan {
  return { ...samplePlan, routes: [{ id: "tried", listener: "main", match, action }] };
}

describe("renderHelm", () => {
  it("gives the same bytes for the same plan", () => {
    expect(renderHelm(samplePlan)).toEqual(renderHelm(structuredClone(samplePlan)));
  });

  it("lets an autoscaler add pods where the plan says a most, at half of what one may use", () => {
    const { components } = valuesOf(profilePlan("infra", ["gateway.replicas=2", "gateway.maxReplicas=5"]));

    expect(components.filter(({ autoscale }) => autoscale !== undefined)).toMatchObject([
      { id: "gateway", replicas: 2, autoscale: { max: 5, cpuMilli: 500 } },
    ]);
  });

  it("renders what keeps data as a StatefulSet and the rest as Deployments", () => {
    const kinds = valuesOf(samplePlan).components.map((row) => `${row.id} ${row.kind}`);

    expect(kinds).toEqual(["store StatefulSet", "app Deployment", "gateway Deployment"]);
  });

  it("keeps every secret out of the values", () => {
    const values = renderHelm(samplePlan).files[0];

    expect(values?.contents.every((part) => typeof part === "string")).toBe(true);
    expect(values === undefined ? "" : renderedFileToString(values)).not.toContain("${secret:");
  });

  it("hands over every Secret as files too, with slots", () => {
    const { files, secrets } = renderHelm(samplePlan);

    const paths = secrets.flatMap((row) => row.entries.map(({ key }) => `secrets/${row.name}/${key}`));
    expect(files.filter((file) => file.secret).map((file) => file.path)).toEqual(paths);
    expect(files.filter((file) => file.path.startsWith("secrets/")).every((file) => file.secret)).toBe(true);
  });

  it("writes the chart beside its values", () => {
    const chart = renderHelm(samplePlan).files.filter(({ path }) => path.startsWith("chart/"));

    expect(chart.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["chart/Chart.yaml", "chart/values.schema.json", "chart/templates/workloads.yaml"]),
    );
  });

  it("says of each service and job what it is made of and which Secrets it reads", () => {
    const { units, stores } = renderHelm(samplePlan);
    const values = valuesOf(samplePlan);

    expect(units.map(({ role, id }) => `${role} ${id}`)).toEqual([
      "service store",
      "service app",
      "service gateway",
      "job store-init",
      "job store-roles",
      "job store-schema",
      "job verify",
    ]);
    expect(values.components.map(({ specHash }) => specHash)).toEqual(units.slice(0, 3).map((row) => row.specHash));
    // Its pod runs the job.
    expect(units[0]?.filePaths).toEqual(["secrets/sample-files-store-init/run__secrets__admin"]);
    expect(units[1]?.filePaths).toEqual([
      "secrets/sample-files-app/etc__app__app.json",
      "secrets/sample-env-app/STORE_URL",
    ]);
    expect(stores.map(({ component, volume }) => `${component}/${volume}`)).toEqual(["store/data"]);
  });

  it.each<[string, (plan: Plan) => Plan, readonly string[]]>([
    ["a setting of the cluster", (plan) => withCluster(plan, { cpuRequestPercent: 50 }), ["store", "app", "gateway"]],
    ["the version alone", (plan) => ({ ...plan, install: { ...plan.install, version: "9.9.9" } }), []],
    [
      "memory of one component",
      (plan) => ({
        ...plan,
        components: plan.components.map((row) =>
          row.id !== "app" || row.workload === undefined
            ? row
            : { ...row, workload: { ...row.workload, stopSeconds: 99 } },
        ),
      }),
      ["app"],
    ],
  ])("makes other units of another value: %s", (_what, change, expected) => {
    const before = renderHelm(samplePlan).units;
    const after = renderHelm(change(samplePlan)).units;

    const changed = after.filter((unit, index) => unit.specHash !== before[index]?.specHash).map(({ id }) => id);
    expect(changed.slice(0, 3)).toEqual(expected);
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
    expect(schema?.mark).toEqual({ configMap: "sample-store-schema-done", image: "slipway/toolbox:0123456789abcdef" });
    expect(valuesOf(samplePlan).jobs.find((job) => job.id === "verify")?.mark).toBeUndefined();
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
      { kind: "unit", to: "gateway", ports: [443] },
      { kind: "unit", to: "store", ports: [5432] },
      { kind: "outside", cidrs: ["0.0.0.0/0", "::/0"], port: 8443 },
    ]);
    expect(componentOf(samplePlan, "store").ingress.map((row) => (row.kind === "unit" ? row.from : row.kind))).toEqual([
      "app",
      "store-roles",
      "store-schema",
      "verify",
    ]);
    expect(componentOf(samplePlan, "app").ingress).toEqual([
      { kind: "unit", from: "gateway", ports: [8080] },
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
});

describe("the gateway", () => {
  const behind = withCluster(samplePlan, {
    gatewayClass: { name: "envoy", namespace: "envoy-system", addresses: ["10.244.0.0/16"] },
  });
  const configOf = (plan: Plan): string => componentOf(plan, "gateway").unit.config["etc__nginx__nginx.conf"] ?? "";

  it("runs here, with the addresses of the cluster in its configuration", () => {
    expect(componentOf(samplePlan, "gateway")).toMatchObject({
      kind: "Deployment",
      ports: [{ name: "main", port: 443 }],
      published: [{ port: 443, targetPort: 443 }],
      waits: [{ id: "app", address: "sample-app:8080" }],
    });
    expect(configOf(samplePlan)).toContain("set $upstream http://sample-app$inside:8080;");
    expect(configOf(samplePlan)).toContain("set $upstream http://api.example.org:8443;");
    expect(configOf(samplePlan)).toContain("include /tmp/names.conf;");
  });

  it("is known by the public names to whoever calls it", () => {
    expect(valuesOf(samplePlan).publicNames).toEqual(["example.org"]);
    expect(componentOf(samplePlan, "app").callsGateway).toBe(true);
    expect(componentOf(samplePlan, "store").callsGateway).toBe(false);
  });

  it("has no names that a list of hosts cannot hold", () => {
    const plan = profilePlan("standard", ["domain=platform.test", "appsDomain=apps.platform.test"]);

    expect(valuesOf(plan).publicNames).toEqual(["casdoor.platform.test", "platform.test", "s3.platform.test"]);
    expect(valuesOf(profilePlan("infra", ["domain=10.0.0.9"])).publicNames).toEqual([]);
  });

  it("stands behind a Gateway of the cluster where one is named, with a port without TLS that believes that Gateway alone", () => {
    const { listeners } = valuesOf(behind);
    const gateway = componentOf(behind, "gateway");

    expect(listeners).toEqual([
      { id: "main", hostname: "example.org", port: 443, tls: true, backendPort: 18443 },
      { id: "plain", port: 80, tls: false, backendPort: 80 },
    ]);
    expect(gateway.published).toEqual([]);
    expect(gateway.ports).toContainEqual({ name: "door-443", port: 18443 });
    expect(gateway.ingress).toEqual([
      { kind: "unit", from: "app", ports: [443] },
      { kind: "gatewayClass", ports: [80, 18443] },
    ]);
    const [inside = "", door = ""] = configOf(behind).split("# main: ").slice(1);
    expect(inside).toContain("listen 443 default_server ssl;");
    expect(inside).not.toContain("real_ip");
    expect(door).toContain("listen 18443 default_server;");
    expect(door).toContain("real_ip_header X-Forwarded-For;\n    set_real_ip_from 10.244.0.0/16;");
    expect(configOf(behind)).toContain("    18443 https;\n");
    expect(configOf(behind)).toContain("X-Forwarded-Proto $public_scheme;");
  });

  it("hands its certificate to that Gateway, in a Secret that changes with it", () => {
    const { secrets, units } = renderHelm(behind);

    expect(secrets.find((row) => row.type === "kubernetes.io/tls")).toEqual({
      name: "sample-tls-gateway",
      unit: "gateway",
      type: "kubernetes.io/tls",
      entries: [
        { key: "tls.crt", contents: [{ slot: "secret", name: "gateway-tls", part: "certificate", as: "raw" }] },
        { key: "tls.key", contents: [{ slot: "secret", name: "gateway-tls", part: "privateKey", as: "raw" }] },
      ],
    });
    expect(units.find(({ id }) => id === "gateway")?.filePaths).toContain("secrets/sample-tls-gateway/tls.key");
    expect(renderHelm(samplePlan).secrets.every(({ type }) => type === "Opaque")).toBe(true);
  });
});

describe("the settings of the cluster", () => {
  it("reach the chart in its own terms", () => {
    const plan = withCluster(samplePlan, {
      dns: { namespace: "dns", selector: "k8s-app=node-dns,tier=a" },
      apiServer: { addresses: ["192.0.2.1", "2001:db8::1", "10.0.0.0/8"], ports: [6443] },
    });

    expect(valuesOf(plan).cluster).toMatchObject({
      dns: { namespace: "dns", podLabels: { "k8s-app": "node-dns", tier: "a" } },
      apiServer: { cidrs: ["192.0.2.1/32", "2001:db8::1/128", "10.0.0.0/8"], ports: [6443] },
      gatewayAddress: "",
    });
  });
});

describe("secretName", () => {
  it("ends in ten characters of the digest of what the unit reads, or is as it is made by hand", () => {
    const secret = { name: "sample-files-app", unit: "app" };

    expect(secretName(secret, { app: "0123456789abcdef" })).toBe("sample-files-app-0123456789");
    expect(secretName(secret, { store: "0123456789abcdef" })).toBe("sample-files-app");
  });
});

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
    "jobs in a plan without the toolbox",
    withJobs(
      (row) => ({ ...row, container: { ...row.container, image: { ...row.container.image, name: "x" } } }),
      "toolbox",
    ),
    /store-roles: the toolbox marks jobs as done/,
  ],
  [
    "a route to nowhere",
    withRoute({ kind: "proxy", timeoutSeconds: 5, streaming: false, to: "nobody.http" }),
    /nobody.http/,
  ],
];

describe("renderHelm refuses", () => {
  it.each(refusals)("%s", (_what, plan, message) => {
    expect(() => renderHelm(plan)).toThrow(RenderError);
    expect(() => renderHelm(plan)).toThrow(message);
  });
});
