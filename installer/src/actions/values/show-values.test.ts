import { expect, test } from "vitest";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import { openAssets } from "../../cli/assets.ts";
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

test("one section is shown, of a file that is named; a key that does not exist is told", async () => {
  const fs = createMemoryFileSystem({ "/my.yaml": "ports: { http: 8080 }\n" });
  const request = { ...place, values: { ...values, files: ["/my.yaml"] } };

  const { values: ports } = await showValues({ ...request, key: "ports" }, { fs, assets });

  expect(ports.map(({ path }) => path)).toEqual(expect.arrayContaining(["ports.http", "ports.https", "ports.ssh"]));
  expect(ports.every(({ path }) => path.startsWith("ports."))).toBe(true);
  expect(ports[0]).toMatchObject({ value: "8080", from: { layer: "file", file: "/my.yaml" } });
  await expect(showValues({ ...request, key: "postgres.memory" }, { fs, assets })).rejects.toMatchObject({
    code: "USAGE",
    hint: "did you mean resources.memory?",
  });
});
