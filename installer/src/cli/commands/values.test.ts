import { expect, it } from "vitest";
import type { ExplainResult } from "../../actions/explain/explain.ts";
import type { ValuesShowResult } from "../../actions/values/show-values.ts";
import { apiVersion, cli, inFreshFolder } from "./testing/command-run.ts";

inFreshFolder();

const shown: ValuesShowResult = {
  apiVersion,
  kind: "ValuesShowResult",
  name: "slipway",
  profile: "infra",
  values: [
    { path: "domain", value: "ai.corp.example", from: { layer: "file", file: "/a/my.yaml", line: 3 } },
    { path: "timezone", value: "UTC", from: { layer: "defaults", file: "values/values.yaml", line: 9 } },
    { path: "ports.ssh", value: "2022", from: { layer: "set", file: "--set" } },
  ],
};

it("values show prints values, and with --origin where each comes from", async () => {
  const engine = { showValues: () => Promise.resolve(shown) };
  const plain = await cli("values show ports", engine);
  const origin = await cli("values show --origin", engine);

  expect(plain.requests["showValues"]?.[0]).toMatchObject({ key: "ports" });
  expect(plain.stdout()).toMatch(/^domain +ai\.corp\.example$/m);
  expect(origin.stdout()).toMatch(/^domain +ai\.corp\.example +\/a\/my\.yaml:3$/m);
  expect(origin.stdout()).toMatch(/^timezone +UTC +default$/m);
  expect(origin.stdout()).toMatch(/^ports\.ssh +2022 +--set$/m);
});

it("explain prints what goes by the name", async () => {
  const result: ExplainResult = {
    apiVersion,
    kind: "ExplainResult",
    topic: "ports",
    language: "en",
    found: [
      {
        subject: "value",
        path: "ports",
        title: "Ports",
        description: "Ports published on the host.",
        allowed: "a map of http",
        keys: [{ path: "ports.http", title: "HTTP port" }],
      },
      { subject: "exit-code", code: "PLAN_CHANGED", exit: 14, when: "the plan is another one" },
      { subject: "check", id: "live.drift", title: "what runs is ours", why: "it is lost", severity: "warning" },
    ],
  };
  const run = await cli("explain ports", { explain: () => Promise.resolve(result) });

  expect(run.stdout()).toBe(
    [
      "ports: Ports",
      "  Ports published on the host.",
      "  allowed: a map of http",
      "  ports.http  HTTP port",
      "",
      "exit 14, PLAN_CHANGED: the plan is another one",
      "",
      "live.drift: a check of doctor, a warning at worst",
      "  what runs is ours",
      "  otherwise: it is lost",
      "",
    ].join("\n"),
  );
});
