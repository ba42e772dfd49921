import { describe, expect, test } from "vitest";
import { user } from "../../test/stand-ins/registry/connect.ts";
import type { TestRegistry } from "../../test/stand-ins/registry/create-test-registry.ts";
import { seedImage } from "../../test/stand-ins/registry/synthetic-image.ts";
import type { CredentialStore } from "./credentials.ts";
import { closeRegistries, failureOf, image, setUp } from "./testing/faulty-registry.ts";

closeRegistries();

const users = { host: "h", team: "t", wrong: "right" };

/** A login for the host, and one for each path. */
function logins(paths: Readonly<Record<string, readonly [string, string]>>): CredentialStore {
  return {
    find: (host, path = "") => {
      const [name, password] = paths[path] ?? ["host", "h"];
      return user(name, password).find(host);
    },
    paths: () => Promise.resolve(Object.keys(paths)),
  };
}

function usersAsked(registry: TestRegistry, target: RegExp): readonly (string | undefined)[] {
  return registry.requests(undefined, target).map((entry) => entry.user);
}

describe("a login for one project", () => {
  test("is used for it and what is below it, and that of the host elsewhere", async () => {
    const credentials = logins({ team: ["team", "t"], "team/app/deep": ["wrong", "right"] });
    const { registry, client } = await setUp({ auth: { kind: "basic", users } }, { credentials });
    for (const repository of ["team/app", "teams/app", "team/app/deep"]) {
      seedImage(registry.store, repository, image, "1.0");
      await client.headManifest(repository, "1.0");
    }

    expect(usersAsked(registry, /^\/v2\/team\/app\/manifests/)).toEqual([undefined, "team"]);
    expect(usersAsked(registry, /^\/v2\/teams\/app\/manifests/)).toEqual([undefined, "host"]);
    expect(usersAsked(registry, /^\/v2\/team\/app\/deep\/manifests/)).toEqual([undefined, "wrong"]);
  });

  test("fetches tokens of its own", async () => {
    const credentials = logins({ team: ["team", "t"] });
    const { registry, client } = await setUp({ auth: { kind: "token", users } }, { credentials });
    for (const repository of ["team/app", "other/app"]) {
      seedImage(registry.store, repository, image, "1.0");
      await client.headManifest(repository, "1.0");
    }

    expect(registry.gate.issued.map(({ user: who, scopes }) => [who, scopes])).toEqual([
      ["team", ["repository:team/app:pull"]],
      ["host", ["repository:other/app:pull"]],
    ]);
  });

  test("that is wrong is sent once, however many ask at the same time, and does not stop the others", async () => {
    const credentials = logins({ team: ["wrong", "guess"] });
    const { registry, client } = await setUp({ auth: { kind: "basic", users } }, { credentials });
    seedImage(registry.store, "other/app", image, "1.0");
    await client.headManifest("other/app", "1.0");

    const failures = await Promise.all(
      ["a", "b", "c", "d"].map((name) => failureOf(client.headManifest(`team/${name}`, "1.0"))),
    );

    for (const failure of failures) expect(failure.message).toContain("does not accept the user wrong");
    expect(usersAsked(registry, /team/).filter((who) => who === "wrong")).toHaveLength(1);
    expect(await client.headManifest("other/app", "1.0")).toBeDefined();
  });

  test.each(["basic", "token"] as const)("that is wrong and kept for several paths is sent once (%s)", async (kind) => {
    const credentials = logins({
      team: ["wrong", "guess"],
      "team/deep": ["wrong", "guess"],
      other: ["wrong", "guess"],
    });
    const { registry, client } = await setUp({ auth: { kind, users } }, { credentials });

    const failures = await Promise.all(
      ["team/a", "team/deep/a", "other/a"].map((name) => failureOf(client.headManifest(name, "1.0"))),
    );

    for (const failure of failures) expect(failure.message).toContain("does not accept the user wrong");
    expect(registry.log.filter(({ user: who }) => who === "wrong")).toHaveLength(1);
  });

  test("cannot be read: what needs no login is answered all the same", async () => {
    const credentials: CredentialStore = {
      find: () => Promise.reject(new Error("unreadable")),
      paths: () => Promise.reject(new Error("unreadable")),
    };
    const { registry, client } = await setUp({}, { credentials });
    seedImage(registry.store, "team/app", image, "1.0");

    expect(await client.headManifest("team/app", "1.0")).toBeDefined();
  });
});
