import { execFile } from "node:child_process";
import { promisify } from "node:util";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { Plan, Workload } from "../../src/plan/model.ts";
import type { KubernetesObject } from "../../src/render/hardening/hardening-input.ts";
import { renderHelm } from "../../src/render/helm/render-helm.ts";
import { chartFolder, helmProgram, templatePlan, withHelmValues } from "./helm.ts";
import { referencePlan } from "../support/compose-reference.ts";
import { planOfEveryComponent } from "../support/every-component.ts";
import { infraPlan } from "../support/infra-plan.ts";
import { expandDollars } from "./kubernetes-strings.ts";
import { helmUnits, podOf } from "./parity/parity-helm.ts";
import { oddStrings, samplePlan } from "../support/sample-plan.ts";

const run = promisify(execFile);

describe("the helm program", () => {
  it("is 3.20.2 or later", async () => {
    const { stdout } = await run(helmProgram(), ["version", "--template", "{{.Version}}"]);

    const [, minor = 0, patch = 0] = /^v3\.(\d+)\.(\d+)/.exec(stdout)?.map(Number) ?? [];
    expect(minor * 1000 + patch).toBeGreaterThanOrEqual(20_002);
  });

  it("refuses data with a field the chart does not know", async () => {
    const attempt = templatePlan(samplePlan, ["--set", "components[0].privileged=true"]);

    await expect(attempt).rejects.toThrow(/additional properties 'privileged' not allowed/);
  });

  it("refuses to install under another name than the data was rendered for", async () => {
    const attempt = withHelmValues(samplePlan, (path) =>
      run(helmProgram(), ["template", "other", chartFolder, "-f", path]),
    );

    await expect(attempt).rejects.toThrow(/rendered for the release "sample"/);
  });
});

describe.each<[string, Plan]>([
  ["a plan with every field", samplePlan],
  ["the infra profile by domain with TLS", infraPlan(["domain=platform.example.org"])],
  ["the standard profile by domain with TLS", referencePlan("standard")],
  ["the infra profile on localhost", infraPlan()],
  ["every component there is", planOfEveryComponent()],
  ["the ha profile by domain with TLS", referencePlan("ha")],
  [
    "the infra profile with external stores",
    infraPlan(["postgres.mode=external", "postgres.external.host=db.corp", "postgres.external.adminPassword=x"]),
  ],
])("the chart with the data of %s", (_name, plan) => {
  let objects: readonly KubernetesObject[];
  beforeAll(async () => {
    objects = await templatePlan(plan);
  });

  it("passes helm lint --strict", async () => {
    const { stdout } = await withHelmValues(plan, (path) =>
      run(helmProgram(), ["lint", "--strict", chartFolder, "-f", path]),
    );

    expect(stdout).toContain("1 chart(s) linted, 0 chart(s) failed");
  });

  it("gives every object a kind of its own name, at most 63 characters", () => {
    const keys = objects.map((object) => `${object.kind}/${object.metadata.name}`);

    expect(new Set(keys).size).toBe(keys.length);
    expect(objects.filter(({ metadata }) => !/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(metadata.name))).toEqual([]);
  });

  it("labels every object with valid values", () => {
    const labels = objects.flatMap(({ metadata }) => Object.values(metadata.labels ?? {}));

    expect(labels.length).toBeGreaterThanOrEqual(objects.length * 6);
    expect(labels.filter((value) => !/^[a-zA-Z0-9]([-_.a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$/.test(value))).toEqual([]);
  });

  it("selects with every selector the pods it means", () => {
    const pods = objects.flatMap((object) => podOf(object).map((pod) => pod.labels));
    const selectors = objects.flatMap(selectorsOf);

    const dead = selectors.filter(({ selector }) => !pods.some((labels) => isSubset(selector, labels)));

    expect(selectors.length).toBeGreaterThan(objects.length / 4);
    expect(dead).toEqual([]);
  });

  it("names only what the release or the installer makes", () => {
    const rendering = renderHelm(plan);
    const known = new Set([
      ...objects.map((object) => `${object.kind}/${object.metadata.name}`),
      ...rendering.secrets.map((secret) => `Secret/${secret.name}`),
      // Every namespace has it.
      "ConfigMap/kube-root-ca.crt",
    ]);

    const dangling = objects.flatMap(referencesOf).filter((reference) => !known.has(reference));

    expect(dangling).toEqual([]);
  });

  it("mounts only volumes and keys that exist", () => {
    const units = [...helmUnits(objects, renderHelm(plan)).values()];

    expect(units.flatMap((unit) => Object.values(unit.files)).filter((text) => text === "missing")).toEqual([]);
    expect(units.flatMap((unit) => Object.values(unit.env)).filter((text) => text === "missing")).toEqual([]);
  });

  it("carries no secret and no place for one", () => {
    expect(objects.filter((object) => object.kind === "Secret")).toEqual([]);
    expect(JSON.stringify(objects)).not.toContain("${secret:");
  });
});

describe("a folder of an image that only root may open there", () => {
  const id = "csghub-dataviewer";
  const podWith = async (...settings: readonly string[]) => {
    const objects = await templatePlan(referencePlan("standard"), settings);
    const pod = objects.flatMap(podOf).find(({ spec }) => spec.containers.some(({ name }) => name === id))?.spec;
    return { steps: pod?.initContainers?.map(({ name }) => name) ?? [], pod };
  };
  const step = `${id}-extensions`;

  it("is mounted for a step that is not root, which copies it for the program", async () => {
    const { pod } = await podWith("--set", "cluster.imageVolumes=always");

    const copy = pod?.initContainers?.find(({ name }) => name === step);
    const served = pod?.containers[0]?.volumeMounts ?? [];
    expect(copy?.securityContext.runAsUser).toBe(10_020);
    expect(copy?.volumeMounts).toContainEqual({
      name: "extensions-image",
      mountPath: "/image",
      subPath: "root/.duckdb",
      readOnly: true,
    });
    expect(pod?.volumes).toContainEqual({
      name: "extensions-image",
      image: { reference: copy?.image, pullPolicy: copy?.imagePullPolicy },
    });
    expect(served).toContainEqual({ name: "extensions", mountPath: "/tmp/.duckdb", readOnly: true });
  });

  it.each([
    ["1.34.9", "auto", false],
    ["1.35.0", "auto", true],
    ["1.36.1-eks-1", "auto", true],
    ["1.36.1", "never", false],
  ])("on Kubernetes %s with cluster.imageVolumes=%s: %s", async (version, mode, expected) => {
    const { steps, pod } = await podWith("--kube-version", version, "--set", `cluster.imageVolumes=${mode}`);

    expect(steps.includes(step)).toBe(expected);
    expect(pod?.volumes?.some(({ image }) => image !== undefined)).toBe(expected);
  });
});

describe("odd strings", () => {
  it("reach the container unchanged through env values", async () => {
    const objects = await templatePlan(samplePlan);

    const app = helmUnits(objects, renderHelm(samplePlan)).get("app");

    for (const [name, value] of Object.entries(oddStrings)) expect(app?.env[name]).toBe(value);
  });

  it("reach the container unchanged whatever they are", async () => {
    const strings = fc.array(fc.string({ unit: "grapheme" }), { minLength: 100, maxLength: 100 });

    await fc.assert(
      fc.asyncProperty(strings, async (generated) => {
        const words = generated.filter((word) => !word.includes("\0"));
        const objects = await templatePlan(withStoreWords(words));

        const store = objects.filter((object) => object.kind === "StatefulSet").flatMap(podOf)[0];
        expect(store?.spec.containers[0]?.args?.map(expandDollars)).toEqual(words);
      }),
      { numRuns: process.env["SLIPWAY_FULL"] === "1" ? 100 : 5 },
    );
  });

  it("reach the container unchanged through files, arguments and probe commands", async () => {
    const odd = Object.values(oddStrings).filter((value) => value !== "");
    const plan = withStoreWords(odd);

    const objects = await templatePlan(plan);

    const store = objects.find((object) => object.kind === "StatefulSet");
    const [pod] = store === undefined ? [] : podOf(store);
    const container = pod?.spec.containers[0];
    expect(container?.args?.map(expandDollars)).toEqual(odd);
    expect(container?.readinessProbe?.exec?.command).toEqual(odd);
    const file = helmUnits(objects, renderHelm(plan)).get("app")?.files["/etc/app/extra.txt"];
    expect(file).toBe(Object.values(oddStrings).join(""));
  });
});

function withStoreWords(words: readonly string[]): Plan {
  return {
    ...samplePlan,
    components: samplePlan.components.map((component) => {
      const { workload } = component;
      if (component.id !== "store" || workload === undefined) return component;
      const health = { ...workload.health, ready: { kind: "exec", command: words } } as const;
      return { ...component, workload: { ...workload, health, container: { ...workload.container, command: words } } };
    }),
  };
}

describe("the chart", () => {
  it("keeps labels strings where YAML 1.1 would read a boolean", async () => {
    const plan: Plan = {
      ...samplePlan,
      install: { ...samplePlan.install, name: "on" },
      jobs: samplePlan.jobs.map((job) => (job.id === "store-roles" ? { ...job, id: "y" } : job)),
    };

    const objects = await templatePlan(plan);

    const labels = [
      ...objects.flatMap(({ metadata }) => Object.values(metadata.labels ?? {})),
      ...objects.flatMap((object) => podOf(object).flatMap((pod) => Object.values(pod.labels))),
      ...objects.flatMap((object) => selectorsOf(object).flatMap(({ selector }) => Object.values(selector))),
    ];
    expect(labels.filter((value) => typeof value !== "string")).toEqual([]);
    expect(labels).toContain("on");
    expect(labels).toContain("y");
  });

  it("writes sizes of a million and more as Kubernetes reads them", async () => {
    const plan: Plan = {
      ...samplePlan,
      components: samplePlan.components.map((component) => ({
        ...component,
        volumes: component.volumes.map((volume) => ({ ...volume, sizeGiB: 1_500_000 })),
        ...(component.workload === undefined
          ? {}
          : { workload: withSizes(component.workload, { cpus: 1, memoryMiB: 2_097_152, pids: 64 }) }),
      })),
    };

    const text = JSON.stringify(await templatePlan(plan));

    expect(text).toContain('"memory":"2097152Mi"');
    expect(text).toContain('"storage":"1500000Gi"');
    expect(text).toContain('"sizeLimit":"1048576Mi"');
    expect(text).not.toMatch(/\de\+\d/);
  });

  it("gives each store a directory of its own in the claim, and no service the claim's root", async () => {
    const store = (await templatePlan(samplePlan)).filter((object) => object.kind === "StatefulSet").flatMap(podOf)[0];

    const steps = store?.spec.initContainers ?? [];
    const mounts = [...steps, ...(store?.spec.containers ?? [])].flatMap(({ name, volumeMounts }) =>
      (volumeMounts ?? []).filter((mount) => mount.name === "data").map((mount) => ({ of: name, ...mount })),
    );
    expect(steps.map(({ name }) => name)).toEqual(["own-volumes", "store-init"]);
    expect(steps[0]?.command).toEqual(["/usr/bin/install", "-d", "-m", "0700", "/volumes/data/data"]);
    expect(mounts).toEqual([
      { of: "own-volumes", name: "data", mountPath: "/volumes/data" },
      { of: "store-init", name: "data", mountPath: "/var/lib/store", subPath: "data" },
      { of: "store", name: "data", mountPath: "/var/lib/store", subPath: "data" },
    ]);
  });
});

function withSizes(workload: Workload, resources: Workload["container"]["resources"]): Workload {
  const scratch = [{ path: "/tmp", sizeMiB: 1_048_576 }];
  return { ...workload, container: { ...workload.container, scratch, resources } };
}

type Labels = Readonly<Record<string, string>>;

function selectorsOf(object: KubernetesObject): readonly { readonly of: string; readonly selector: Labels }[] {
  const spec = (object["spec"] ?? {}) as Record<string, unknown>;
  const of = `${object.kind}/${object.metadata.name}`;
  if (object.kind === "Service")
    return spec["selector"] === undefined ? [] : [{ of, selector: spec["selector"] as Labels }];
  const found = [spec["selector"], spec["podSelector"]] as ({ readonly matchLabels: Labels } | undefined)[];
  return found.flatMap((selector) => (selector === undefined ? [] : [{ of, selector: selector.matchLabels }]));
}

function isSubset(selector: Labels, labels: Labels): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}

/** What the pods and routes of an object refer to, as `Kind/name`. */
function referencesOf(object: KubernetesObject): readonly string[] {
  const pods = podOf(object).flatMap(({ spec }) => [
    `ServiceAccount/${spec.serviceAccountName}`,
    ...(spec.volumes ?? []).flatMap(({ configMap, secret, projected }) => [
      ...(projected?.sources ?? []).flatMap((source) =>
        source.configMap === undefined ? [] : [`ConfigMap/${source.configMap.name}`],
      ),
      ...(configMap === undefined || configMap.optional === true ? [] : [`ConfigMap/${configMap.name}`]),
      ...(secret === undefined ? [] : [`Secret/${secret.secretName}`]),
    ]),
    ...[...(spec.initContainers ?? []), ...spec.containers]
      .flatMap((container) => container.env ?? [])
      .flatMap(({ valueFrom }) => [
        ...(valueFrom?.secretKeyRef === undefined ? [] : [`Secret/${valueFrom.secretKeyRef.name}`]),
        ...(valueFrom?.configMapKeyRef === undefined ? [] : [`ConfigMap/${valueFrom.configMapKeyRef.name}`]),
      ]),
  ]);
  return [...pods, ...routeReferences(object)];
}

function routeReferences(object: KubernetesObject): readonly string[] {
  const spec = object["spec"] as {
    readonly listeners?: readonly {
      readonly tls?: { readonly certificateRefs: readonly { readonly name: string }[] };
    }[];
    readonly parentRefs?: readonly { readonly name: string }[];
    readonly rules?: readonly { readonly backendRefs?: readonly { readonly name: string }[] }[];
  };
  if (object.kind === "Gateway")
    return (spec.listeners ?? []).flatMap(({ tls }) =>
      (tls?.certificateRefs ?? []).map(({ name }) => `Secret/${name}`),
    );
  if (object.kind !== "HTTPRoute") return [];
  return [
    ...(spec.parentRefs ?? []).map(({ name }) => `Gateway/${name}`),
    ...(spec.rules ?? []).flatMap(({ backendRefs }) => (backendRefs ?? []).map(({ name }) => `Service/${name}`)),
  ];
}
