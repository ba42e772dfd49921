import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { PushOutcome } from "../../src/actions/push/push-outcome.ts";
import type { InstallerEvent } from "../../src/events/event.ts";
import { createRegistryClient } from "../../src/registry/create-registry-client.ts";
import { configFilesOf, createCredentialStore } from "../../src/registry/credentials.ts";
import type { HarborOptions } from "../../src/registry/harbor/harbor-options.ts";
import { adminPassword, createFakeHarbor, type FakeHarborOptions } from "../stand-ins/harbor/create-fake-harbor.ts";
import { createPushPorts, pushTo, selectedImage } from "./push-to-registry.ts";
import { errorOf } from "../support/error-of.ts";
import { syntheticBytes, syntheticImage, syntheticIndex } from "../stand-ins/registry/synthetic-image.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const base = syntheticBytes("base", 60_000);
const one = syntheticImage("one", [base, syntheticBytes("one", 20_000)]);
const two = syntheticIndex([
  syntheticImage("two amd64", [base, syntheticBytes("two", 20_000)]),
  syntheticImage("two arm64", [base, syntheticBytes("two arm", 20_000)], "arm64"),
]);

const images = [selectedImage("docker.io/slipway/one:1", one), selectedImage("quay.io/org/two:2", two)];

async function createWorld(options: FakeHarborOptions = {}) {
  const harbor = await createFakeHarbor(options);
  const folder = await mkdtemp(join(tmpdir(), "push-to-harbor-"));
  closers.push(
    () => rm(folder, { recursive: true }),
    () => harbor.close(),
  );
  let listen: (event: InstallerEvent) => void = () => undefined;
  const ports = createPushPorts((event) => listen(event));

  async function push(
    more: {
      readonly harbor?: HarborOptions;
      readonly dryRun?: boolean;
      readonly to?: string;
      readonly user?: string;
      readonly password?: string;
    } = {},
  ): Promise<PushOutcome> {
    const { user = "admin", password = adminPassword, to = "/ai-infra/base" } = more;
    const request = { ...more, to: `${harbor.host}${to}`, user, password, folder, images };
    return pushTo(request, ports);
  }

  return {
    harbor,
    folder,
    ports,
    push,
    onEvent: (listener: typeof listen) => {
      listen = listener;
    },
  };
}

function states({ images: pushed }: PushOutcome): Readonly<Record<string, string>> {
  return Object.fromEntries(
    pushed.map(({ target, state, error }) => [target.replace(/^[^/]*\//, ""), error?.message ?? state]),
  );
}

describe("a push to an empty Harbor", () => {
  it("makes a private project and puts every image there, whole", async () => {
    const { harbor, push } = await createWorld();

    const outcome = await push();

    expect(states(outcome)).toEqual({ "ai-infra/base/slipway/one:1": "sent", "ai-infra/base/org/two:2": "sent" });
    expect(outcome.ok).toBe(true);
    expect(harbor.state.projects.get("ai-infra")?.public).toBe(false);
    const { store } = harbor.state;
    expect(store.manifest("ai-infra/base/org/two", "2")?.digest).toBe(two.root.digest);
    for (const { descriptor } of two.blobs)
      expect(store.hasBlob("ai-infra/base/org/two", descriptor.digest)).toBe(true);
  });

  it("sends nothing a second time", async () => {
    const { harbor, push } = await createWorld();
    await push();
    const before = harbor.uploads().length;

    const outcome = await push();

    expect(new Set(Object.values(states(outcome)))).toEqual(new Set(["cached"]));
    expect(harbor.uploads()).toHaveLength(before);
  });

  it("changes nothing in a dry run", async () => {
    const { harbor, push } = await createWorld();

    const outcome = await push({ dryRun: true });

    expect(new Set(Object.values(states(outcome)))).toEqual(new Set(["planned"]));
    expect(outcome.findings.map(({ message }) => message)).toContain("the project ai-infra would be made, private");
    expect([...harbor.changes(), ...harbor.uploads()]).toEqual([]);
    expect(harbor.state.projects.has("ai-infra")).toBe(false);
  });

  it("leaves a robot account that can pull what was pushed, and cannot push", async () => {
    const { harbor, folder, ports, push } = await createWorld();
    const file = join(folder, "robot", "config.json");
    await push({ harbor: { immutable: false, robot: { name: "install", file } } });

    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const credentials = createCredentialStore(ports, {
      configFiles: configFilesOf({ DOCKER_CONFIG: join(folder, "robot") }),
    });
    const client = createRegistryClient({
      host: harbor.host,
      http: ports.http({ connections: 2, environment: {} }),
      clock: ports.clock,
      random: ports.random,
      credentials,
      plainHttp: true,
      signal: ports.signal,
    });
    closers.push(() => client.close());
    const found = await client.getManifest("ai-infra/base/slipway/one", "1");
    expect(found?.descriptor.digest).toBe(one.root.digest);
    const { bytes, descriptor } = one.manifests[0] ?? { bytes: Buffer.alloc(0), descriptor: one.root };
    const error = await errorOf(() => client.putManifest("ai-infra/base/slipway/one", "2", { bytes, descriptor }));
    expect(error.code).toBe("REGISTRY_FAILED");
    expect(harbor.state.store.manifest("ai-infra/base/slipway/one", "2")).toBeUndefined();
    expect(await readFile(file, "utf8")).not.toContain(adminPassword);
  });
});

describe("a push that Harbor cannot take", () => {
  it("is refused by the quota before anything is sent", async () => {
    const { harbor, push } = await createWorld({ projects: [{ name: "ai-infra", hard: 50_000 }] });

    const error = await errorOf(() => push());

    expect(error.code).toBe("PREFLIGHT_FAILED");
    expect(error.message).toContain("the project ai-infra needs");
    expect(harbor.uploads()).toEqual([]);
  });

  it("is refused in read-only mode before anything is sent", async () => {
    const { harbor, push } = await createWorld({ readOnly: true });

    const error = await errorOf(() => push());

    expect(error.message).toContain("read-only mode");
    expect(harbor.uploads()).toEqual([]);
  });

  it("is refused for a proxy cache before anything is sent", async () => {
    const { harbor, push } = await createWorld({ projects: [{ name: "ai-infra", registryId: 3 }] });

    const error = await errorOf(() => push());

    expect(error.message).toContain("is a cache of another registry");
    expect(harbor.uploads()).toEqual([]);
  });

  it("is told that a project is missing from --to", async () => {
    const { push } = await createWorld();

    const error = await errorOf(() => push({ to: "" }));

    expect(error.message).toContain("every image is in a project");
  });

  it("is told that the password is wrong", async () => {
    const { harbor, push } = await createWorld();

    const error = await errorOf(() => push({ password: "hunter2" }));

    expect(`${error.message} ${error.hint ?? ""}`).toMatch(/password/);
    expect(`${error.message} ${error.hint ?? ""} ${error.details.join(" ")}`).not.toContain("hunter2");
    expect([...harbor.changes(), ...harbor.uploads()]).toEqual([]);
  });

  it("is told that the user may not make the project that is missing", async () => {
    const { push } = await createWorld({ users: { dev: { password: "dev" } } });

    const error = await errorOf(() => push({ user: "dev", password: "dev" }));

    expect(error.message).toContain("making the project ai-infra");
    expect(error.hint).toContain("an administrator of Harbor");
  });

  it("is told that a guest may not push", async () => {
    const users = { guest: { password: "guest", roles: { "ai-infra": "guest" as const } } };
    const { push } = await createWorld({ users, projects: [{ name: "ai-infra" }] });

    const outcome = await push({ user: "guest", password: "guest" });

    expect(outcome.ok).toBe(false);
    for (const message of Object.values(states(outcome)))
      expect(message).toMatch(/does not let this user write|forbids/);
  });

  it("is told that a tag is immutable and stands for something else", async () => {
    const { harbor, push } = await createWorld();
    harbor.state.projects.set("ai-infra", {
      id: harbor.state.nextId(),
      name: "ai-infra",
      public: false,
      registryId: 0,
      hard: -1,
      rules: [{ id: 1, tag_selectors: [{ pattern: "**" }], scope_selectors: { repository: [{ pattern: "**" }] } }],
    });
    harbor.state.store.addManifest("ai-infra/base/slipway/one", Buffer.from("{}"), "application/json", "1");

    const outcome = await push();

    expect(states(outcome)["ai-infra/base/slipway/one:1"]).toContain("the tag is immutable there");
    expect(states(outcome)["ai-infra/base/org/two:2"]).toBe("sent");
  });

  it("is told of a quota that filled up while it was sent", async () => {
    const { harbor, push, onEvent } = await createWorld({ projects: [{ name: "ai-infra", hard: 500_000 }] });
    // Somebody else fills the project after the look at its quota.
    onEvent((event) => {
      const project = harbor.state.projects.get("ai-infra");
      if (event.type === "finding" && event.finding.id === "harbor.quota" && project !== undefined)
        project.hard = 10_000;
    });

    const outcome = await push();

    expect(outcome.ok).toBe(false);
    expect(Object.values(states(outcome)).join(" ")).toContain("quota");
  });
});
