import { describe, expect, it } from "vitest";
import { fixedImages, infraPlan, infraValues } from "../../test/support/infra-plan.ts";
import { renderCompose } from "../render/compose/render-compose.ts";
import { renderedFileToString } from "../render/rendered-file.ts";
import { buildPlan } from "./build-plan.ts";
import {
  completed,
  type ComponentDefinition,
  type ComponentDraft,
  container,
  healthy,
  type JobDraft,
  type PlanContext,
} from "./define.ts";
import type { Component, Container, Plan, Workload } from "./model.ts";
import { endpoint, secret, slotsOf, textFile } from "./text.ts";

function component(plan: Plan, id: string): Component {
  const found = plan.components.find((row) => row.id === id);
  if (found === undefined) throw new Error(`no component ${id}`);
  return found;
}

const externalPostgres = [
  "postgres.mode=external",
  "postgres.external.host=db.corp",
  "postgres.external.adminPassword=abc",
];

const externals: readonly (readonly [string, readonly string[], string])[] = [
  ["postgres", externalPostgres, "db.corp"],
  ["redis", ["redis.mode=external", "redis.external.host=cache.corp", "redis.external.password=x"], "cache.corp"],
  [
    "minio",
    [
      "objectStore.mode=external",
      "objectStore.external.endpoint=https://s3.corp",
      "objectStore.external.accessKey=k",
      "objectStore.external.secretKey=s",
    ],
    "s3.corp",
  ],
  [
    "nats",
    ["nats.mode=external", "nats.external.host=nats.corp", "nats.external.user=u", "nats.external.password=p"],
    "nats.corp",
  ],
  ["gitaly", ["gitaly.mode=external", "gitaly.external.host=git.corp", "gitaly.external.token=t"], "git.corp"],
  [
    "registry",
    [
      "registry.mode=external",
      "registry.external.url=https://images.corp",
      "registry.external.user=u",
      "registry.external.password=p",
    ],
    "images.corp",
  ],
  ["temporal", ["temporal.mode=external", "temporal.external.host=flow.corp"], "flow.corp"],
];

describe("buildPlan", () => {
  it("gives the same bytes for the same values", () => {
    expect(JSON.stringify(infraPlan())).toBe(JSON.stringify(infraPlan()));
  });

  it("holds every component of the infra profile, each after what it needs", () => {
    const plan = infraPlan();

    const order = plan.components.map((row) => row.id);
    expect([...order].sort()).toEqual([
      "casdoor",
      "gateway",
      "gitaly",
      "gitlab-shell",
      "landing-page",
      "minio",
      "nats",
      "postgres",
      "redis",
      "registry",
      "temporal",
      "temporal-ui",
    ]);
    for (const row of plan.components) {
      for (const need of row.needs) {
        if (need.kind === "healthy") expect(order.indexOf(need.component)).toBeLessThan(order.indexOf(row.id));
        else expect(plan.jobs.map((job) => job.id)).toContain(need.job);
      }
    }
  });

  it("declares a generator for every secret that a slot names", () => {
    for (const plan of [infraPlan(), infraPlan(["domain=ai.corp"]), ...externals.map(([, sets]) => infraPlan(sets))]) {
      const declared = new Set(plan.secrets.map((row) => row.name));
      const containers = [...plan.jobs.map((job) => job.container), ...workloads(plan)];
      const used = containers
        .flatMap((row) => row.files)
        .flatMap(({ contents }) =>
          contents.kind === "text" ? slotsOf(contents.text) : contents.kind === "json" ? slotsOf(contents.value) : [],
        )
        .flatMap((slot) => (slot.slot === "secret" ? [slot.name] : []));
      expect(used.filter((name) => !declared.has(name))).toEqual([]);
    }
  });

  it("never holds a value that was given as a secret", () => {
    const plan = infraPlan([
      "redis.mode=external",
      "redis.external.host=cache.corp",
      "redis.external.password=hunter2-canary",
    ]);

    expect(JSON.stringify(plan)).not.toContain("hunter2-canary");
  });

  it("writes no host name of a component: addresses are references", () => {
    const plan = infraPlan();

    const documents = plan.wires.map((wire) => JSON.stringify(wire.check));
    for (const { id } of plan.components) expect(documents.filter((text) => text.includes(`//${id}:`))).toEqual([]);
  });

  it("runs every container as its own fixed uid of at least 10000, with a memory, cpu and pids limit", () => {
    const plan = infraPlan();

    for (const row of [...workloads(plan), ...plan.jobs.map((job) => job.container)]) {
      expect(row.uid).toBeGreaterThanOrEqual(10_000);
      expect(row.resources.memoryMiB).toBeGreaterThan(0);
      expect(row.resources.cpus).toBeGreaterThan(0);
      expect(row.resources.pids).toBeGreaterThan(0);
    }
  });

  it("puts no secret into an environment variable", () => {
    const slots = [...workloads(infraPlan()), ...infraPlan().jobs.map((job) => job.container)]
      .flatMap((row) => row.env)
      .flatMap((row) => slotsOf(row.value));

    expect(slots.filter((slot) => slot.slot === "secret")).toEqual([]);
  });

  it("opens the gateway only after Casdoor's default account is closed", () => {
    expect(component(infraPlan(), "gateway").needs).toEqual([{ kind: "completed", job: "casdoor-bootstrap" }]);
    expect(component(infraPlan(["casdoor.mode=off"]), "gateway").needs).toEqual([]);
  });

  it("keeps a component that is off in the plan, without workload, job, secret or wire", () => {
    const plan = infraPlan(["casdoor.mode=off"]);

    expect(component(plan, "casdoor")).toMatchObject({ presence: "off", endpoints: [] });
    expect(plan.jobs.filter((job) => job.component === "casdoor")).toEqual([]);
    expect(plan.secrets.filter((row) => row.name.startsWith("casdoor"))).toEqual([]);
    expect(plan.wires.filter((wire) => wire.to.startsWith("casdoor"))).toEqual([]);
    expect(plan.listeners.map((row) => row.id)).toEqual(["main", "s3"]);
  });

  it("puts Temporal's web page behind Casdoor's sign-in, trusting the platform's own authority", () => {
    const page = component(infraPlan(["domain=ai.corp", "temporalUi.mode=embedded"]), "temporal-ui");

    expect(page.needs).toContainEqual({ kind: "completed", job: "casdoor-bootstrap" });
    expect(page.workload?.container.env).toEqual([{ name: "SSL_CERT_FILE", value: ["/run/slipway/ca.crt"] }]);
    expect(JSON.stringify(page.workload?.container.files)).toContain("https://casdoor.ai.corp");
    expect(page.reaches).toEqual(["gateway.casdoor", "temporal.grpc"]);
  });

  it("leaves out the page and Git over SSH when they are off", () => {
    const plan = infraPlan(["landingPage.mode=off", "gitlabShell.mode=off"]);

    expect(plan.routes.filter((route) => route.id === "landing-page")).toEqual([]);
    expect(plan.wires.filter((wire) => wire.id === "ssh" || wire.id === "route-page")).toEqual([]);
  });

  describe.each(externals)("with an external %s", (id, sets, host) => {
    it("keeps what the person gives apart from what this install made", () => {
      const own = new Set(infraPlan().secrets.map((spec) => spec.name));

      const given = infraPlan(sets).secrets.filter((spec) => spec.generator.kind.startsWith("given"));

      expect(given.filter((spec) => own.has(spec.name))).toEqual([]);
    });

    it("has its endpoints and no workload of it", () => {
      const moved = component(infraPlan(sets), id);

      expect(moved.presence).toBe("external");
      expect(moved.workload).toBeUndefined();
      expect(moved.endpoints.map((row) => row.externalHost)).toEqual(moved.endpoints.map(() => host));
    });

    it("keeps every other component", () => {
      const before = infraPlan().components.map((row) => row.id);

      expect(
        infraPlan(sets)
          .components.map((row) => row.id)
          .sort(),
      ).toEqual([...before].sort());
    });
  });

  it("changes of other components only the edge to Redis when that moves outside: its password, and that nobody waits", () => {
    const others = (plan: Plan): readonly Component[] => plan.components.filter((row) => row.id !== "redis");
    const withoutEdge = others(infraPlan()).map((row) => ({
      ...row,
      needs: row.needs.filter((need) => need.kind !== "healthy" || need.component !== "redis"),
    }));

    const moved = infraPlan(["redis.mode=external", "redis.external.host=cache.corp", "redis.external.password=x"]);

    const withOurPassword = JSON.stringify(others(moved)).replaceAll('"redis-external"', '"redis"');
    expect(JSON.parse(withOurPassword)).toEqual(withoutEdge);
    expect(component(infraPlan(), "casdoor").needs).toContainEqual({ kind: "healthy", component: "redis" });
  });

  it("lets Redis give up old sessions before its memory ends, and nothing that is kept for good", () => {
    const contents = component(infraPlan(["redis.resources.memory=200Mi"]), "redis").workload?.container.files[0]
      ?.contents;

    expect(
      contents?.kind === "text" ? contents.text.filter((part) => typeof part === "string").join("") : "",
    ).toContain("maxmemory 120mb\nmaxmemory-policy volatile-lru\n");
  });

  it("proves that each database role is refused on the databases of others", () => {
    const wires = infraPlan().wires.filter((wire) => wire.check["kind"] === "postgres");

    expect(wires.map((wire) => wire.check["database"])).toEqual([
      "csghub_casdoor",
      "csghub_portal",
      "csghub_server",
      "csghub_temporal",
      "csghub_temporal_visibility",
    ]);
    expect(wires.find((wire) => wire.check["database"] === "csghub_temporal")?.check["refusedDatabases"]).toEqual([
      "csghub_casdoor",
      "csghub_server",
      "csghub_portal",
    ]);
  });

  it("applies the registry of the values to every image and lets one image be named", () => {
    const plan = infraPlan(["images.registry=harbor.corp/platform", "redis.image=corp/valkey:8.1.1"]);

    expect(component(plan, "postgres").workload?.container.image.reference).toBe(
      "harbor.corp/platform/slipway/postgres:0000000000000000",
    );
    expect(component(infraPlan(["images.registry=localhost"]), "postgres").workload?.container.image.reference).toBe(
      "localhost/slipway/postgres:0000000000000000",
    );
    expect(component(plan, "redis").workload?.container.image).toEqual({
      name: "valkey",
      reference: "corp/valkey:8.1.1",
      source: "values",
    });
  });

  it("maps references of other hosts as a push does, and leaves those at the registry alone", () => {
    const at = (reference: string): string | undefined => {
      const images = { ...fixedImages, postgres: { reference, source: "third-party" as const } };
      const values = infraValues(["images.registry=harbor.corp:5000/platform"]);
      const plan = buildPlan({ values, images, name: "x", profile: "infra", version: "0" });
      return component(plan, "postgres").workload?.container.image.reference;
    };

    expect(at("quay.io/org/postgres:17")).toBe("harbor.corp:5000/platform/org/postgres:17");
    expect(at("postgres:17")).toBe("harbor.corp:5000/platform/library/postgres:17");
    expect(at("harbor.corp:5000/platform/a:1")).toBe("harbor.corp:5000/platform/a:1");
  });

  it("names the image that the table lacks", () => {
    const images = Object.fromEntries(Object.entries(fixedImages).filter(([name]) => name !== "nats"));

    expect(() => buildPlan({ values: infraValues(), images, name: "x", profile: "infra", version: "0" })).toThrow(
      "no image is known for nats",
    );
  });

  it("adds variables of the values to the container", () => {
    const plan = infraPlan([], "nats:\n  extraEnv:\n    B: '2'\n    A: no\n");

    expect(component(plan, "nats").workload?.container.env).toEqual([
      { name: "A", value: ["no"] },
      { name: "B", value: ["2"] },
    ]);
  });

  it("serves sub-domains below a domain and redirects plain HTTP", () => {
    const plan = infraPlan(["domain=ai.corp"]);

    expect(plan.settings).toMatchObject({ addressing: "domain", tls: "self-signed", bindAddress: "0.0.0.0" });
    expect(plan.listeners.map((row) => `${row.id} ${row.host}:${row.publicPort} ${row.tls ? "tls" : "plain"}`)).toEqual(
      [
        "casdoor casdoor.ai.corp:443 tls",
        "casdoor-plain casdoor.ai.corp:80 plain",
        "main ai.corp:443 tls",
        "main-plain ai.corp:80 plain",
        "s3 s3.ai.corp:443 tls",
        "s3-plain s3.ai.corp:80 plain",
      ],
    );
    expect(component(plan, "gateway").published.map((row) => row.hostPort)).toEqual([443, 80]);
    expect(plan.secrets.filter((row) => row.generator.kind === "tls-leaf")).toHaveLength(1);
  });

  it("trusts the given authority when certificates are given", () => {
    const given = infraPlan([
      "domain=ai.corp",
      "tls.mode=files",
      "tls.certFile=/c.pem",
      "tls.keyFile=/k.pem",
      "tls.caFile=/ca.pem",
    ]);

    expect(given.secrets.filter((row) => row.name.startsWith("tls-")).map((row) => row.generator)).toEqual([
      { kind: "given-file", path: "/ca.pem" },
      { kind: "given-file", path: "/c.pem" },
      { kind: "given-file", path: "/k.pem" },
    ]);
  });

  it("passes the TLS of an external PostgreSQL to every client", () => {
    const plan = infraPlan([...externalPostgres, "postgres.external.caFile=/pg-ca.pem"]);

    const job = plan.jobs.find((row) => row.id === "temporal-schema");
    expect(job?.container.files.map((file) => file.path)).toContain("/run/slipway/postgres-ca.crt");
    expect(plan.wires.find((wire) => wire.id === "csghub_server-database")?.check).toMatchObject({
      tls: "verify",
      caFile: "/run/slipway/postgres-ca.crt",
    });
    const unchecked = infraPlan([...externalPostgres, "postgres.external.sslMode=require"]);
    expect(unchecked.wires.find((wire) => wire.id === "csghub_server-database")?.check["tls"]).toBe("require");
  });

  it("names a component that needs itself", () => {
    const loop = (id: string, need: string): ComponentDefinition => bare(id, { needs: [healthy(need)] });

    expect(() => planOf(loop("a", "b"), loop("b", "a"))).toThrow(
      "component:a needs itself: component:a -> component:b -> component:a",
    );
    expect(() => planOf(loop("a", "z"))).toThrow("component:a needs component:z, which is not in the plan");
  });

  it("waits for what is needed if present only where the plan runs it", () => {
    const waiting = bare("a", {
      needs: [healthy("b", { ifPresent: true }), completed("b-prepare", { ifPresent: true })],
    });
    const running: ComponentDefinition = {
      id: "b",
      build: (context) => ({
        component: { ...draft("b"), workload: workloadOf(context) },
        jobs: [jobOf(context, "b-prepare")],
      }),
    };

    expect(component(planOf(waiting, running), "a").needs).toEqual([
      { kind: "healthy", component: "b" },
      { kind: "completed", job: "b-prepare" },
    ]);
    expect(component(planOf(waiting, bare("b", { presence: "off" })), "a").needs).toEqual([]);
    expect(component(planOf(waiting), "a").needs).toEqual([]);
  });

  it("tells of a component that is off only in profiles it belongs to", () => {
    const ids = (fields: Partial<ComponentDraft>): readonly string[] =>
      planOf({ ...bare("a", fields), profiles: ["full"] }, bare("b", { presence: "off" })).components.map(
        ({ id }) => id,
      );

    expect(ids({ presence: "off" })).toEqual(["b"]);
    expect(ids({})).toEqual(["a", "b"]);
    const own = { ...bare("a", { presence: "off" as const }), profiles: ["p"] };
    expect(planOf(own).components.map(({ id }) => id)).toEqual(["a"]);
  });

  it("gives the address of Git over SSH, with a port where it is not the usual one", () => {
    const address = (port: number): string | undefined =>
      component(infraPlan(["domain=ai.corp", `ports.ssh=${port}`]), "gitlab-shell").links[0]?.url;

    expect([22, 2222].map(address)).toEqual(["ssh://git@ai.corp", "ssh://git@ai.corp:2222"]);
  });

  it("refuses two declarations of one secret that differ, and takes the same one twice", () => {
    const withSecret = (id: string, bytes: number): ComponentDefinition => ({
      id,
      build: () => ({
        component: draft(id),
        secrets: [{ name: "shared", description: "key", generator: { kind: "random", bytes, encoding: "hex" } }],
      }),
    });

    expect(planOf(withSecret("a", 32), withSecret("b", 32)).secrets).toHaveLength(1);
    expect(() => planOf(withSecret("a", 32), withSecret("b", 16))).toThrow("the secret shared is declared in two ways");
  });

  it("has one key for the callbacks of Git, whoever sends them", () => {
    const callback = (plan: Plan): unknown => plan.secrets.find(({ name }) => name === "git-callback");

    const outside = infraPlan(["gitaly.mode=external", "gitaly.external.host=git.corp", "gitaly.external.token=t"]);

    expect(callback(outside)).toEqual(callback(infraPlan()));
    expect(callback(infraPlan())).toBeDefined();
  });

  it.each([
    ["domain=ai.corp", "ports.http=18080"],
    ["domain=localhost", "ports.http=18080"],
    ["domain=localhost", "ports.s3=18080"],
  ])("keeps the gateway's health checks off the ports of people: %s %s", (...sets) => {
    const plan = infraPlan(sets);
    const { ready, live } = component(plan, "gateway").workload?.health ?? {};

    expect(plan.listeners.map(({ port }) => port)).toContain(18_080);
    expect(ready).toEqual({ kind: "http", port: 18_081, path: "/healthz" });
    expect(live).toEqual({ kind: "tcp", port: 18_081 });
    expect(renderedNginx(plan)).toContain("listen 18081;");
  });

  it("orders five hundred components, each after the one it needs", () => {
    const many = (count: number): readonly ComponentDefinition[] =>
      Array.from({ length: count }, (_, index) => ({
        id: `c${index}`,
        build: (context) => ({
          component: {
            id: `c${index}`,
            title: { en: "c", zh: "c" },
            purpose: { en: "c", zh: "c" },
            zone: "app" as const,
            presence: "embedded" as const,
            endpoints: [{ id: "http", port: 80, protocol: "http" as const, tls: false }],
            workload: {
              container: container({
                image: context.image("nats", ""),
                uid: 10_004,
                resources: { cpus: 1, memoryMiB: 64, pids: 10 },
                files: [{ path: "/f", contents: textFile([endpoint(`c${Math.max(0, index - 1)}.http`), secret("s")]) }],
              }),
              replicas: 1,
              update: "rolling" as const,
              stopSeconds: 1,
              health: {
                ready: { kind: "tcp" as const, port: 80 },
                live: { kind: "tcp" as const, port: 80 },
                startSeconds: 1,
              },
            },
            ...(index === 0 ? {} : { needs: [{ kind: "healthy" as const, component: `c${index - 1}` }] }),
          },
        }),
      }));

    const plan = buildPlan(
      { values: infraValues(), images: fixedImages, name: "x", profile: "p", version: "0" },
      many(500),
    );

    expect(plan.components).toHaveLength(500);
    expect(plan.components[0]?.id).toBe("c0");
    expect(plan.components.at(-1)?.id).toBe("c499");
  });
});

/** A plan of these components alone. */
function planOf(...definitions: readonly ComponentDefinition[]): Plan {
  const values = infraValues(["casdoor.mode=off"]);
  return buildPlan({ values, images: fixedImages, name: "x", profile: "p", version: "0" }, definitions);
}

function draft(id: string): ComponentDraft {
  return {
    id,
    title: { en: id, zh: id },
    purpose: { en: id, zh: id },
    zone: "app",
    presence: "embedded",
    endpoints: [],
  };
}

function bare(id: string, fields: Partial<ComponentDraft> = {}): ComponentDefinition {
  return { id, build: () => ({ component: { ...draft(id), ...fields } }) };
}

function containerOf(context: PlanContext): Container {
  return container({
    image: context.image("nats", ""),
    uid: 10_004,
    resources: { cpus: 1, memoryMiB: 64, pids: 10 },
  });
}

function workloadOf(context: PlanContext): Workload {
  return {
    container: containerOf(context),
    replicas: 1,
    update: "rolling",
    stopSeconds: 1,
    health: { ready: { kind: "tcp", port: 80 }, live: { kind: "tcp", port: 80 }, startSeconds: 1 },
  };
}

function jobOf(context: PlanContext, id: string): JobDraft {
  return {
    id,
    component: "b",
    title: id,
    makes: [],
    needs: [],
    trigger: "bring-up",
    deadlineSeconds: 1,
    container: containerOf(context),
  };
}

function renderedNginx(plan: Plan): string {
  const file = renderCompose(plan).files.find(({ path }) => path.endsWith("gateway/etc/nginx/nginx.conf"));
  return file === undefined ? "" : renderedFileToString(file);
}

function workloads(plan: Plan) {
  return plan.components.flatMap((row) => (row.workload === undefined ? [] : [row.workload.container]));
}
