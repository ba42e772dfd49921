import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import type { PushOutcome } from "../../src/actions/push/push-outcome.ts";
import type { InstallerEvent } from "../../src/events/event.ts";
import { createRegistryClient } from "../../src/registry/create-registry-client.ts";
import { configFilesOf, createCredentialStore } from "../../src/registry/credentials.ts";
import type { HarborOptions } from "../../src/registry/harbor/harbor-options.ts";
import { adminPassword, createFakeHarbor, type FakeHarborOptions } from "../stand-ins/harbor/create-fake-harbor.ts";
import type { SelectedImage } from "../../src/actions/push/push-sources.ts";
import { createPushPorts, pushTo, selectedImage, withReferrer } from "./push-to-registry.ts";
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
  const real = createPushPorts((event) => listen(event));
  const sleep = (ms: number, signal: AbortSignal): Promise<void> => real.clock.sleep(Math.min(ms, 5), signal);
  const ports = { ...real, clock: { ...real.clock, sleep } };

  async function push(
    more: {
      readonly harbor?: HarborOptions;
      readonly dryRun?: boolean;
      readonly to?: string;
      readonly user?: string;
      readonly password?: string;
      readonly images?: readonly SelectedImage[];
      readonly plainHttp?: boolean;
    } = {},
  ): Promise<PushOutcome> {
    const { user = "admin", password = adminPassword, to = "/ai-infra/base" } = more;
    return pushTo({ images, ...more, to: `${harbor.host}${to}`, user, password, folder }, ports);
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
      configFiles: configFilesOf({ DOCKER_CONFIG: join(folder, "robot") }, 0),
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

describe("a push of a robot account as Harbor offers it for CI", () => {
  const ci = { name: "ci", secret: "s", project: "ai-infra", rights: ["push"] };

  it.each([
    ["of the project, with push alone", "robot$ai-infra+ci", ci],
    ["of the project, with push and pull", "robot$ai-infra+ci", { ...ci, rights: ["push", "pull"] }],
    ["of the system, with push and pull", "robot$ci", { ...ci, level: "system" as const, rights: ["push", "pull"] }],
    ["of the system, with push alone, which may not even look", "robot$ci", { ...ci, level: "system" as const }],
  ])("%s, brings every image there, whole", async (_what, user, account) => {
    const { harbor, push } = await createWorld({ projects: [{ name: "ai-infra" }], robots: [account] });

    const outcome = await push({ user, password: "s" });

    expect(states(outcome)).toEqual({ "ai-infra/base/slipway/one:1": "sent", "ai-infra/base/org/two:2": "sent" });
    const { store } = harbor.state;
    expect(store.manifest("ai-infra/base/org/two", "2")?.digest).toBe(two.root.digest);
    for (const { descriptor } of two.blobs)
      expect(store.hasBlob("ai-infra/base/org/two", descriptor.digest)).toBe(true);
    expect(outcome.findings.filter(({ severity }) => severity !== "ok").map(({ id }) => id)).toEqual(["harbor.unseen"]);
  });
});

describe("a push that comes with rules about tags", () => {
  const rules = { immutable: true, retain: 3 };
  const there = { projects: [{ name: "ai-infra" }] };
  const everyTag = {
    id: 1,
    tag_selectors: [{ decoration: "matches", pattern: "**" }],
    scope_selectors: { repository: [{ decoration: "repoMatches", pattern: "**" }] },
  };
  const standsForOther = (harbor: Awaited<ReturnType<typeof createWorld>>["harbor"]) =>
    harbor.state.store.addManifest("ai-infra/base/slipway/one", Buffer.from("{}"), "application/json", "1");

  it("moves a tag that stood for something else, and holds it from then on", async () => {
    const { harbor, push } = await createWorld(there);
    standsForOther(harbor);

    const outcome = await push({ harbor: rules });

    expect(outcome.ok).toBe(true);
    expect(harbor.state.store.manifest("ai-infra/base/slipway/one", "1")?.digest).toBe(one.root.digest);
    expect(harbor.state.projects.get("ai-infra")?.rules).toHaveLength(1);
    expect(outcome.findings.map(({ id }) => id)).toEqual(
      expect.arrayContaining(["harbor.immutable", "harbor.retention"]),
    );
    expect(harbor.log.findLastIndex(({ target }) => target.startsWith("/v2/"))).toBeLessThan(
      harbor.log.findIndex(({ method, target }) => method === "POST" && target.startsWith("/api/")),
    );
  });

  it.each([
    ["about our repositories", { projects: [{ name: "ai-infra", hard: 500_000 }] }, "{base/org/two,base/slipway/one}"],
    ["about all of a project that was made for it", { defaultLimit: 500_000 }, "**"],
  ])(
    "leaves none behind when an image could not be pushed, and the same command sets them later: %s",
    async (_what, options, pattern) => {
      const { harbor, push, onEvent } = await createWorld(options);
      onEvent((event) => {
        const there = harbor.state.projects.get("ai-infra");
        if (event.type === "finding" && event.finding.id === "harbor.quota" && there !== undefined) there.hard = 10_000;
      });
      const failed = await push({ harbor: rules });
      onEvent(() => undefined);
      const project = harbor.state.projects.get("ai-infra");
      if (project === undefined) throw new Error("the project is missing");
      project.hard = 500_000;

      expect(failed.ok).toBe(false);
      expect([...project.rules, ...harbor.state.retentions]).toEqual([]);
      expect(failed.findings).toContainEqual(
        expect.objectContaining({ id: "harbor.immutable", severity: "warning", remedy: expect.any(String) as string }),
      );

      expect((await push({ harbor: rules })).ok).toBe(true);
      expect([project.rules.length, harbor.state.retentions.length]).toEqual([1, 1]);
      for (const made of [project.rules, harbor.state.retentions]) {
        expect(JSON.stringify(made)).toContain(`"repoMatches","pattern":"${pattern}"`);
      }
    },
  );

  it("goes through again when everything is there", async () => {
    const { push } = await createWorld(there);
    await push({ harbor: rules });

    const outcome = await push({ harbor: rules });

    expect(new Set(Object.values(states(outcome)))).toEqual(new Set(["cached"]));
  });

  it("goes through again when only what refers to an image is new", async () => {
    const { harbor, push } = await createWorld(there);
    await push({ harbor: rules });
    const [first] = images;
    if (first === undefined) throw new Error("there is no image");
    const signature = syntheticImage("signature", [syntheticBytes("signature", 100)]);
    const signed = withReferrer(selectedImage(first.reference, one, [signature]), signature);

    const outcome = await push({ images: [signed] });

    expect(states(outcome)).toEqual({ "ai-infra/base/slipway/one:1": "sent" });
    expect(harbor.state.store.manifest("ai-infra/base/slipway/one", signature.root.digest)).toBeDefined();
  });

  it.each([true, false])("names a tag that a rule holds before a byte is sent (dry run: %s)", async (dryRun) => {
    const { harbor, push } = await createWorld(there);
    harbor.state.projects.get("ai-infra")?.rules.push(everyTag);
    standsForOther(harbor);

    const error = await errorOf(() => push({ dryRun }));

    expect(error.code).toBe("REGISTRY_FAILED");
    expect(error.message).toBe("a tag in ai-infra is immutable and stands for something else: base/slipway/one:1");
    expect(error.hint).toContain("push under another path or to another project");
    expect([...harbor.changes(), ...harbor.uploads()]).toEqual([]);
  });

  it("names it also to a developer, who may not see the rules", async () => {
    const users = { dev: { password: "s", roles: { "ai-infra": "developer" as const } } };
    const { harbor, push } = await createWorld({ ...there, users });
    harbor.state.projects.get("ai-infra")?.rules.push(everyTag);
    standsForOther(harbor);

    const error = await errorOf(() => push({ user: "dev", password: "s" }));

    expect(error.message).toContain("is immutable and stands for something else");
    expect(harbor.uploads()).toEqual([]);
  });

  it("is told at its image where a robot account cannot see it before", async () => {
    const rights = ["push", "project:read"];
    const robots = [{ name: "ci", secret: "s", project: "ai-infra", rights }];
    const { harbor, push } = await createWorld({ ...there, robots });
    harbor.state.projects.get("ai-infra")?.rules.push(everyTag);
    standsForOther(harbor);

    const outcome = await push({ user: "robot$ai-infra+ci", password: "s" });

    expect(outcome.findings).toContainEqual(
      expect.objectContaining({ id: "harbor.immutable-tags", severity: "warning" }),
    );
    expect(states(outcome)["ai-infra/base/slipway/one:1"]).toContain("the tag is immutable there");
    expect(states(outcome)["ai-infra/base/org/two:2"]).toBe("sent");
  });
});

describe("what a push to Harbor asks for", () => {
  const many = Array.from({ length: 13 }, (_unused, n) =>
    selectedImage(
      `docker.io/slipway/service-${n}:1`,
      syntheticImage(`service ${n}`, [base, syntheticBytes(`own ${n}`, 9000)]),
    ),
  );

  it("is one token before its project is made and one after, for all images together", async () => {
    const { harbor, push } = await createWorld();

    const outcome = await push({ images: many });

    expect(outcome.ok).toBe(true);
    expect(outcome.blobs.mounted).toBe(12);
    expect(harbor.tokens()).toHaveLength(2);
  });

  describe("for names that are too long for one request", () => {
    const place = "a-department/of-a-division/some-team/a-platform/and-one-of-its-parts/which-has-a-long-name";
    const long = Array.from({ length: 60 }, (_unused, n) =>
      selectedImage(
        `docker.io/${place}/service-${n}:1`,
        syntheticImage(`service ${n}`, [base, syntheticBytes(`own ${n}`, 300)]),
      ),
    );

    it.each([
      ["one token, which Harbor takes for all of the project", { projects: [{ name: "ai-infra" }] }, 1],
      ["one before the project is made, and one after", {}, 2],
    ])("is %s", async (_what, options, tokens) => {
      const { harbor, push } = await createWorld(options);

      const outcome = await push({ images: long });

      expect([outcome.counts.sent + outcome.counts.mounted, harbor.tokens().length]).toEqual([60, tokens]);
    });

    it("is as many as are needed where a token is good for what it names alone", async () => {
      const { harbor, push } = await createWorld({ projects: [{ name: "ai-infra" }], exactTokens: true });

      const outcome = await push({ images: long });

      expect(outcome.counts.failed).toBe(0);
      expect(harbor.tokens().length).toBeGreaterThan(2);
      // One more for the mounts from one group into another.
      expect(harbor.tokens().length).toBeLessThan(10);
      const refused = harbor.log.filter(({ authorization, status }) => authorization === "Bearer" && status === 401);
      expect(refused.length).toBeLessThan(10);
    });
  });

  it("is one token where the project is there, and one for a push that is there already", async () => {
    const { harbor, push } = await createWorld({ projects: [{ name: "ai-infra" }] });

    await push({ images: many });
    const first = harbor.tokens().length;
    const again = await push({ images: many });

    expect(first).toBe(1);
    expect(again.counts.cached).toBe(13);
    expect(harbor.tokens()).toHaveLength(2);
  });

  it("is one token to look, of a user whose password costs half a second wherever it is shown", async () => {
    const { harbor, push } = await createWorld({ projects: [{ name: "ai-infra" }], passwordMs: 500 });

    const outcome = await push({ images: many, dryRun: true });

    expect(outcome.counts.planned).toBe(13);
    expect(harbor.tokens()).toHaveLength(1);
  });

  const times = (count: number, entry: string) => Array.from({ length: count }, () => entry);
  const dev = { password: "s", roles: { "ai-infra": "developer" as const } };
  const existing = ["token", "systeminfo", "projects/ai-infra", "projects/ai-infra/summary"];

  it.each([
    ["a developer", { projects: [{ name: "ai-infra" }], users: { dev } }, { user: "dev", password: "s" }, existing],
    ["an administrator", { projects: [{ name: "ai-infra" }] }, {}, existing],
    [
      "an administrator, who gets a new project",
      {},
      {},
      [
        ...times(2, "token"),
        ...["systeminfo", "projects/ai-infra", "users/current", "projects", "projects/ai-infra/summary"],
      ],
    ],
    [
      "a user, who gets a new project where everybody may make one",
      { projectCreation: "everyone", users: { dev: { password: "s" } } },
      { user: "dev", password: "s" },
      [
        ...times(2, "token"),
        ...["systeminfo", "projects/ai-infra", "projects", "projects", "projects/ai-infra/summary"],
      ],
    ],
  ] as const)("shows the password as seldom as it goes: %s", async (_who, options, who, shown) => {
    const { harbor, push } = await createWorld(options);

    expect((await push({ images: many, ...who })).ok).toBe(true);

    const paths = harbor
      .passwords()
      .map(({ target }) => target.split("?", 1)[0]?.replace(/^\/(api\/v2\.0|service)\//, ""));
    expect(paths.toSorted()).toEqual([...shown].toSorted());
  });

  it("is one question about the rules for all tags that move, where there is none", async () => {
    const { harbor, push } = await createWorld({ projects: [{ name: "ai-infra" }] });
    for (const n of many.keys()) {
      harbor.state.store.addManifest(`ai-infra/base/slipway/service-${n}`, Buffer.from("{}"), "application/json", "1");
    }

    expect((await push({ images: many })).counts.failed).toBe(0);

    const asked = harbor.log.filter(
      ({ target }) => /immutabletagrules|\/tags\?/.test(target) && target.startsWith("/api/"),
    );
    expect(asked.map(({ target }) => target.split("?", 1)[0])).toEqual([
      "/api/v2.0/projects/ai-infra/immutabletagrules",
    ]);
  });

  it.each([
    ["in a project that is not there", {}],
    ["in a private project", { projects: [{ name: "ai-infra" }] }],
    ["in a public project", { projects: [{ name: "ai-infra", public: true }] }],
  ])("shows a wrong password once, %s", async (_where, options) => {
    const { harbor, push } = await createWorld(options);

    const error = await errorOf(() => push({ images: many, password: "hunter2" }));

    expect(error.message).toContain("does not accept the user admin");
    expect(harbor.passwords()).toHaveLength(1);
    expect([...harbor.changes(), ...harbor.uploads()]).toEqual([]);
  });

  it("shows a wrong password once in a dry run, also where everybody may read", async () => {
    const { harbor, push } = await createWorld({ projects: [{ name: "ai-infra", public: true }] });

    const error = await errorOf(() => push({ images: many, password: "hunter2", dryRun: true }));

    expect(error.message).toContain("does not accept the user admin");
    expect(harbor.passwords()).toHaveLength(1);
  });
});

describe("a push of images whose layers another repository of the project has", () => {
  const large = syntheticBytes("large", 9 * 1024 * 1024);
  const image = selectedImage(
    "docker.io/slipway/large:1",
    syntheticImage("large", [large, syntheticBytes("own", 500)]),
  );

  it.each([
    ["is not limited", {}],
    ["is just large enough", { hard: 10 * 1024 * 1024 }],
  ])("mounts the large ones from there: the project %s", async (_what, limit) => {
    const { harbor, push } = await createWorld({ projects: [{ name: "ai-infra", ...limit }] });
    await push({ images: [image], to: "/ai-infra/first" });
    const planned = await push({ images: [image], to: "/ai-infra/second", dryRun: true });

    const outcome = await push({ images: [image], to: "/ai-infra/second" });

    expect(outcome.ok).toBe(true);
    expect(outcome.blobs.mounted).toBeGreaterThan(0);
    expect(outcome.bytes.sent).toBeLessThan(10_000);
    expect(planned.bytes.sent).toBeLessThan(10_000);
    expect(harbor.state.store.manifest("ai-infra/second/slipway/large", "1")).toBeDefined();
  });

  it("sends them where a robot account may not list the repositories", async () => {
    const robots = [{ name: "ci", secret: "s", project: "ai-infra", rights: ["push", "project:read"] }];
    const { push } = await createWorld({ projects: [{ name: "ai-infra" }], robots });
    await push({ images: [image], to: "/ai-infra/first" });

    const outcome = await push({ images: [image], to: "/ai-infra/second", user: "robot$ai-infra+ci", password: "s" });

    expect([outcome.ok, outcome.bytes.sent > large.length]).toEqual([true, true]);
  });
});

describe("a push of one image that turns out damaged", () => {
  const whole = selectedImage("docker.io/slipway/one:1", one);
  const damaged = (kind: "a layer" | "the manifest"): SelectedImage => {
    const digest = kind === "a layer" ? one.blobs.at(-1)?.descriptor.digest : one.root.digest;
    const open: typeof whole.source.content.open = async (descriptor) =>
      descriptor.digest === digest
        ? Readable.from([Buffer.alloc(descriptor.size)])
        : whole.source.content.open(descriptor);
    return { ...whole, source: { ...whole.source, content: { open } } };
  };

  it.each(["a layer", "the manifest"] as const)("leaves no empty project behind: %s", async (kind) => {
    const { harbor, push } = await createWorld();

    const failed = await push({ images: [damaged(kind)] });

    expect(failed.images[0]?.error?.code).toBe("BUNDLE_INVALID");
    expect(harbor.state.projects.has("ai-infra")).toBe(false);
    expect((await push({ images: [whole] })).ok).toBe(true);
  });

  it("keeps a project that was there before, that has another image, or that has a robot account", async () => {
    const there = await createWorld({ projects: [{ name: "ai-infra" }] });
    await there.push({ images: [damaged("a layer")] });
    const shared = await createWorld();
    await shared.push({ images: [damaged("a layer"), selectedImage("quay.io/org/two:2", two)] });
    const account = await createWorld();
    const file = join(account.folder, "robot", "config.json");
    await account.push({
      images: [damaged("a layer")],
      harbor: { immutable: false, robot: { name: "install", file } },
    });

    for (const { harbor } of [there, shared, account]) expect(harbor.state.projects.has("ai-infra")).toBe(true);
  });

  it("says that a project stays empty which may not be removed", async () => {
    const { harbor, push } = await createWorld({
      apiFault: { method: "DELETE", path: /\/projects\/ai-infra$/, status: 403 },
    });

    const failed = await push({ images: [damaged("a layer")] });

    expect(failed.findings).toContainEqual(
      expect.objectContaining({
        severity: "warning",
        message: expect.stringContaining("the project ai-infra was made and stays empty") as string,
      }),
    );
    expect(harbor.state.projects.has("ai-infra")).toBe(true);
  });
});

describe("a push that Harbor cannot take", () => {
  it("is refused by the quota before anything is sent", async () => {
    const { harbor, push } = await createWorld({ projects: [{ name: "ai-infra", hard: 50_000 }] });

    const error = await errorOf(() => push());

    expect(error.code).toBe("REGISTRY_FAILED");
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

    expect(error.message).toContain("the project ai-infra is not there, and dev may not make it");
    expect(error.code).toBe("REGISTRY_FAILED");
  });

  it("is told that a guest may not push", async () => {
    const users = { guest: { password: "guest", roles: { "ai-infra": "guest" as const } } };
    const { harbor, push } = await createWorld({ users, projects: [{ name: "ai-infra" }] });

    const error = await errorOf(() => push({ user: "guest", password: "guest" }));

    expect(error.message).toBe("guest may not push to the project ai-infra: only a guest there");
    expect(error.hint).toContain("developer or higher in ai-infra");
    expect(harbor.uploads()).toEqual([]);
  });

  it.each([
    ["pulls only", "ai-infra", ["pull"], false],
    ["pulls only, from a public project", "ai-infra", ["pull"], true],
    ["belongs to another project", "other", ["push"], false],
    ["belongs to another project, and all may pull", "other", ["push"], true],
  ])("is told that a robot account that %s may not push, in a dry run, too", async (_what, own, rights, open) => {
    const robots = [{ name: "ci", secret: "s", project: own, rights }];
    const { harbor, push } = await createWorld({
      robots,
      projects: [{ name: "ai-infra", public: open }, { name: "other" }],
    });
    const user = `robot$${own}+ci`;

    for (const dryRun of [true, false]) {
      const error = await errorOf(() => push({ user, password: "s", dryRun }));

      expect(error.message).toMatch(new RegExp(`^robot\\$${own}\\+ci may not push to the project ai-infra`));
      expect(error.hint).toContain("the right to push in ai-infra");
      expect(error.code).toBe("REGISTRY_FAILED");
    }
    expect(harbor.uploads()).toEqual([]);
  });

  it("is told each thing once", async () => {
    const { push, onEvent } = await createWorld({ projects: [{ name: "ai-infra", public: true, hard: 50_000 }] });
    const told: string[] = [];
    onEvent((event) => {
      if (event.type === "finding") told.push(event.finding.id);
    });

    const error = await errorOf(() => push());

    expect(told).toEqual([...new Set(told)]);
    expect(told).toContain("harbor.public");
    expect(error.details).toEqual([]);
  });

  describe("whose token service", () => {
    it.each([
      ["fails", { status: 503 }, "the token service keeps failing (503)", "look at the logs of Harbor's core service"],
      [
        "is on http behind https",
        { origin: "http://harbor.corp.example" },
        "sends passwords in the clear",
        "on Harbor that is external_url in harbor.yml",
      ],
    ])("%s makes no project that would stay empty", async (_what, tokenFault, message, hint) => {
      const { harbor, push } = await createWorld({ tokenFault });

      const error = await errorOf(() => push({ plainHttp: false }));

      expect(error.message).toContain(message);
      expect(error.hint).toContain(hint);
      expect(error.details.join(" ")).toContain("the project ai-infra is not there, and was not made");
      expect(harbor.changes()).toEqual([]);
      expect(harbor.state.projects.has("ai-infra")).toBe(false);
    });

    it("fails is asked twice, as the password may be wrong, and not for each image", async () => {
      const { harbor, push } = await createWorld({
        projects: [{ name: "ai-infra" }],
        tokenFault: { status: 503 },
      });

      const error = await errorOf(() => push());

      expect(error.message).toBe(`the token of ${harbor.host}: the token service keeps failing (503)`);
      expect(harbor.tokens()).toHaveLength(2);
    });
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
