/** What docs/hardening.md promises of the whole platform, seen in the profile that has all of it. */
import { beforeAll, describe, expect, it } from "vitest";
import type { SecretSpec } from "../../src/plan/model.ts";
import { readReference, type Reference, referencePlan } from "../support/compose-reference.ts";

const plan = referencePlan("standard");
const settingsFile = "/run/slipway/hub.toml";
const programs = plan.components.filter(({ workload }) =>
  workload?.container.files.some(({ path }) => path === settingsFile),
);
const running = plan.components.filter(({ workload }) => workload !== undefined);

let reference: Reference;
beforeAll(() => {
  reference = readReference("standard");
});

/** The text of a configuration file, with `${secret:NAME}` where secrets stand. */
function fileOf(service: string, path: string): string {
  const text = reference.files.get(`files/${service}${path}`);
  if (text === undefined) throw new RangeError(`${service} has no file ${path}`);
  return text;
}

/** Names of the secrets that a service reads, but public parts. */
function secretsOf(service: string): ReadonlySet<string> {
  const texts = [...reference.files].filter(([path]) => path.startsWith(`files/${service}/`)).map(([, text]) => text);
  return new Set(
    texts.flatMap((text) => [...text.matchAll(/\$\{secret:([\w-]+)(?!\.)/g)].map(([, name = ""]) => name)),
  );
}

describe("secrets of the platform", () => {
  /** Random bits that a generator draws; undefined for what is given or derived from another secret. */
  function randomBits({ generator }: SecretSpec): number | undefined {
    if (generator.kind === "random") return generator.bytes * 8;
    // A password has capitals, small letters and digits at least.
    return generator.kind === "password" ? Math.floor(generator.length * Math.log2(62)) : undefined;
  }

  it("have 128 random bits at least, but the names of clients, which are no secrets", () => {
    const short = plan.secrets.filter((spec) => (randomBits(spec) ?? 128) < 128).map(({ name }) => name);

    expect(short.filter((name) => !name.endsWith("-id"))).toEqual([]);
  });

  it("of administrators reach no program of the hub, and each service has its own key and role", () => {
    for (const { id } of programs) {
      const read = [...secretsOf(id)];
      expect(read.filter((name) => /-(root|admin)$/.test(name))).toEqual([]);
      expect(
        read.filter((name) => /^(pg|s3)-/.test(name)).every((name) => /^(pg-server|s3-csghub-server)$/.test(name)),
      ).toBe(true);
    }
    expect([...secretsOf("csghub-portal")].filter((name) => /^(pg|s3)-/.test(name)).sort()).toEqual([
      "pg-portal",
      "s3-csghub-portal",
    ]);
    expect([...secretsOf("registry")].filter((name) => /^(pg|s3)-/.test(name))).toEqual(["s3-registry"]);
  });

  it("of the runner reach only the jobs that make its key, check it and use it by hand", () => {
    const holders = [...reference.files].filter(([, text]) => text.includes("${secret:s3-csghub-runner"));

    expect(holders.map(([path]) => path.split("/")[1]).sort()).toEqual(["minio-buckets", "minio-console", "verify"]);
    expect(JSON.parse(fileOf("minio-buckets", "/run/slipway/document.json"))).toMatchObject({
      users: expect.arrayContaining([
        expect.objectContaining({ accessKey: "csghub-runner", buckets: ["csghub-runner"] }),
      ]) as unknown,
    });
  });
});

describe("the hub", () => {
  it("has its tables before any of its programs starts, with time enough to change them", () => {
    const job = plan.jobs.find(({ id }) => id === "csghub-migration");

    expect(job?.deadlineSeconds).toBeGreaterThanOrEqual(1800);
    expect(programs.length).toBeGreaterThan(5);
    for (const { id, needs } of programs) {
      expect({ id, needs }).toEqual({
        id,
        needs: expect.arrayContaining([{ kind: "completed", job: job?.id }]) as unknown,
      });
    }
  });

  it("ends a sign-in at this platform and nowhere else", () => {
    const text = fileOf("gateway", "/etc/nginx/nginx.conf");
    const block = /location = \/api\/v1\/callback\/casdoor \{[^}]*?if \(\$args !~ "([^"]+)"\) \{ return 403; \}/.exec(
      text,
    );
    const allowed = new RegExp(block?.[1] ?? "$^");

    expect(["code=a1&state=casdoor", "state=casdoor&code=a1"].every((query) => allowed.test(query))).toBe(true);
    for (const query of [
      "code=a1",
      "code=a1&state=http://elsewhere.invalid",
      "code=a1&state=casdoor.elsewhere",
      "code=a1&state=casdoor&state=x",
      "code=a1&state=%63asdoor",
      "code=a1&state=CASDOOR",
    ])
      expect(query).not.toMatch(allowed);
    expect(text).toMatch(/location ~ "\^\/api\/\[\^\/\]\+\/callback\(\/\|\$\)" \{\s*return 404;/);
  });

  it("lets applications and models answer for an hour, as they speak", () => {
    for (const to of ["csghub-rproxy.http", "csghub-aigateway.http"]) {
      const actions = plan.routes
        .map(({ action }) => action)
        .filter((action) => action.kind === "proxy" && action.to === to);
      expect(actions).toHaveLength(1);
      expect(actions[0]).toMatchObject({ streaming: true, timeoutSeconds: 3600 });
    }
  });
});

describe("what the platform stands on", () => {
  it("has NATS write a message to the disk before it answers, trace none, and hold less than its disk", () => {
    const text = fileOf("nats", "/etc/nats/nats.conf");
    const disk = plan.components.find(({ id }) => id === "nats")?.volumes[0]?.sizeGiB ?? 0;

    expect(text).toMatch(/^ {2}sync_interval: always$/m);
    expect(text).not.toMatch(/^\s*(trace|debug)/m);
    expect(Number(/max_file_store: (\d+)MB/.exec(text)?.[1])).toBeLessThan(disk * 1024);
  });

  it("sets up Temporal by a job with the rights of its own role, and lets nobody outside reach it", () => {
    const { user, password } = JSON.parse(fileOf("temporal-schema", "/run/slipway/document.json")) as Record<
      string,
      string
    >;
    const temporal = plan.components.find(({ id }) => id === "temporal");

    expect([user, password]).toEqual(["csghub_temporal", "${secret:pg-temporal|quoted}"]);
    expect([temporal?.zone, temporal?.published]).toEqual(["data", []]);
    expect(plan.routes.flatMap(({ action }) => (action.kind === "proxy" ? [action.to] : []))).not.toContain(
      "temporal.grpc",
    );
  });

  it("knows one another by name: nothing has a fixed address, and nothing is privileged", () => {
    const services = Object.values(reference.compose.services ?? {}) as readonly Readonly<Record<string, unknown>>[];

    expect(services.length).toBeGreaterThan(running.length);
    expect(services.filter((service) => "privileged" in service || "cap_add" in service)).toEqual([]);
    expect(JSON.stringify(reference.compose)).not.toMatch(/ipv[46]_address|subnet/);
  });
});
