import { parse } from "yaml";
import { describe, expect, it } from "vitest";
import { describeProgram } from "../../cli/docs/describe-program.ts";
import { alertRules } from "./alert-rules.ts";
import { allMetrics } from "./all-metrics.ts";
import { renderRuleFile } from "./rule-file.ts";

const program = await describeProgram();

describe.each(alertRules)("the rule $alert", ({ expr, summary, command, ...rule }) => {
  it("asks for metrics that are there", () => {
    const asked = [...expr.matchAll(/\bslipway_\w+/g)].map(([name]) => name);

    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((name) => !allMetrics.some((metric) => metric.name === name))).toEqual([]);
  });

  it("names in its words only labels that its metrics have", () => {
    const known = allMetrics.filter(({ name }) => expr.includes(name)).flatMap(({ labels }) => labels);
    const named = [...`${summary} ${command}`.matchAll(/\{\{ \$labels\.(\w+) \}\}/g)].map(([, label = ""]) => label);

    expect(named.filter((label) => label !== "install" && !known.includes(label))).toEqual([]);
  });

  it("says what it is about in one line, and gives a command that is there", () => {
    const [, first = "", second = ""] = /^slipway ([a-z]+)(?: ([a-z]+))?/.exec(command) ?? [];
    const found = program.commands.find(({ path }) => path[0] === first);
    const below = found?.commands.find(({ path }) => path[1] === second);
    const options = [...program.options, ...(below ?? found)!.options].map(({ long }) => long);

    expect(found).toBeDefined();
    expect(found?.commands.length === 0 || below !== undefined).toBe(true);
    expect((command.match(/--[a-z-]+/g) ?? []).filter((option) => !options.includes(option))).toEqual([]);
    expect(summary).not.toMatch(/\n|\.$/);
  });

  it("holds for a time that Prometheus reads", () => {
    expect(rule.for).toMatch(/^\d+[mhd]$/);
    expect(rule.alert).toMatch(/^Slipway[A-Z]\w+$/);
  });
});

it("every alert has a name of its own", () => {
  const names = alertRules.map(({ alert }) => alert);

  expect(new Set(names).size).toBe(names.length);
});

it("the rule file holds every rule, with what to do", () => {
  const { groups } = parse(renderRuleFile(alertRules)) as {
    readonly groups: readonly { readonly rules: readonly unknown[] }[];
  };

  expect(groups).toHaveLength(1);
  expect(groups[0]?.rules).toEqual(
    alertRules.map(({ alert, expr, for: time, severity, summary, command }) => ({
      alert,
      expr,
      for: time,
      labels: { severity },
      annotations: { summary, description: `Begin with: ${command}` },
    })),
  );
});
