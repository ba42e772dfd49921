import { toYamlText } from "../../render/yaml-text.ts";
import type { AlertRule } from "./alert-rules.ts";

/** Alert rules as a file that Prometheus loads: https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/ */
export function renderRuleFile(rules: readonly AlertRule[]): string {
  return toYamlText({
    groups: [
      {
        name: "slipway",
        rules: rules.map((rule) => ({
          alert: rule.alert,
          expr: rule.expr,
          for: rule.for,
          labels: { severity: rule.severity },
          annotations: annotationsOf(rule),
        })),
      },
    ],
  });
}

/** What whoever is told reads. */
export function annotationsOf({ summary, command }: AlertRule): {
  readonly summary: string;
  readonly description: string;
} {
  return { summary, description: `Begin with: ${command}` };
}
