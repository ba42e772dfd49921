import { allMetrics } from "./all-metrics.ts";
import type { MetricSample } from "./metric.ts";

/** What a server of this format answers with. */
export const expositionType = "text/plain; version=0.0.4; charset=utf-8";

/**
 * Samples in Prometheus' text format, version 0.0.4:
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details
 * All lines of one metric stand together, with its help and type before; every line ends with a line end, the last one, too.
 */
export function renderExposition(samples: readonly MetricSample[]): string {
  return allMetrics
    .flatMap(({ name, help, type }) => {
      const own = samples.filter((sample) => sample.name === name);
      if (own.length === 0) return [];
      return [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`, ...own.map(renderSample)];
    })
    .map((line) => `${line}\n`)
    .join("");
}

function renderSample({ name, labels, value }: MetricSample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  return `${name}{${pairs.join(",")}} ${renderValue(value)}`;
}

/** "label_value can be any sequence of UTF-8 characters, but the backslash, double-quote, and line feed characters have to be escaped". */
export function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}

/** Of a help text "the backslash and the line feed characters have to be escaped", and quotes stay. */
export function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

/** As Go's ParseFloat reads it, with these words for what is no number. */
export function renderValue(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}
