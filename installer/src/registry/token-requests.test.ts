import { afterEach, describe, expect, test } from "vitest";
import { connectTo, placementOf, user } from "../../test/stand-ins/registry/connect.ts";
import { createTestRegistry, type TestRegistry } from "../../test/stand-ins/registry/create-test-registry.ts";
import type { TestRegistryOptions } from "../../test/stand-ins/registry/options.ts";
import { seedImage, syntheticBytes, syntheticImage } from "../../test/stand-ins/registry/synthetic-image.ts";
import { RegistryError } from "../errors/installer-error.ts";
import type { RegistryClient } from "./registry-client.ts";
import { SignInError } from "./registry-errors.ts";

const image = syntheticImage("tokens", [syntheticBytes("layer of tokens", 50_000)]);
const layer = image.blobs[1]!;
const repositories = Array.from({ length: 12 }, (_unused, n) => `team/service-${n}`);
const open: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

type TokenAuth = Extract<NonNullable<TestRegistryOptions["auth"]>, { kind: "token" }>;

/** A registry with tokens that has the image in one repository, and a client that is told which repositories there are. */
async function setUp(
  auth: Omit<Partial<TokenAuth>, "kind"> = {},
  { password = "right", ...options }: Omit<TestRegistryOptions, "auth"> & { readonly password?: string } = {},
): Promise<{ readonly registry: TestRegistry; readonly client: RegistryClient }> {
  const users = { ann: "right" };
  const registry = await createTestRegistry({ ...options, auth: { kind: "token", users, ...auth } });
  seedImage(registry.store, "team/app", image, "1.0");
  const client = connectTo(registry, { credentials: user("ann", password), connections: 12 });
  client.expect([
    ...repositories.map((repository) => ({ repository, actions: "pull,push" }) as const),
    { repository: "team/app", actions: "pull" },
  ]);
  open.push(async () => {
    client.close();
    await registry.close();
  });
  return { registry, client };
}

/** The image into every repository at once, its layer mounted, as a push does it. */
async function pushAll(client: RegistryClient): Promise<void> {
  await Promise.all(repositories.map((repository) => client.headManifest(repository, "1")));
  await Promise.all(
    repositories.map(async (repository) => {
      for (const blob of image.blobs) await client.placeBlob(placementOf(repository, blob, { mountFrom: "team/app" }));
      for (const manifest of image.manifests) await client.putManifest(repository, "1", manifest);
    }),
  );
}

const tokenRequests = (registry: TestRegistry) => registry.requests(undefined, /^\/token/);
const shownPasswords = (registry: TestRegistry) =>
  registry.log.filter(({ authorization }) => authorization === "Basic");

/** What stopped each of these. */
async function failuresOf(work: readonly Promise<unknown>[]): Promise<readonly Error[]> {
  const results = await Promise.allSettled(work);
  return results.map((result) => (result.status === "rejected" ? (result.reason as Error) : new Error("it worked")));
}

describe("tokens for many repositories", () => {
  test.each([
    ["tell what they are for", true],
    ["tell nothing", false],
  ])("that %s are one", async (_what, readableTokens) => {
    const { registry, client } = await setUp({ readableTokens });

    await pushAll(client);

    expect(tokenRequests(registry)).toHaveLength(1);
    expect(registry.gate.issued[0]?.scopes).toHaveLength(13);
    expect(registry.requests("POST", /mount=/).every(({ status }) => status === 201)).toBe(true);
  });

  test("are asked for in requests that a proxy takes", async () => {
    const { registry, client } = await setUp();
    const many = Array.from({ length: 150 }, (_unused, n) => `team/some/longer/path/of/a/service-${n}`);
    client.expect(many.map((repository) => ({ repository, actions: "pull,push" })));

    await Promise.all(many.map((repository) => client.headManifest(repository, "1")));

    const lengths = tokenRequests(registry).map(({ target }) => target.length);
    expect(Math.max(...lengths)).toBeLessThan(4096);
    expect(lengths.length).toBeLessThan(8);
  });

  test("are one for each group of them and one more for mounts from another group", async () => {
    const { registry, client } = await setUp();
    const many = Array.from({ length: 60 }, (_unused, n) => `team/some/longer/path/of/a/service-${n}`);
    client.expect([
      { repository: "team/app", actions: "pull" },
      ...many.map((repository) => ({ repository, actions: "pull,push" }) as const),
    ]);
    await Promise.all(many.map((repository) => client.headManifest(repository, "1")));
    const before = tokenRequests(registry).length;

    await Promise.all(
      many.map((repository) => client.placeBlob(placementOf(repository, layer, { mountFrom: "team/app" }))),
    );

    expect(before).toBe(2);
    expect(tokenRequests(registry)).toHaveLength(3);
  });

  test.each([
    ["refuses several scopes", { severalScopes: "refused" }],
    ["looks at the first of several scopes, and says so", { severalScopes: "first", readableTokens: true }],
    ["looks at the first of several scopes, and says nothing", { severalScopes: "first" }],
  ] as const)("are one for each where the token service %s", async (_what, auth) => {
    const { registry, client } = await setUp(auth);

    await pushAll(client);

    for (const repository of repositories) expect(registry.store.manifest(repository, "1")).toBeDefined();
    const alone = registry.gate.issued.filter(({ scopes }) => scopes.length === 1);
    // One to read and one to write, and not one for each blob.
    expect(alone.length).toBeLessThanOrEqual(2 * repositories.length + 2);
  });

  test("are one for each where a proxy before the registry has no room for one of all", async () => {
    const { registry, client } = await setUp();
    registry.inject({ path: /manifests/, nth: [2], fault: { kind: "status", status: 431 } });

    await Promise.all(repositories.map((repository) => client.headManifest(repository, "1")));

    const scopes = registry.gate.issued.map((issued) => issued.scopes.length);
    expect(scopes).toEqual([13, ...repositories.map(() => 1)]);
  });

  const html = { "content-type": "text/html" };
  test.each([
    ["not used again when a proxy refuses them", { kind: "status", status: 400, headers: html }, [0, 3]],
    ["kept when the registry refuses what was sent", { kind: "error", status: 400, code: "MANIFEST_INVALID" }, [1, 2]],
  ] as const)("that are long are %s", async (_what, fault, [refused, tokens]) => {
    const { registry, client } = await setUp();
    const many = Array.from({ length: 60 }, (_unused, n) => `team/some/longer/path/of/a/service-${n}`);
    client.expect(many.map((repository) => ({ repository, actions: "pull,push" })));
    await Promise.all(many.map((repository) => client.headManifest(repository, "1")));
    for (const blob of image.blobs) await client.placeBlob(placementOf(many[0] ?? "", blob));
    registry.inject({ method: "PUT", path: /manifests/, nth: [1], fault });

    const puts = image.manifests.map((manifest) => client.putManifest(many[0] ?? "", "1", manifest));

    const outcomes = await Promise.allSettled(puts);
    expect(outcomes.filter(({ status }) => status === "rejected")).toHaveLength(refused);
    expect(tokenRequests(registry)).toHaveLength(tokens);
  });

  test("are renewed once for all when one ends before its time in the middle of everything", async () => {
    const { registry, client } = await setUp({ acceptedRequests: 30 });

    await pushAll(client);

    for (const repository of repositories) expect(registry.store.manifest(repository, "1")).toBeDefined();
    const requests = registry.log.filter(({ authorization, status }) => authorization === "Bearer" && status !== 401);
    expect(tokenRequests(registry)).toHaveLength(Math.ceil(requests.length / 30));
    expect(tokenRequests(registry).length).toBeGreaterThan(1);
  });

  test("are asked for anew when there are more rights than before", async () => {
    const projects = ["other"];
    const { registry, client } = await setUp({ readableTokens: true }, { projects });
    await failuresOf(repositories.map((repository) => client.headManifest(repository, "1")));
    projects.push("team");
    const before = tokenRequests(registry).length;

    client.expect(repositories.map((repository) => ({ repository, actions: "pull,push" })));
    await Promise.all(repositories.map((repository) => client.headManifest(repository, "1")));

    // The second because what was refused gave the right by its own words: it may have been too old.
    expect(before).toBe(2);
    expect(tokenRequests(registry)).toHaveLength(3);
  });

  test.each([
    ["says so", true],
    ["says nothing", false],
  ])("that lack a right are not asked for again for each blob, when the token %s", async (_what, readableTokens) => {
    const { registry, client } = await setUp({ readableTokens, readers: ["ann"] });
    await Promise.all(repositories.map((repository) => client.headManifest(repository, "1")));

    const errors = await failuresOf(
      repositories.flatMap((repository) => image.blobs.map((blob) => client.placeBlob(placementOf(repository, blob)))),
    );

    for (const error of errors) expect(error.message).toMatch(/does not let this user write here \(401\)/);
    expect(tokenRequests(registry).length).toBeLessThanOrEqual(readableTokens ? 1 : 2 + repositories.length);
  });
});

describe("a token service that gives nothing", () => {
  test.each([
    ["for less than it was asked for", { tooWide: "powerless" }],
    ["and forbids it", { tooWide: "forbidden" }],
  ] as const)("to who asks for too much, %s, is asked for what is needed", async (_what, auth) => {
    const { registry, client } = await setUp({ ...auth, readers: ["ann"] });

    const heads = [...repositories, "team/app"].map((repository) => client.headManifest(repository, "1.0"));

    expect((await Promise.all(heads)).at(-1)?.digest).toBe(image.root.digest);
    const errors = await failuresOf(image.blobs.map((blob) => client.placeBlob(placementOf("team/service-1", blob))));
    for (const error of errors) expect(error.message).toMatch(/\((401|403)\)/);
    for (const error of errors) expect(error).not.toBeInstanceOf(SignInError);
    expect(tokenRequests(registry).filter(({ target }) => target.includes("push"))).toHaveLength(2);
  });

  test.each([
    ["a user it knows", "right"],
    ["everybody", undefined],
  ])("for one repository, to %s, does so for the others", async (_who, password) => {
    const closed = ["team/service-0"];
    const registry = await createTestRegistry({
      auth: { kind: "token", users: { ann: "right" }, closed, anonymousPull: true },
    });
    seedImage(registry.store, "team/app", image, "1.0");
    const client = connectTo(registry, password === undefined ? {} : { credentials: user("ann", password) });
    open.push(async () => {
      client.close();
      await registry.close();
    });

    const errors = await failuresOf([0, 1].map(() => client.headManifest("team/service-0", "1.0")));

    for (const error of errors) {
      expect(error).toBeInstanceOf(RegistryError);
      expect(error).not.toBeInstanceOf(SignInError);
    }
    expect((await client.headManifest("team/app", "1.0"))?.digest).toBe(image.root.digest);
    expect(tokenRequests(registry).filter(({ target }) => target.includes("service-0"))).toHaveLength(1);
  });

  test("to a user it knows says what is forbidden, and not that the password is wrong", async () => {
    const { client } = await setUp({ closed: repositories });

    const [error] = await failuresOf([client.placeBlob(placementOf("team/service-3", layer))]);

    expect(error?.message).toMatch(/^the token of team\/service-3 on 127.*: the registry forbids this \(403\)$/);
    expect((error as RegistryError).hint).toContain("the right to push in team");
  });
});

describe("a wrong password where a token is had for any", () => {
  const put = (client: RegistryClient) =>
    repositories.map((repository) => client.placeBlob(placementOf(repository, layer)));

  test("is sent once where the token tells that it is nobody's", async () => {
    const auth = { wrongPassword: "powerless", readableTokens: true } as const;
    const { registry, client } = await setUp(auth, { password: "guess" });

    const errors = await failuresOf(put(client));

    expect(shownPasswords(registry)).toHaveLength(1);
    for (const error of errors) {
      expect(error).toBeInstanceOf(SignInError);
      expect(error.message).toMatch(/does not accept the user ann/);
    }
  });

  test("is found out by one question where the token tells nothing", async () => {
    const { registry, client } = await setUp({ wrongPassword: "powerless" }, { password: "guess" });

    const errors = await failuresOf(put(client));

    expect(shownPasswords(registry)).toHaveLength(2);
    expect(tokenRequests(registry).at(-1)?.target).not.toContain("scope");
    for (const error of errors) expect(error).toBeInstanceOf(SignInError);
  });

  test("is found out by one question where a token service forbids it what it asks", async () => {
    const { registry, client } = await setUp({ wrongPassword: "forbidden" }, { password: "guess" });

    const errors = await failuresOf(put(client));

    expect(shownPasswords(registry)).toHaveLength(2);
    for (const error of errors) expect(error).toBeInstanceOf(SignInError);
  });

  test("is sent once where a token service refuses it, however many ask", async () => {
    const { registry, client } = await setUp({}, { password: "guess" });

    const errors = await failuresOf(put(client));

    expect(shownPasswords(registry)).toHaveLength(1);
    for (const error of errors) expect(error).toBeInstanceOf(RegistryError);
  });
});
