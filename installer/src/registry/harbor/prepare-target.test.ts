import { afterEach, describe, expect, it } from "vitest";
import {
  adminPassword,
  createFakeHarbor,
  type FakeHarborOptions,
} from "../../../test/stand-ins/harbor/create-fake-harbor.ts";
import { createMemoryFileSystem, createSeededRandom, createStillClock } from "../../../test/support/memory-ports.ts";
import { createTestRegistry } from "../../../test/stand-ins/registry/create-test-registry.ts";
import type { FaultRule } from "../../../test/stand-ins/registry/faults.ts";
import { syntheticBytes } from "../../../test/stand-ins/registry/synthetic-image.ts";
import { InstallerError } from "../../errors/installer-error.ts";
import { mediaTypes } from "../../oci/descriptor.ts";
import { digestOf } from "../../oci/digest.ts";
import { parseTarget } from "../../oci/path-rules.ts";
import { createHttp } from "../../platform/http-client.ts";
import type { Credentials } from "../credentials.ts";
import { buildPushPlan } from "../push/build-push-plan.ts";
import type { PlannedImage, PushPlan } from "../push/push-plan.ts";
import { plainTarget } from "../push/push-target.ts";
import { prepareTarget } from "./prepare-target.ts";
import { type HarborOptions, noHarborOptions } from "./harbor-options.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const { signal } = new AbortController();
const repositories = ["ai-infra/slipway/postgres", "ai-infra/library/redis"];
const robot = { name: "pull", file: "/home/me/pull/config.json" };

interface Setup {
  readonly harbor?: FakeHarborOptions;
  readonly path?: string;
  readonly user?: string;
  readonly password?: string;
  readonly credentials?: Credentials | undefined;
  readonly options?: HarborOptions;
  readonly files?: Readonly<Record<string, string>>;
}

async function setUp(setup: Setup = {}) {
  const harbor = await createFakeHarbor(setup.harbor);
  const http = createHttp({ connections: 4, environment: {} });
  closers.push(
    () => harbor.close(),
    () => http.close(),
  );
  const fs = createMemoryFileSystem(setup.files);
  const { user = "admin", password = adminPassword } = setup;
  const found = "credentials" in setup ? setup.credentials : ({ kind: "password", username: user, password } as const);
  const open = (options: HarborOptions = setup.options ?? noHarborOptions) =>
    prepareTarget({
      target: parseTarget(`${harbor.host}${setup.path ?? "/ai-infra"}`),
      http,
      fs,
      clock: createStillClock(),
      random: createSeededRandom(),
      credentials: { find: () => Promise.resolve(found) },
      options,
      signal,
    });
  return { harbor, fs, open };
}

/** Two images of `size` bytes each, half of which they share. */
function planOf(host: string, size: number): PushPlan {
  const layer = (text: string) => {
    const bytes = syntheticBytes(text, size / 2);
    return { mediaType: mediaTypes.ociLayer, digest: digestOf(bytes), size: bytes.length };
  };
  const images = repositories.map((repository): PlannedImage => {
    const config = { mediaType: mediaTypes.ociConfig, digest: digestOf(repository), size: 0 };
    const manifest = {
      kind: "image",
      mediaType: mediaTypes.ociManifest,
      config,
      layers: [layer("shared"), layer(repository)],
    } as const;
    const bytes = Buffer.from(JSON.stringify(manifest));
    const descriptor = { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), size: bytes.length };
    const reference = `${host}/${repository}:1`;
    const root = { descriptor, bytes, manifest };
    return {
      source: reference,
      target: reference,
      repository,
      tag: "1",
      root: descriptor,
      manifests: [root],
      referrers: [],
    };
  });
  return buildPushPlan(host, images);
}

async function prepareBoth(setup: Setup, size = 1000, dryRun = false) {
  const { harbor, fs, open } = await setUp(setup);
  const preparation = await open();
  const opened = await preparation.open?.(repositories, { dryRun, signal });
  const findings = await preparation.prepare(planOf(harbor.host, size), { dryRun, signal });
  return { harbor, fs, opened, findings: [...(opened?.findings ?? []), ...findings] };
}

async function errorOf(run: () => Promise<unknown>): Promise<InstallerError> {
  try {
    await run();
  } catch (error) {
    if (error instanceof InstallerError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

const failures = (findings: readonly { readonly severity: string; readonly id: string }[]) =>
  findings.filter(({ severity }) => severity === "failure").map(({ id }) => id);
const messageOf = (findings: readonly { readonly id: string; readonly message: string }[], id: string) =>
  findings.find((finding) => finding.id === id)?.message;

describe("a target that is a Harbor", () => {
  it("needs a project in --to, and the error writes it", async () => {
    const { open } = await setUp({ path: "" });

    const error = await errorOf(open);

    expect(error.code).toBe("USAGE");
    expect(error.hint).toMatch(/^write --to 127\.0\.0\.1:\d+\/<project>/);
  });

  it("does not take a project that Harbor cannot have", async () => {
    const { open } = await setUp({ path: "/ai--infra" });

    expect((await errorOf(open)).message).toContain('the project "ai--infra", which Harbor does not take');
  });

  it("is recognised without a password being shown to it", async () => {
    const { harbor, open } = await setUp();

    await open();

    expect(harbor.log.map(({ method, target, authorization }) => [method, target, authorization])).toEqual([
      ["GET", "/api/v2.0/systeminfo", undefined],
    ]);
  });

  it("gets its missing project, private", async () => {
    const { harbor, findings, opened } = await prepareBoth({});

    expect(harbor.state.projects.get("ai-infra")).toMatchObject({ public: false, hard: -1 });
    expect(messageOf(findings, "harbor.project")).toBe("the project ai-infra was made, private");
    expect(opened?.absent).toEqual(repositories);
    expect(failures(findings)).toEqual([]);
  });

  it("is only looked at in a dry run, which tells what would be made", async () => {
    const options = { immutable: true, retain: 3, robot, storageLimit: 10_000_000 };
    const { harbor, fs, findings } = await prepareBoth({ options }, 1000, true);

    expect(harbor.changes()).toEqual([]);
    expect(fs.operations).toEqual([]);
    expect(findings.map(({ message }) => message).filter((message) => message.includes("would be"))).toEqual([
      "the project ai-infra would be made, private",
      "the robot account pull would be made, to pull from ai-infra",
      "the tags in ai-infra would be made immutable",
      "the last 3 pushes of each repository in ai-infra would be kept, older ones removed",
    ]);
  });

  it("keeps a storage limit that was given for new projects", async () => {
    const { harbor } = await prepareBoth({ options: { immutable: false, storageLimit: 5_000_000 } });

    expect(harbor.state.projects.get("ai-infra")?.hard).toBe(5_000_000);
  });

  it("is left alone when the project is there", async () => {
    const { harbor, opened } = await prepareBoth({ harbor: { projects: [{ name: "ai-infra" }] } });

    expect(harbor.changes()).toEqual([]);
    expect(opened?.absent).toEqual([]);
  });

  it("may have a project whose name is a number", async () => {
    const { harbor, open } = await setUp({ path: "/1", harbor: { projects: [{ name: "x" }] } });

    const preparation = await open();
    await preparation.open?.(["1/redis"], { dryRun: false, signal });

    expect([...harbor.state.projects.keys()]).toContain("1");
  });
});

describe("who may push to a Harbor", () => {
  it.each([
    ["a wrong password", { password: "wrong" }, "does not know admin by this password"],
    ["an unknown user", { user: "nobody" }, "does not know nobody by this password"],
    ["no password", { credentials: undefined }, "takes pushes only from users it knows"],
    [
      "a token of docker login",
      { credentials: { kind: "identity-token", token: "t" } as const },
      "only from users it knows",
    ],
  ])("refuses %s before anything is made", async (_what, setup, message) => {
    const { harbor, open } = await setUp(setup);
    const preparation = await open();

    const error = await errorOf(async () => preparation.open?.(repositories, { dryRun: false, signal }));

    expect(error.code).toBe("REGISTRY_FAILED");
    expect(error.message).toContain(message);
    expect(harbor.changes()).toEqual([]);
  });

  it("says who can make a project when the user cannot", async () => {
    const { open } = await setUp({ user: "dev", password: "dev", harbor: { users: { dev: { password: "dev" } } } });
    const preparation = await open();

    const error = await errorOf(async () => preparation.open?.(repositories, { dryRun: false, signal }));

    expect(error.message).toContain("making the project ai-infra");
    expect(error.message).toContain("dev may not do this (403)");
    expect(error.hint).toContain("an administrator of Harbor");
  });

  it("says that a project is there which the user is no member of", async () => {
    const users = { dev: { password: "dev" } };
    const { open } = await setUp({ user: "dev", password: "dev", harbor: { users, projects: [{ name: "ai-infra" }] } });
    const preparation = await open();

    const error = await errorOf(async () => preparation.open?.(repositories, { dryRun: false, signal }));

    expect(error.message).toContain("looking at the project ai-infra");
    expect(error.hint).toBe("it takes a member of ai-infra");
  });

  it("lets everyone make projects where Harbor is set so", async () => {
    const users = { dev: { password: "dev" } };
    const { harbor, findings } = await prepareBoth({
      user: "dev",
      password: "dev",
      harbor: { users, projectCreation: "everyone" },
    });

    expect(failures(findings)).toEqual([]);
    expect(harbor.state.projects.has("ai-infra")).toBe(true);
  });

  it("warns of the password of the documentation", async () => {
    const users = { admin: { password: "Harbor12345", admin: true } };
    const { findings } = await prepareBoth({ password: "Harbor12345", harbor: { users } });

    expect(findings).toContainEqual(expect.objectContaining({ id: "harbor.password", severity: "warning" }));
    expect(JSON.stringify(findings)).not.toContain("Harbor12345");
  });
});

describe("a Harbor that cannot take a push", () => {
  it("in read-only mode is told so, and no project is made", async () => {
    const { harbor, findings } = await prepareBoth({ harbor: { readOnly: true } });

    expect(failures(findings)).toEqual(["harbor.read-only"]);
    expect(messageOf(findings, "harbor.read-only")).toContain("read-only mode: nothing can be pushed");
    expect(harbor.changes()).toEqual([]);
  });

  it("has a proxy cache for a project", async () => {
    const { findings } = await prepareBoth({ harbor: { projects: [{ name: "ai-infra", registryId: 7 }] } });

    expect(failures(findings)).toEqual(["harbor.proxy-cache"]);
    expect(messageOf(findings, "harbor.proxy-cache")).toContain("takes no pushes");
  });

  it("has a public project: that is a warning", async () => {
    const { findings } = await prepareBoth({ harbor: { projects: [{ name: "ai-infra", public: true }] } });

    expect(failures(findings)).toEqual([]);
    expect(messageOf(findings, "harbor.public")).toContain("everybody who reaches Harbor can pull");
  });
});

describe("the quota of a project", () => {
  const small = { projects: [{ name: "ai-infra", hard: 100_000 }] };

  it("is checked by logical size, before a byte is sent", async () => {
    // Three layers of 40 000 bytes: one is shared, and so counted once.
    const { harbor, findings } = await prepareBoth({ harbor: small }, 80_000);

    expect(failures(findings)).toEqual(["harbor.quota"]);
    expect(messageOf(findings, "harbor.quota")).toMatch(
      /needs 118 KiB more, but of its quota of 97\.7 KiB only 97\.7 KiB are free/,
    );
    expect(harbor.uploads()).toEqual([]);
  });

  it("sets nothing up for a push that will not happen", async () => {
    const options = { immutable: true, retain: 3, robot };
    const { harbor, fs } = await prepareBoth({ harbor: small, options }, 80_000);

    expect(harbor.changes()).toEqual([]);
    expect(fs.operations).toEqual([]);
  });

  it("is enough where it is", async () => {
    const { harbor, findings } = await prepareBoth({ harbor: small }, 40_000);

    expect(failures(findings)).toEqual([]);
    expect(harbor.log.filter(({ target }) => target.startsWith("/v2/"))).toEqual([]);
  });

  it("does not count what is there from a push that was broken off", async () => {
    const { harbor, open } = await setUp({ harbor: small });
    harbor.state.store.addBlob(repositories[0] ?? "", syntheticBytes("shared", 40_000));
    const preparation = await open();
    await preparation.open?.(repositories, { dryRun: false, signal });

    const findings = await preparation.prepare(planOf(harbor.host, 80_000), { dryRun: false, signal });

    // 60 000 are free; 80 000 and the manifests are missing.
    expect(messageOf(findings, "harbor.quota")).toMatch(/needs 7[89]\.\d KiB more/);
  });

  it("of a new project counts from the limit that was given, also in a dry run", async () => {
    const options = { immutable: false, storageLimit: 50_000 };
    const { findings } = await prepareBoth({ options }, 80_000, true);

    expect(failures(findings)).toEqual(["harbor.quota"]);
  });

  it("that the user may not see is a warning", async () => {
    const users = { dev: { password: "dev", roles: { "ai-infra": "developer" as const } } };
    const { findings } = await prepareBoth({ user: "dev", password: "dev", harbor: { ...small, users } }, 80_000);

    expect(findings).toContainEqual(expect.objectContaining({ id: "harbor.quota", severity: "warning" }));
  });

  it("is none where quotas are switched off", async () => {
    const { findings } = await prepareBoth({ harbor: { ...small, quotasOn: false } }, 80_000);

    expect(messageOf(findings, "harbor.quota")).toBe("the project ai-infra has no quota");
  });
});

describe("rules about tags", () => {
  it("are about the whole of a project that is new", async () => {
    const { harbor } = await prepareBoth({ options: { immutable: true, retain: 3 } });

    const [rule] = harbor.state.projects.get("ai-infra")?.rules ?? [];
    expect(JSON.stringify(rule)).toContain('"decoration":"repoMatches","pattern":"**"');
    expect(JSON.stringify(harbor.state.retentions)).toContain('"latestPushedK":3');
  });

  it("are about our repositories only where others may have theirs", async () => {
    const options = { immutable: true, retain: 3 };
    const { harbor } = await prepareBoth({ options, harbor: { projects: [{ name: "ai-infra" }] } });

    const pattern = '"pattern":"{library/redis,slipway/postgres}"';
    expect(JSON.stringify(harbor.state.projects.get("ai-infra")?.rules)).toContain(pattern);
    expect(JSON.stringify(harbor.state.retentions)).toContain(pattern);
  });

  it("are not made twice", async () => {
    const { harbor, open } = await setUp({ options: { immutable: true, retain: 3 } });
    for (let round = 0; round < 2; round += 1) {
      const preparation = await open();
      await preparation.open?.(repositories, { dryRun: false, signal });
      await preparation.prepare(planOf(harbor.host, 1000), { dryRun: false, signal });
    }

    expect(harbor.state.projects.get("ai-infra")?.rules).toHaveLength(1);
    expect(harbor.state.retentions).toHaveLength(1);
  });

  it("leave a retention policy that is there as it is, and say so", async () => {
    const options = { immutable: false, retain: 3 };
    const { findings } = await prepareBoth({ options, harbor: { projects: [{ name: "ai-infra", retentionId: 99 }] } });

    expect(findings).toContainEqual(expect.objectContaining({ id: "harbor.retention", severity: "warning" }));
  });
});

describe("the robot account of an install", () => {
  const options = { immutable: false, robot };

  it("may pull and nothing else, and its secret is in a file for its owner alone", async () => {
    const { harbor, fs, findings } = await prepareBoth({ options });

    const [made] = harbor.state.robots;
    expect([...(made?.rights ?? [])]).toEqual(["pull ai-infra"]);
    expect(fs.files.get(robot.file)?.mode).toBe(0o600);
    const config = JSON.parse(await fs.readText(robot.file)) as { auths: Record<string, { auth: string }> };
    const auth = Buffer.from(config.auths[harbor.host]?.auth ?? "", "base64").toString();
    expect(auth).toBe(`robot$ai-infra+pull:${made?.secret ?? "?"}`);
    expect(JSON.stringify(findings)).not.toContain(made?.secret);
    expect(messageOf(findings, "harbor.robot")).toContain(robot.file);
  });

  it("is kept by a second push that finds its file", async () => {
    const { harbor, open, fs } = await setUp({ options });
    for (let round = 0; round < 2; round += 1) {
      const preparation = await open();
      await preparation.open?.(repositories, { dryRun: false, signal });
      const findings = await preparation.prepare(planOf(harbor.host, 1000), { dryRun: false, signal });
      expect(failures(findings)).toEqual([]);
    }

    expect(harbor.state.robots).toHaveLength(1);
    expect(fs.operations).toEqual([`write ${robot.file}`]);
  });

  it("is not replaced when another has its name, of which the secret is not here", async () => {
    const { harbor, fs, open } = await setUp({ options });
    for (const round of [1, 2]) {
      const preparation = await open();
      await preparation.open?.(repositories, { dryRun: false, signal });
      const findings = await preparation.prepare(planOf(harbor.host, 1000), { dryRun: false, signal });
      expect(failures(findings)).toEqual(round === 1 ? [] : ["harbor.robot"]);
      fs.files.clear();
    }

    expect(harbor.state.robots).toHaveLength(1);
  });

  it.each([
    ["a login of docker", '{"auths":{"other.example":{"auth":"eDp5"}}}'],
    ["a login of a person", '{"auths":{"HOST":{"auth":"bWU6c2VjcmV0"}}}'],
    ["something else", "not json: hunter2"],
  ])("does not overwrite a file with %s", async (_what, text) => {
    const { harbor, fs, open } = await setUp({ options });
    await fs.writeAtomic(robot.file, text.replace("HOST", harbor.host));
    const preparation = await open();
    await preparation.open?.(repositories, { dryRun: false, signal });

    const error = await errorOf(() => preparation.prepare(planOf(harbor.host, 1000), { dryRun: false, signal }));

    expect(error.message).toContain("is not a file this command wrote");
    expect(error.message).not.toContain("hunter2");
    expect(harbor.state.robots).toEqual([]);
    expect(await fs.readText(robot.file)).toBe(text.replace("HOST", harbor.host));
  });

  it("is removed again when its secret cannot be stored", async () => {
    const { harbor, fs, open } = await setUp({ options });
    const preparation = await open();
    await preparation.open?.(repositories, { dryRun: false, signal });
    fs.writeAtomic = () => Promise.reject(new Error("no space left"));

    await expect(preparation.prepare(planOf(harbor.host, 1000), { dryRun: false, signal })).rejects.toThrow(
      "no space left",
    );

    expect(harbor.state.robots).toEqual([]);
  });

  it("is found among more robot accounts than a page has", async () => {
    const { harbor, open } = await setUp({ options, harbor: { projects: [{ name: "ai-infra" }] } });
    const projectId = harbor.state.projects.get("ai-infra")?.id ?? 0;
    const names = [...Array.from({ length: 230 }, (_, index) => `r${index}`), "pull"];
    for (const name of names) {
      const full = `robot$ai-infra+${name}`;
      const common = { level: "project", projectId, disable: false, expiresAt: -1, rights: new Set<string>() } as const;
      harbor.state.robots.push({ ...common, id: harbor.state.nextId(), name: full, secret: "s" });
    }
    const preparation = await open();
    await preparation.open?.(repositories, { dryRun: false, signal });

    const findings = await preparation.prepare(planOf(harbor.host, 1000), { dryRun: false, signal });

    expect(failures(findings)).toEqual(["harbor.robot"]);
    expect(
      harbor.log.filter(({ target }) => target.includes("/robots?")).map(({ target }) => /page=(\d)/.exec(target)?.[1]),
    ).toEqual(["1", "2", "3"]);
  });

  it("needs a project administrator, and the error says so", async () => {
    const users = { dev: { password: "dev", roles: { "ai-infra": "maintainer" as const } } };
    const { harbor, open } = await setUp({
      options,
      user: "dev",
      password: "dev",
      harbor: { users, projects: [{ name: "ai-infra" }] },
    });
    const preparation = await open();
    await preparation.open?.(repositories, { dryRun: false, signal });

    const error = await errorOf(() => preparation.prepare(planOf(harbor.host, 1000), { dryRun: false, signal }));

    expect(error.hint).toBe("it takes a project administrator of ai-infra");
  });
});

describe("a target that is no Harbor", () => {
  async function openPlain(options: HarborOptions, fault?: FaultRule) {
    const registry = await createTestRegistry();
    const http = createHttp({ connections: 4, environment: {} });
    closers.push(
      () => registry.close(),
      () => http.close(),
    );
    if (fault !== undefined) registry.inject(fault);
    return prepareTarget({
      target: parseTarget(registry.host),
      http,
      fs: createMemoryFileSystem(),
      clock: createStillClock(),
      random: createSeededRandom(),
      credentials: { find: () => Promise.reject(new Error("no password is needed to find out")) },
      options,
      signal,
    });
  }

  it("needs no project and nothing else", async () => {
    const preparation = await openPlain(noHarborOptions);

    expect(await preparation.prepare(planOf("x", 10), { dryRun: false, signal })).toEqual([]);
  });

  it.each([
    ["answers every path with a page", { fault: { kind: "html" as const } }],
    ["asks for a token on every path", { fault: { kind: "status" as const, status: 401 } }],
    ["fails on paths it does not know", { fault: { kind: "status" as const, status: 500 } }],
    [
      "has JSON there that is not Harbor's",
      {
        fault: {
          kind: "status" as const,
          status: 200,
          headers: { "content-type": "application/json" },
          body: '{"version":"1"}',
        },
      },
    ],
  ])("is plain also when it %s", async (_what, fault) => {
    const preparation = await openPlain(noHarborOptions, { path: /api/, ...fault });

    expect(preparation).toBe(plainTarget);
  });

  it("refuses flags that mean nothing there", async () => {
    const error = await errorOf(() => openPlain({ immutable: true, retain: 2, robot }));

    expect(error.code).toBe("USAGE");
    expect(error.message).toMatch(
      /is no Harbor, so --harbor-immutable and --harbor-retain and --harbor-robot mean nothing there/,
    );
  });
});
