import { UsageError } from "../../errors/installer-error.ts";
import { exitCodes } from "../../errors/exit-codes.ts";
import { findKey, listKeysBelow, showValue } from "../../values/describe-value.ts";
import { type ChineseWords, readChineseWords } from "../../values/chinese-words.ts";
import { adviseOnPath } from "../../values/foreign-keys.ts";
import { readSchemaWords, type SchemaWords } from "../../values/schema-words.ts";
import { toPlainValue, valueAt } from "../../values/sourced-value.ts";
import { parseValues } from "../../values/parse-values.ts";
import { suggestKey } from "../../values/suggest-key.ts";
import type { ActionPorts, FilePorts, ResultHead } from "../context.ts";
import { readOwnValues } from "../desired/load-plan.ts";
import { checksIn } from "./checks-in.ts";
import type { Language } from "./languages.ts";

export interface ExplainRequest {
  /** A key of the values, an exit code or its name, or the id of a check. */
  readonly topic: string;
  /** English without it. */
  readonly language?: Language;
}

/** What is known of a key, an exit code or a check. */
export type Explanation =
  | {
      readonly subject: "value";
      readonly path: string;
      readonly title: string;
      readonly description: string;
      readonly allowed: string;
      /** Absent of a section. */
      readonly default?: string;
      readonly example?: string;
      /** The keys directly below it. */
      readonly keys: readonly { readonly path: string; readonly title: string }[];
    }
  | {
      readonly subject: "exit-code";
      readonly code: string;
      /** The exit status itself. */
      readonly exit: number;
      readonly when: string;
    }
  | {
      readonly subject: "check";
      readonly id: string;
      readonly title: string;
      readonly why: string;
      readonly severity: "warning" | "failure";
    };

export interface ExplainResult extends ResultHead<"ExplainResult"> {
  readonly topic: string;
  /** Of the titles, descriptions and reasons. */
  readonly language: Language;
  /** A check and a key of the values may have the same name. */
  readonly found: readonly Explanation[];
}

type ExplainPorts = FilePorts & Pick<ActionPorts, "target">;

/**
 * Says what a key of the values, an exit code or a check is about.
 * @throws UsageError when there is nothing of that name, with what is near
 */
export async function explain({ topic, language = "en" }: ExplainRequest, ports: ExplainPorts): Promise<ExplainResult> {
  const checks = await checksIn(language, ports);
  const found = [
    ...explainValue(topic, language, ports),
    ...exitCodes
      .filter(({ code, exit }) => code === topic.toUpperCase() || String(exit) === topic)
      .map(({ code, exit, when, zh }) => ({
        subject: "exit-code" as const,
        code,
        exit,
        when: language === "zh" ? zh : when,
      })),
    ...checks
      .filter(({ id }) => id === topic)
      .map(({ id, title, why, severity }) => ({ subject: "check" as const, id, title, why, severity })),
  ];
  if (found.length > 0) return { apiVersion: "slipway/v1", kind: "ExplainResult", topic, language, found };
  const near = suggestKey(topic, [...checks.map(({ id }) => id), ...exitCodes.map(({ code }) => code)]);
  throw new UsageError(`there is no value, exit code or check ${JSON.stringify(topic.slice(0, 80))}`, {
    hint:
      near === undefined
        ? (adviseOnPath(topic.split(".")) ?? "slipway values show names every value, slipway doctor --list every check")
        : `did you mean ${near}?`,
  });
}

function explainValue(topic: string, language: Language, { assets }: ExplainPorts): readonly Explanation[] {
  const path = topic.split(".");
  const key = findKey(path);
  if (key === undefined || path.includes("*")) return [];
  const wordsOf = readWords(language, assets);
  const words = wordsOf(path);
  // A name that is free has no words of its own.
  const { title = topic, description = "" } = words.title === undefined ? wordsOf(path.slice(0, -1)) : words;
  const defaults = readOwnValues("values/values.yaml", assets);
  const preset = valueAt(toPlainValue("value" in defaults ? defaults.value : parseValues(defaults, "defaults")), path);
  const below = listKeysBelow(path).filter((name) => name !== "*");
  const [example] = words.examples ?? [];
  return [
    {
      subject: "value",
      path: topic,
      title,
      description,
      allowed: words.allowed ?? key.allowed,
      ...(preset === undefined || below.length > 0 ? {} : { default: showValue(path, preset) }),
      ...(example === undefined ? {} : { example: showValue(path, example) }),
      keys: below.map((name) => ({ path: `${topic}.${name}`, title: wordsOf([...path, name]).title ?? name })),
    },
  ];
}

/** Looks up what is said of a key; in English what is not said in the language. */
function readWords(
  language: Language,
  assets: ExplainPorts["assets"],
): (path: readonly string[]) => SchemaWords & ChineseWords {
  const inEnglish = readSchemaWords(assets.readText("values/values.schema.json"));
  const inChinese = language === "zh" ? readChineseWords(assets.readText("values/values.zh.json")) : undefined;
  return (path) => ({ ...inEnglish(path), ...inChinese?.(path) });
}
