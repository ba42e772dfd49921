import { expect, test } from "vitest";
import { errorOf } from "../../../test/support/error-of.ts";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import { openAssets } from "../../cli/assets.ts";
import { showValue } from "../../values/describe-value.ts";
import { showValues } from "./show-values.ts";

const assets = openAssets();
const place = { name: "slipway", stateDir: "/state" };
const values = { files: [], set: [], without: [] };

test("every value is shown with the layer it comes from, and no secret", async () => {
  const fs = createMemoryFileSystem({
    "/state/values.yaml":
      "domain: ai.corp.example\nredis:\n  external: { host: r.example, password: of-nobody }\n  mode: external\n",
  });

  const set = ["ports.ssh=2022"];
  const result = await showValues({ ...place, values: { ...values, set, without: ["casdoor"] } }, { fs, assets });
  const shown = new Map(result.values.map((value) => [value.path, value]));

  expect(shown.get("domain")).toEqual({
    path: "domain",
    value: "ai.corp.example",
    from: { layer: "recorded", file: "/state/values.yaml", line: 1 },
  });
  expect(shown.get("ports.ssh")).toMatchObject({ value: "2022", from: { layer: "set", file: "--set" } });
  expect(shown.get("casdoor.mode")).toMatchObject({ value: "off", from: { layer: "set" } });
  expect(shown.get("timezone")).toMatchObject({ value: "UTC", from: { layer: "defaults" } });
  expect(shown.get("redis.external.password")).toMatchObject({ value: "(not shown)", from: { line: 3 } });
  expect(JSON.stringify(result)).not.toContain("of-nobody");
});

test("the file of a secret is shown by its name, and nothing that may be a secret itself", async () => {
  const fs = createMemoryFileSystem({
    "/state/values.yaml":
      "domain: ai.corp.example\ntls: { mode: files, certFile: /c.pem, keyFile: /k.pem }\npostgres: { extraEnv: { LEVEL: of-nobody } }\n",
  });

  const result = await showValues({ ...place, values }, { fs, assets });
  const shown = new Map(result.values.map(({ path, value }) => [path, value]));

  expect(shown.get("tls.keyFile")).toBe("/k.pem");
  expect(shown.get("postgres.extraEnv.LEVEL")).toBe("(not shown)");
  expect(showValue(["redis", "external", "password"], 12345)).toBe("(not shown)");
  expect(showValue(["tls", "keyFile"], "-----BEGIN PRIVATE KEY-----")).toBe("(not shown)");
});

test("one section is shown, of a file that is named; a key that does not exist is told", async () => {
  const fs = createMemoryFileSystem({ "/my.yaml": "ports: { http: 8080 }\n" });
  const request = { ...place, values: { ...values, files: ["/my.yaml"] } };

  const { values: ports } = await showValues({ ...request, key: "ports" }, { fs, assets });

  expect(ports.map(({ path }) => path)).toEqual(expect.arrayContaining(["ports.http", "ports.https", "ports.ssh"]));
  expect(ports.every(({ path }) => path.startsWith("ports."))).toBe(true);
  expect(ports[0]).toMatchObject({ value: "8080", from: { layer: "file", file: "/my.yaml" } });
  await expect(showValues({ ...request, key: "postgres.memory" }, { fs, assets })).rejects.toMatchObject({
    code: "USAGE",
    hint: "did you mean postgres.resources.memory?",
  });
});

test.each([
  ["postgres.extraEnv.NOBODY", "slipway values show postgres.extraEnv names what is set beside it"],
  ["postgres.resources.memory.x", "nothing stands below postgres.resources.memory"],
  ["postgres.xyzzy", /^below postgres are mode, image, /],
  ["postgres.password", /is postgres\.external\.adminPassword; /],
  ["__proto__", /^values are edition, availability, domain, /],
])("of %s, which is not there, it is said what is", async (key, hint) => {
  const error = await errorOf(() => showValues({ ...place, values, key }, { fs: createMemoryFileSystem(), assets }));

  expect(error).toMatchObject({ code: "USAGE", hint: expect.stringMatching(hint) as string });
});
