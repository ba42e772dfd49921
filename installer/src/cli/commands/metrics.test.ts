import { expect, it } from "vitest";
import { parse } from "yaml";
import type { MetricsResult } from "../../actions/metrics/metrics.ts";
import { apiVersion, cli, inFreshFolder } from "./testing/command-run.ts";

inFreshFolder();

const told: MetricsResult = {
  apiVersion,
  kind: "MetricsResult",
  name: "slipway",
  at: "2026-11-30T12:00:00.000Z",
  lookOk: true,
  samples: [
    { name: "slipway_look_ok", labels: { install: "slipway" }, value: 1 },
    { name: "slipway_component_healthy", labels: { install: "slipway", component: "app" }, value: 0 },
  ],
};
const metrics = () => Promise.resolve(told);
const serveMetrics = ({ onListening }: { readonly onListening: (serving: { url: string }) => void }) => {
  onListening({ url: "http://127.0.0.1:9464/metrics" });
  return Promise.resolve({
    apiVersion,
    kind: "MetricsServeResult",
    name: "slipway",
    url: "http://127.0.0.1:9464/metrics",
    requests: 7,
    looks: 3,
  } as const);
};

it("metrics prints the text format, and the same samples to a program", async () => {
  const text = await cli("metrics", { metrics });
  const json = await cli("metrics --json", { metrics });

  expect(text.status).toBe(0);
  expect(text.stdout()).toMatch(
    /^# HELP slipway_look_ok .*\n# TYPE slipway_look_ok gauge\nslipway_look_ok\{install="slipway"\} 1\n/,
  );
  expect(text.stdout()).toMatch(/\nslipway_component_healthy\{install="slipway",component="app"\} 0\n$/);
  expect(JSON.parse(json.stdout())).toEqual(told);
});

it("metrics says on standard error that it could not look, and ends with 0", async () => {
  const run = await cli("metrics", {
    metrics: () => Promise.resolve({ ...told, lookOk: false, problem: "the engine does not answer" }),
  });

  expect(run.status).toBe(0);
  expect(run.stderr()).toContain("the platform could not be looked at: the engine does not answer");
});

it("metrics --rules prints a rule file without asking anybody, and the rules to a program", async () => {
  const text = await cli("metrics --rules", {});
  const json = await cli("metrics --rules --json", {});

  const { groups } = parse(text.stdout()) as { readonly groups: readonly { readonly rules: readonly object[] }[] };
  const { kind, rules } = JSON.parse(json.stdout()) as { readonly kind: string; readonly rules: readonly object[] };
  expect(kind).toBe("AlertRulesResult");
  expect(rules.length).toBeGreaterThan(10);
  expect(groups[0]?.rules).toHaveLength(rules.length);
});

it("metrics --listen serves this machine, and says where and how much", async () => {
  const run = await cli("metrics --listen 127.0.0.1:9464", { serveMetrics });

  expect(run.requests["serveMetrics"]).toMatchObject([{ name: "slipway", host: "127.0.0.1", port: 9464 }]);
  expect(run.stdout()).toBe(
    "serving metrics at http://127.0.0.1:9464/metrics\n7 requests answered, 3 looks at the platform\n",
  );
});

it.each(["--plain-http", "--tls-cert c.pem --tls-key k.pem"])(
  "metrics serves other machines with %s",
  async (options) => {
    const run = await cli(`metrics --listen 0.0.0.0:9464 ${options}`, { serveMetrics });

    expect(run.status).toBe(0);
    expect(run.requests["serveMetrics"]).toMatchObject([{ host: "0.0.0.0", port: 9464 }]);
  },
);

it.each([
  ["--listen 9464", "9464 is not an address to listen on"],
  ["--listen 127.0.0.1:99999", "127.0.0.1:99999 is not an address to listen on"],
  ["--listen 0.0.0.0:9464", "0.0.0.0 is reached by other machines"],
  ["--listen [::]:9464", ":: is reached by other machines"],
  ["--listen 0.0.0.0:9464 --tls-cert c.pem", "--tls-cert and --tls-key belong together"],
  ["--rules --listen 127.0.0.1:9464", "--rules prints, and serves nothing"],
  ["--plain-http", "there is no --listen that this is for"],
])("metrics %s is refused before anything is asked", async (options, message) => {
  const run = await cli(`metrics ${options}`, { metrics, serveMetrics });

  expect(run.status).toBe(2);
  expect(run.stderr()).toContain(message);
  expect(run.requests).toEqual({});
});
