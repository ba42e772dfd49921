import type { Explanation, ExplainResult } from "../../actions/explain/explain.ts";
import { printable } from "./format.ts";
import type { Style } from "./style.ts";

/** Everything that goes by a name, one after the other. */
export function formatExplanation({ found }: ExplainResult, style: Style): string {
  return found.map((explanation) => linesOf(explanation, style).join("\n")).join("\n\n");
}

function linesOf(explanation: Explanation, style: Style): readonly string[] {
  switch (explanation.subject) {
    case "value": {
      const { path, title, description, allowed, example, keys } = explanation;
      const width = Math.max(0, ...keys.map((key) => key.path.length));
      return [
        `${style.bold(printable(path))}: ${title}`,
        ...(description === "" ? [] : [`  ${description}`]),
        `  allowed: ${allowed}`,
        ...(explanation.default === undefined ? [] : [`  default: ${explanation.default}`]),
        ...(example === undefined ? [] : [`  example: ${example}`]),
        ...keys.map((key) => `  ${key.path.padEnd(width)}  ${style.dim(key.title)}`),
      ];
    }
    case "exit-code":
      return [`${style.bold(`exit ${explanation.exit}`)}, ${explanation.code}: ${explanation.when}`];
    case "check":
      return [
        `${style.bold(explanation.id)}: a check of doctor, a ${explanation.severity} at worst`,
        `  ${explanation.title}`,
        `  otherwise: ${explanation.why}`,
      ];
  }
}
