import fc from "fast-check";
import { servicesOf } from "../rendering.ts";
import { parse } from "yaml";
import { describe, expect, it } from "vitest";
import { infraPlan } from "../../../test/support/infra-plan.ts";
import type { Component, Plan } from "../../plan/model.ts";
import { secret } from "../../plan/text.ts";
import { renderedFileToString } from "../rendered-file.ts";
import { renderCompose } from "./render-compose.ts";

interface ComposeDocument {
  readonly name: string;
  readonly services: Readonly<Record<string, Record<string, unknown>>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
  readonly volumes: Readonly<Record<string, { readonly external: boolean; readonly name: string }>>;
}

function document(plan: Plan): ComposeDocument {
  const file = renderCompose(plan).files[0];
  if (file === undefined) throw new Error("nothing was rendered");
  return parse(renderedFileToString(file)) as ComposeDocument;
}

function withWorkload(plan: Plan, id: string, change: (component: Component) => Component): Plan {
  return { ...plan, components: plan.components.map((row) => (row.id === id ? change(row) : row)) };
}

describe("renderCompose", () => {
  it("gives the same bytes for the same plan", () => {
    expect(renderCompose(infraPlan())).toEqual(renderCompose(infraPlan()));
  });

  it("joins each service to the networks of what it talks to, and no other", () => {
    const { services, networks } = document(infraPlan());

    const joined = Object.fromEntries(
      Object.entries(services).map(([id, row]) => [
        id,
        Object.keys((row["networks"] as object | undefined) ?? { none: row["network_mode"] }),
      ]),
    );
    expect(joined).toMatchObject({
      postgres: ["data"],
      redis: ["data"],
      nats: ["data"],
      gitaly: ["data"],
      minio: ["app"],
      registry: ["app"],
      temporal: ["data"],
      casdoor: ["app", "data"],
      gateway: ["edge", "app"],
      "gitlab-shell": ["edge", "data"],
      "postgres-initialise": ["none"],
      verify: ["edge", "app", "data"],
    });
    expect(networks["data"]?.internal).toBe(true);
  });

  it("reaches what is outside through a network that leads out", () => {
    const plan = infraPlan([
      "postgres.mode=external",
      "postgres.external.host=db.corp",
      "postgres.external.adminPassword=x",
    ]);

    expect(Object.keys(document(plan).services["temporal"]?.["networks"] ?? {})).toEqual(["app", "data"]);
  });

  it("publishes the gateway and Git over SSH only, on the configured address", () => {
    const { services } = document(infraPlan(["bindAddress=127.0.0.2"]));

    const published = Object.entries(services).flatMap(([id, row]) =>
      ((row["ports"] ?? []) as readonly { host_ip: string; published: string }[]).map(
        (port) => `${id} ${port.host_ip}:${port.published}`,
      ),
    );
    expect(published.sort()).toEqual([
      "gateway 127.0.0.2:80",
      "gateway 127.0.0.2:8000",
      "gateway 127.0.0.2:9000",
      "gitlab-shell 127.0.0.2:2222",
    ]);
  });

  it("gives the gateway the public names inside when there are sub-domains", () => {
    const networks = document(infraPlan(["domain=ai.corp"])).services["gateway"]?.["networks"];

    expect(networks).toEqual({
      edge: { aliases: ["ai.corp", "casdoor.ai.corp", "s3.ai.corp"] },
      app: { aliases: ["ai.corp", "casdoor.ai.corp", "s3.ai.corp"] },
    });
  });

  it("depends on services alone, so that Compose can start the file by itself", () => {
    const { services } = document(infraPlan());

    expect(services["registry"]?.["depends_on"]).toEqual({ minio: { condition: "service_healthy" } });
    expect(services["temporal"]?.["depends_on"]).toEqual({ postgres: { condition: "service_healthy" } });
    for (const row of Object.values(services)) {
      for (const id of Object.keys(row["depends_on"] ?? {})) expect(services[id]?.["profiles"]).toBeUndefined();
    }
  });

  it("keeps jobs behind a profile and volumes outside of Compose's own life cycle", () => {
    const { services, volumes } = document(infraPlan());

    expect(services["minio-buckets"]).toMatchObject({ profiles: ["jobs"], restart: "no" });
    expect(volumes["postgres-data"]).toEqual({ external: true, name: "slipway_postgres-data" });
  });

  it("marks files with secrets and never writes one", () => {
    const rendering = renderCompose(infraPlan());

    const files = new Map(rendering.files.map((file) => [file.path, file]));
    expect(files.get("files/redis/etc/valkey/valkey.conf")).toMatchObject({ secret: true, owner: 10_002 });
    expect(files.get("files/postgres/etc/postgresql/postgresql.conf")).toMatchObject({ secret: false, owner: 10_001 });
    expect(renderedFileToString(files.get("files/redis/etc/valkey/valkey.conf") ?? rendering.files[0]!)).toContain(
      'requirepass "${secret:redis|quoted}"',
    );
    expect(rendering.files[0]?.secret).toBe(false);
  });

  it("changes the hash of a service when its configuration file changes, and no other's", () => {
    const hashes = (plan: Plan) => new Map(servicesOf(renderCompose(plan)).map((row) => [row.id, row.specHash]));
    const before = hashes(infraPlan());

    const after = hashes(infraPlan(["postgres.maxConnections=200"]));

    expect([...after].filter(([id, hash]) => before.get(id) !== hash).map(([id]) => id)).toEqual(["postgres"]);
  });

  it("checks less often where the engine knows no start interval", () => {
    const file = renderCompose(infraPlan(), { startInterval: false }).files[0];

    const { services } = parse(renderedFileToString(file!)) as ComposeDocument;
    expect(services["nats"]?.["healthcheck"]).toMatchObject({ interval: "5s" });
    expect(services["nats"]?.["healthcheck"]).not.toHaveProperty("start_interval");
  });

  it("refuses what one host cannot run, naming the field", () => {
    expect(() => renderCompose(infraPlan(["registry.replicas=3"]))).toThrow(
      "registry.replicas is 3; Compose runs one of each",
    );
    expect(() => renderCompose(infraPlan(["registry.maxReplicas=3"]))).toThrow(
      "registry.maxReplicas is 3; Compose runs one of each",
    );
  });

  it("refuses a secret in the environment", () => {
    const plan = withWorkload(infraPlan(), "nats", (row) => ({
      ...row,
      workload: {
        ...row.workload!,
        container: { ...row.workload!.container, env: [{ name: "X", value: [secret("redis")] }] },
      },
    }));

    expect(() => renderCompose(plan)).toThrow("nats takes a secret from the environment variable X");
  });

  it("names an endpoint that nobody offers", () => {
    const plan = infraPlan();

    expect(() => renderCompose({ ...plan, components: plan.components.filter((row) => row.id !== "minio") })).toThrow(
      "names the endpoint minio.s3, which no component of this plan offers",
    );
  });

  it("carries any string of the values unchanged, dollars doubled for Compose", () => {
    const infra = infraPlan();

    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", maxLength: 40 }).filter((text) => !text.includes("\0")),
        (text) => {
          const plan = withWorkload(infra, "nats", (row) => ({
            ...row,
            workload: {
              ...row.workload!,
              container: { ...row.workload!.container, env: [{ name: "X", value: [text] }] },
            },
          }));

          const environment = document(plan).services["nats"]?.["environment"] as { readonly X: string };

          expect(environment.X.replaceAll("$$", "$")).toBe(text);
        },
      ),
      { numRuns: 30 },
    );
  });
});
