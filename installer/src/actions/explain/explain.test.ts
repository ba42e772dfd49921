import { expect, test } from "vitest";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import { createMemoryTarget } from "../../../test/support/memory-target.ts";
import { openAssets } from "../../cli/assets.ts";
import { explain } from "./explain.ts";

const ports = { fs: createMemoryFileSystem(), assets: openAssets(), target: createMemoryTarget().target };
const found = async (topic: string) => (await explain({ topic }, ports)).found;

test("a value is explained with what is allowed and its default", async () => {
  expect(await found("postgres.resources.memory")).toEqual([
    {
      subject: "value",
      path: "postgres.resources.memory",
      title: expect.any(String) as string,
      description: "Memory a container may use.",
      allowed: "a size such as 512Mi or 1Gi (Ki, Mi, Gi, Ti, k, M, G, T)",
      default: "1Gi",
      example: expect.any(String) as string,
      keys: [],
    },
  ]);
});

test("a section is explained with its keys", async () => {
  const [section] = await found("ports");

  expect(section).toMatchObject({ subject: "value", title: "Ports", description: "Ports published on the host." });
  expect(section).not.toHaveProperty("default");
  expect(section).toMatchObject({
    keys: expect.arrayContaining([{ path: "ports.http", title: "HTTP port" }]) as unknown,
  });
});

test("a key whose name is free is explained by what it stands in", async () => {
  const [section, key] = [await found("postgres.extraEnv"), await found("postgres.extraEnv.LEVEL")];

  expect(key).toMatchObject([{ path: "postgres.extraEnv.LEVEL", allowed: "text", keys: [] }]);
  expect(key).toMatchObject([{ description: (section[0] as { readonly description: string }).description }]);
});

test.each(["15", "DATA_EXPECTED", "data_expected"])("the exit code %s is explained", async (topic) => {
  expect(await found(topic)).toMatchObject([{ subject: "exit-code", exit: 15, code: "DATA_EXPECTED" }]);
});

test("a check is explained", async () => {
  expect(await found("live.drift")).toMatchObject([{ subject: "check", id: "live.drift", severity: "warning" }]);
});

test.each([
  ["live.drif", "did you mean live.drift?"],
  ["postgres.memory", "did you mean postgres.resources.memory?"],
  ["domian", "did you mean domain?"],
  ["xyzzy-xyzzy", "slipway values show names every value, slipway doctor --list every check"],
])("what is near %s is named", async (topic, hint) => {
  await expect(explain({ topic }, ports)).rejects.toMatchObject({ code: "USAGE", hint });
});
