import type { Explanation, ExplainResult } from "../../actions/explain/explain.ts";
import type { Language } from "../../actions/explain/languages.ts";
import { printable } from "./format.ts";
import type { Style } from "./style.ts";

/** What stands around the texts, in one language. */
interface Frame {
  readonly colon: string;
  readonly allowed: string;
  readonly default: string;
  readonly example: string;
  readonly exit: (exit: number, code: string) => readonly [emphasized: string, rest: string];
  readonly severities: Readonly<Record<"warning" | "failure", string>>;
  readonly otherwise: string;
}

const frames: Readonly<Record<Language, Frame>> = {
  en: {
    colon: ": ",
    allowed: "allowed",
    default: "default",
    example: "example",
    exit: (exit, code) => [`exit ${exit}`, `, ${code}`],
    severities: { warning: "a check of doctor, a warning at worst", failure: "a check of doctor, a failure at worst" },
    otherwise: "otherwise",
  },
  zh: {
    colon: "：",
    allowed: "允许的值",
    default: "默认值",
    example: "示例",
    exit: (exit, code) => [`退出码 ${exit}`, `，${code}`],
    severities: { warning: "doctor 的检查项，最严重为警告", failure: "doctor 的检查项，最严重为失败" },
    otherwise: "原因",
  },
};

/** Everything that goes by a name, one after the other. */
export function formatExplanation({ found, language }: ExplainResult, style: Style): string {
  return found.map((explanation) => linesOf(explanation, frames[language], style).join("\n")).join("\n\n");
}

function linesOf(explanation: Explanation, frame: Frame, style: Style): readonly string[] {
  const { colon } = frame;
  switch (explanation.subject) {
    case "value": {
      const { path, title, description, allowed, example, keys } = explanation;
      const width = Math.max(0, ...keys.map((key) => key.path.length));
      return [
        `${style.bold(printable(path))}${colon}${title}`,
        ...(description === "" ? [] : [`  ${description}`]),
        `  ${frame.allowed}${colon}${allowed}`,
        ...(explanation.default === undefined ? [] : [`  ${frame.default}${colon}${explanation.default}`]),
        ...(example === undefined ? [] : [`  ${frame.example}${colon}${example}`]),
        ...keys.map((key) => `  ${key.path.padEnd(width)}  ${style.dim(key.title)}`),
      ];
    }
    case "exit-code": {
      const [emphasized, rest] = frame.exit(explanation.exit, explanation.code);
      return [`${style.bold(emphasized)}${rest}${colon}${explanation.when}`];
    }
    case "check":
      return [
        `${style.bold(explanation.id)}${colon}${frame.severities[explanation.severity]}`,
        `  ${explanation.title}`,
        `  ${frame.otherwise}${colon}${explanation.why}`,
      ];
  }
}
