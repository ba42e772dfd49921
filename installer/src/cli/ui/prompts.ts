import type { Ask } from "../../events/ask.ts";
import { AbortError } from "../../errors/installer-error.ts";
import { wrapWords } from "./format.ts";
import { createStyle } from "./style.ts";

/** Questions to a person. */
export interface Prompts extends Ask {
  /** False when nobody can answer. */
  readonly available: boolean;
  /** A secret, not shown; a new one is typed twice. Undefined where nobody can answer. */
  readonly secret?: (message: string, kind: "new" | "known") => Promise<string>;
}

/** Prompts on the terminal; the library is loaded with the first question. */
export function terminalPrompts(signal: AbortSignal): Prompts {
  // Questions go to standard error: standard output belongs to results.
  const context = { signal, output: process.stderr };
  const load = () => import("@inquirer/prompts");
  /** The explanation goes above the question, so that what stays on the screen is the question and its answer. */
  const explain = (message: string): string => {
    const [title = "", ...about] = message.split("\n");
    const { columns, isTTY } = process.stderr;
    const style = createStyle(isTTY && process.env["NO_COLOR"] === undefined);
    const lines = wrapWords(about.join(" "), Math.min(columns || 80, 100) - 3);
    if (about.length > 0) process.stderr.write(`\n${lines.map((line) => `  ${style.dim(line)}\n`).join("")}`);
    return title;
  };
  return {
    available: true,
    confirm: async (message, defaultAnswer) =>
      answered((await load()).confirm({ message: explain(message), default: defaultAnswer }, context)),
    input: async (message, options = {}) =>
      answered(
        (await load()).input(
          {
            message: explain(message),
            ...(options.default !== undefined && { default: options.default }),
            validate: (value) => options.check?.(value) ?? true,
          },
          context,
        ),
      ),
    select: async (message, choices, defaultValue) =>
      answered(
        (await load()).select({ message: explain(message), choices: [...choices], default: defaultValue }, context),
      ),
    choose: async (message, choices) =>
      answered((await load()).checkbox({ message: explain(message), choices: [...choices] }, context)),
    secret: async (message, kind) => {
      const { password } = await load();
      for (;;) {
        const first = await answered(password({ message: explain(message), mask: true }, context));
        if (kind === "known") return first;
        const again = await answered(password({ message: "the same again", mask: true }, context));
        if (first === again) return first;
        process.stderr.write("the two are not the same\n");
      }
    },
  };
}

/**
 * Prompts for a run nobody can answer: each names the flag that answers instead.
 * @throws AbortError for every question
 */
export function absentPrompts(): Prompts {
  const refuse = (message: string): never => {
    throw new AbortError(`this needs an answer and standard input is no terminal: ${message.split("\n")[0]}`, {
      hint: "give the answer on the command line; --yes answers yes",
    });
  };
  return {
    available: false,
    confirm: async (message) => Promise.resolve().then(() => refuse(message)),
    input: async (message) => Promise.resolve().then(() => refuse(message)),
    select: async (message) => Promise.resolve().then(() => refuse(message)),
    choose: async (message) => Promise.resolve().then(() => refuse(message)),
  };
}

/** Ctrl-C and Escape in a question end the program with one line, no stack. */
async function answered<Answer>(question: Promise<Answer>): Promise<Answer> {
  try {
    return await question;
  } catch (error) {
    if (error instanceof Error && (error.name === "ExitPromptError" || error.name === "AbortPromptError")) {
      throw new AbortError("the question was not answered; nothing was changed", { cause: error });
    }
    throw error;
  }
}
