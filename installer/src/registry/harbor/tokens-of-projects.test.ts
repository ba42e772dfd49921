import { afterEach, describe, expect, it } from "vitest";
import {
  adminPassword,
  createFakeHarbor,
  type FakeHarborOptions,
} from "../../../test/stand-ins/harbor/create-fake-harbor.ts";
import { connectTo, user } from "../../../test/stand-ins/registry/connect.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const team = Array.from({ length: 90 }, (_unused, n) => `team/with/a/path/that/is/rather/long/service-${n}`);

async function setUp(options: FakeHarborOptions) {
  const harbor = await createFakeHarbor(options);
  const client = connectTo(harbor, { credentials: user("admin", adminPassword), plainHttp: true, connections: 12 });
  closers.push(
    () => harbor.close(),
    () => client.close(),
  );
  const ask = async (repositories: readonly string[]) => {
    client.expect(repositories.map((repository) => ({ repository, actions: "pull,push" })));
    return Promise.all(
      repositories.map((repository) => client.headManifest(repository, "1").then(() => "answered", String)),
    );
  };
  return { harbor, client, ask };
}

describe("tokens of Harbor", () => {
  it("are good for a project each, whatever is asked for in it", async () => {
    const { harbor, ask } = await setUp({ projects: [{ name: "team" }, { name: "other" }] });

    const answers = await ask([...team, "other/one", "other/two"]);

    expect(new Set(answers)).toEqual(new Set(["answered"]));
    expect(harbor.tokens()).toHaveLength(2);
  });

  it("that are good for what they name alone are asked for by name, and nobody who waits is refused", async () => {
    const { harbor, ask } = await setUp({ projects: [{ name: "team" }], exactTokens: true });

    const answers = await ask(team);

    expect(new Set(answers)).toEqual(new Set(["answered"]));
    expect(harbor.tokens().length).toBeLessThan(6);
  });

  it("that give no right in a project are not asked for again for each of its repositories", async () => {
    const { harbor, client, ask } = await setUp({});

    const answers = await ask(team);

    expect(new Set(answers.map((answer) => answer.includes("(401)")))).toEqual(new Set([true]));
    expect(client.isGranted({ repository: team[80] ?? "", actions: "push" })).toBe(false);
    expect(harbor.tokens().filter(({ target }) => target.includes("scope"))).toHaveLength(1);
  });
});
