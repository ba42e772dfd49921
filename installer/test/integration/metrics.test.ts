import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AlertRule, alertRules } from "../../src/actions/metrics/alert-rules.ts";
import { samplesOf } from "../../src/actions/metrics/all-metrics.ts";
import { answerScrape } from "../../src/actions/metrics/answer-scrape.ts";
import { renderExposition } from "../../src/actions/metrics/exposition.ts";
import type { Look } from "../../src/actions/metrics/look.ts";
import { annotationsOf, renderRuleFile } from "../../src/actions/metrics/rule-file.ts";
import { describedLook } from "../../src/actions/metrics/testing/described-look.ts";
import { startHttpServer } from "../../src/platform/http-server.ts";
import { toYamlText } from "../../src/render/yaml-text.ts";
import { findFreePorts } from "../support/free-ports.ts";
import { describeUnless } from "../support/unless.ts";
import { alertCases, type AlertData, type SeriesValue } from "./alert-cases.ts";
import { missing } from "./foreign-tools.ts";

let folder: string;
const at = (file: string): string => join(folder, file);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-promtool-"));
  writeFileSync(at("slipway.rules.yaml"), renderRuleFile(alertRules));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What promtool says, and how it ends. */
function promtool(args: readonly string[], input = ""): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync("promtool", args, { cwd: folder, input, encoding: "utf8" });
  return { status, output: `${stdout}${stderr}` };
}

/** Everything that can be known, with labels that need escaping. */
const odd = 'C:\\odd "name"\nof a 证书';
const rich: Look = describedLook({
  backup: {
    last: { id: "b", at: "2026-11-30T02:00:00.000Z", bytes: 5_000_000 },
    proof: { id: "b", at: "2026-11-30T02:10:00.000Z", restoreSeconds: 42 },
    drill: { backup: "a", at: "2026-11-01T02:00:00.000Z", wires: 18, ms: 90_500 },
    lossSeconds: 36_000,
    late: false,
    wal: { through: "2026-11-30T11:59:30.000Z", lossSeconds: 30, late: false },
  },
  services: { app: { phase: "exited", exitCode: 137, restarts: 2 } },
  records: {
    certificates: [{ certificate: "web-tls", subject: odd, endMs: 1_800_000_000_000 }],
    timers: [{ job: "drill", sinceMs: 1_700_000_000_500 }],
  },
});

describe("the data for alerts", () => {
  it("is there for each rule, to fire and to be silent, and for no other", () => {
    expect(Object.keys(alertCases).toSorted()).toEqual(alertRules.map(({ alert }) => alert).toSorted());
    for (const { fires, silent } of Object.values(alertCases)) {
      expect(fires.length).toBeGreaterThan(0);
      expect(silent.length).toBeGreaterThan(0);
    }
  });
});

describeUnless(missing("promtool", ["--version"]), "promtool", () => {
  it.each([
    ["of a platform that is well", describedLook()],
    ["of one of which all is known", rich],
    ["of one whose engine is away", describedLook({ away: true })],
  ])("finds nothing wrong with the metrics %s", (_what, look) => {
    expect(promtool(["check", "metrics"], renderExposition(samplesOf(look)))).toEqual({ status: 0, output: "" });
  });

  it("finds nothing wrong with the rules", () => {
    const { status, output } = promtool(["check", "rules", "slipway.rules.yaml"]);

    expect(output).toContain(`${alertRules.length} rules found`);
    expect(status).toBe(0);
  });

  it.each(alertRules)("sees $alert fire when it is to, and only then", (rule) => {
    const { fires, silent } = alertCases[rule.alert]!;
    const tests = [
      ...fires.map(({ labels, ...data }) => ruleTest(rule, data, [labels])),
      ...silent.map((data) => ruleTest(rule, data, [])),
    ];

    expect(tryRule(rule, tests)).toMatchObject({
      status: 0,
      output: expect.stringContaining("SUCCESS") as string,
    });
  });

  it("would say so if one did not", () => {
    const [rule] = alertRules as readonly [AlertRule];
    const tests = [ruleTest(rule, { what: "", after: 12, series: {} }, [])];

    expect(tryRule(rule, tests).status).not.toBe(0);
  });
});

/** Alone: the others would be evaluated for every minute of a day, too. */
function tryRule(rule: AlertRule, tests: readonly object[]): ReturnType<typeof promtool> {
  writeFileSync(at("one.rules.yaml"), renderRuleFile([rule]));
  writeFileSync(at("tests.yaml"), toYamlText({ rule_files: ["one.rules.yaml"], evaluation_interval: "1m", tests }));
  return promtool(["test", "rules", "tests.yaml"]);
}

/** One test of a rule as promtool reads it: the alerts with these labels fire, and no others of its name. */
function ruleTest(
  rule: AlertRule,
  { what, after, series }: AlertData,
  firing: readonly Readonly<Record<string, string>>[],
): object {
  return {
    name: what,
    interval: "1m",
    input_series: Object.entries(series).map(([name, value]) => ({ series: name, values: valuesOf(value, after) })),
    alert_rule_test: [
      {
        eval_time: `${after}m`,
        alertname: rule.alert,
        exp_alerts: firing.map((labels) => ({
          exp_labels: { severity: rule.severity, ...labels },
          exp_annotations: Object.fromEntries(
            Object.entries(annotationsOf(rule)).map(([key, text]) => [key, withLabels(text, labels)]),
          ),
        })),
      },
    ],
  };
}

function valuesOf(value: SeriesValue, after: number): string {
  if (typeof value === "string") return value;
  const number = typeof value === "number" ? value : after * 60 + ("ago" in value ? -value.ago : value.in);
  return `${number}x${after}`;
}

function withLabels(text: string, labels: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_all, label: string) => labels[label] ?? "");
}

describeUnless(missing("prometheus", ["--version"]), "a real Prometheus", () => {
  it("scrapes what is served, loads the rules, and gives every label back as it was", async () => {
    const samples = samplesOf(rich);
    const { http: port } = await findFreePorts();
    const answer = {
      apiVersion: "slipway/v1",
      kind: "MetricsResult",
      name: "lab",
      at: "",
      lookOk: true,
      samples,
    } as const;
    const server = await startHttpServer(
      (asked) =>
        answerScrape(
          asked,
          () => Promise.resolve(answer),
          () => undefined,
        ),
      { host: "127.0.0.1", port: 0 },
    );
    const job = { job_name: "slipway", static_configs: [{ targets: [server.authority] }] };
    const settings = { global: { scrape_interval: "1s" }, rule_files: ["slipway.rules.yaml"], scrape_configs: [job] };
    writeFileSync(at("prometheus.yaml"), toYamlText(settings));
    const prometheus = spawn(
      "prometheus",
      ["--config.file=prometheus.yaml", `--storage.tsdb.path=${at("data")}`, `--web.listen-address=127.0.0.1:${port}`],
      { cwd: folder, stdio: "ignore" },
    );
    try {
      const found = await until(async () => {
        const rows = await query(port, '{__name__=~"slipway_.+"}');
        return rows.length >= samples.length ? rows : undefined;
      });

      expect(found.map(({ metric }) => metric["__name__"]).toSorted()).toEqual(
        samples.map(({ name }) => name).toSorted(),
      );
      const expiry = found.find(({ metric }) => metric["__name__"] === "slipway_certificate_expiry_timestamp_seconds");
      expect(expiry?.metric).toMatchObject({ install: "lab", certificate: "web-tls", subject: odd, job: "slipway" });
      expect(Number(expiry?.value[1])).toBe(1_800_000_000);
      expect(await rulesOf(port)).toEqual(alertRules.map(({ alert }) => alert));
    } finally {
      prometheus.kill("SIGTERM");
      await once(prometheus, "exit");
      await server.close();
    }
  });
});

interface Row {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, value: string];
}

async function query(port: number, text: string): Promise<readonly Row[]> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(text)}`);
  const { data } = (await answer.json()) as { readonly data: { readonly result: readonly Row[] } };
  return data.result;
}

async function rulesOf(port: number): Promise<readonly string[]> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/rules`);
  const { data } = (await answer.json()) as {
    readonly data: {
      readonly groups: readonly { readonly rules: readonly { readonly name: string; readonly health: string }[] }[];
    };
  };
  return data.groups.flatMap(({ rules }) => rules.filter(({ health }) => health !== "err").map(({ name }) => name));
}

/** Asks until there is an answer; the program takes a moment to start, and then asks every second. */
async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined) return answer;
    if (tries === 120) throw new Error("Prometheus does not have the metrics");
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
