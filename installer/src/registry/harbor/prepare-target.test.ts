import { describe, expect, it } from "vitest";
import { createMemoryFileSystem, createSeededRandom, createStillClock } from "../../../test/support/memory-ports.ts";
import { createTestRegistry } from "../../../test/stand-ins/registry/create-test-registry.ts";
import type { FaultRule } from "../../../test/stand-ins/registry/faults.ts";
import { parseTarget } from "../../oci/path-rules.ts";
import { createHttp } from "../../platform/http-client.ts";
import { plainTarget } from "../push/push-target.ts";
import { prepareTarget } from "./prepare-target.ts";
import { type HarborOptions, noHarborOptions } from "./harbor-options.ts";
import {
  closers,
  signal,
  repositories,
  robot,
  setUp,
  planOf,
  prepareAll,
  failures,
  messageOf,
  closeHarbors,
} from "./testing/harbor-world.ts";
import { errorOf } from "../../../test/support/error-of.ts";

closeHarbors();

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
    const { harbor, findings, opened } = await prepareAll({});

    expect(harbor.state.projects.get("ai-infra")).toMatchObject({ public: false, hard: -1 });
    expect(messageOf(findings, "harbor.project")).toBe("the project ai-infra was made, private");
    expect(opened?.absent).toEqual(repositories);
    expect(failures(findings)).toEqual([]);
  });

  it("that somebody else makes at the same time is not taken for new", async () => {
    const users = { dev: { password: "dev", roles: { "ai-infra": "maintainer" as const } } };
    const { harbor, open } = await setUp({
      user: "dev",
      password: "dev",
      options: { immutable: true },
      harbor: { users, projectCreation: "everyone" },
    });
    const preparation = await open();
    await preparation.open?.(repositories, { dryRun: false, signal });
    harbor.state.projects.set("ai-infra", {
      id: 77,
      name: "ai-infra",
      public: true,
      registryId: 0,
      hard: -1,
      rules: [],
    });

    const findings = await preparation.prepare(planOf(harbor.host, 1000), { dryRun: false, signal });
    await preparation.finish?.("complete", signal);

    expect(failures(findings)).toEqual([]);
    expect(messageOf(findings, "harbor.project")).toBeUndefined();
    expect(messageOf(findings, "harbor.public")).toContain("is public");
    expect(JSON.stringify(harbor.state.projects.get("ai-infra")?.rules)).toContain(
      '"{library/redis,slipway/postgres}"',
    );
  });

  it("that somebody else makes at the same time, for others, is refused", async () => {
    const { harbor, open } = await setUp({
      user: "dev",
      password: "dev",
      harbor: { users: { dev: { password: "dev" } }, projectCreation: "everyone" },
    });
    const preparation = await open();
    await preparation.open?.(repositories, { dryRun: false, signal });
    harbor.state.projects.set("ai-infra", {
      id: 77,
      name: "ai-infra",
      public: false,
      registryId: 0,
      hard: -1,
      rules: [],
    });

    const error = await errorOf(() => preparation.prepare(planOf(harbor.host, 1000), { dryRun: false, signal }));

    expect(error.hint).toMatch(/^it takes a member of ai-infra/);
  });

  it("is only looked at in a dry run, which tells what would be made", async () => {
    const options = { immutable: true, retain: 3, robot, storageLimit: 10_000_000 };
    const { harbor, fs, findings } = await prepareAll({ options }, 1000, true);

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
    const { harbor } = await prepareAll({ options: { immutable: false, storageLimit: 5_000_000 } });

    expect(harbor.state.projects.get("ai-infra")?.hard).toBe(5_000_000);
  });

  it("is left alone when the project is there", async () => {
    const { harbor, opened } = await prepareAll({ harbor: { projects: [{ name: "ai-infra" }] } });

    expect(harbor.changes()).toEqual([]);
    expect(opened?.absent).toEqual([]);
  });

  it("may have a project whose name is a number", async () => {
    const { harbor, open } = await setUp({ path: "/1", harbor: { projects: [{ name: "x" }] } });

    const preparation = await open();
    await preparation.open?.(["1/redis"], { dryRun: false, signal });
    await preparation.prepare(planOf(harbor.host, 1000), { dryRun: false, signal });

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
    const harbor = { users: { dev: { password: "dev" } } };
    const { findings } = await prepareAll({ user: "dev", password: "dev", harbor });

    expect(failures(findings)).toEqual(["harbor.project"]);
    expect(messageOf(findings, "harbor.project")).toBe(
      "the project ai-infra is not there, and dev may not make it: only administrators may make projects there",
    );
  });

  it("says that a project is there which the user is not a member of", async () => {
    const users = { dev: { password: "dev" } };
    const { open } = await setUp({ user: "dev", password: "dev", harbor: { users, projects: [{ name: "ai-infra" }] } });
    const preparation = await open();

    const error = await errorOf(async () => preparation.open?.(repositories, { dryRun: false, signal }));

    expect(error.message).toContain("looking at the project ai-infra");
    expect(error.hint).toMatch(/^it takes a member of ai-infra/);
  });

  it("lets everyone make projects where Harbor is set so", async () => {
    const users = { dev: { password: "dev" } };
    const { harbor, findings } = await prepareAll({
      user: "dev",
      password: "dev",
      harbor: { users, projectCreation: "everyone" },
    });

    expect(failures(findings)).toEqual([]);
    expect(harbor.state.projects.has("ai-infra")).toBe(true);
  });

  it("warns of the password of the documentation", async () => {
    const users = { admin: { password: "Harbor12345", admin: true } };
    const { findings } = await prepareAll({ password: "Harbor12345", harbor: { users } });

    expect(findings).toContainEqual(expect.objectContaining({ id: "harbor.password", severity: "warning" }));
    expect(JSON.stringify(findings)).not.toContain("Harbor12345");
  });
});

describe("a Harbor that cannot take a push", () => {
  it("in read-only mode is told so, and no project is made", async () => {
    const { harbor, findings } = await prepareAll({ harbor: { readOnly: true } });

    expect(failures(findings)).toEqual(["harbor.read-only"]);
    expect(messageOf(findings, "harbor.read-only")).toContain("read-only mode: nothing can be pushed");
    expect(harbor.changes()).toEqual([]);
  });

  it("has a proxy cache for a project", async () => {
    const { findings } = await prepareAll({ harbor: { projects: [{ name: "ai-infra", registryId: 7 }] } });

    expect(failures(findings)).toEqual(["harbor.proxy-cache"]);
    expect(messageOf(findings, "harbor.proxy-cache")).toContain("takes no pushes");
  });

  it("has a public project: that is a warning", async () => {
    const { findings } = await prepareAll({ harbor: { projects: [{ name: "ai-infra", public: true }] } });

    expect(failures(findings)).toEqual([]);
    expect(messageOf(findings, "harbor.public")).toContain("everybody who reaches Harbor can pull");
  });
});

describe("a target that is not a Harbor", () => {
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
      registry: {
        hasBlob: () => Promise.resolve(false),
        isGranted: () => false,
        alsoRead: () => undefined,
        found: () => undefined,
      },
      fs: createMemoryFileSystem(),
      clock: createStillClock(),
      random: createSeededRandom(),
      credentials: { find: () => Promise.reject(new Error("no password is needed to find out")) },
      options,
      made: { hasMade: () => false, recordMade: () => Promise.resolve() },
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
      /is not a Harbor, so --harbor-immutable and --harbor-retain and --harbor-robot mean nothing there/,
    );
  });
});
