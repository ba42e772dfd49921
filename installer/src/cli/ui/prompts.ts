import type { Ask } from "../../events/ask.ts";
import { AbortError } from "../../errors/installer-error.ts";

/** Questions to a person. */
export interface Prompts extends Ask {
  /** False when nobody can answer. */
  readonly available: boolean;
}

/** Prompts on the terminal; the library is loaded with the first question. */
export function terminalPrompts(signal: AbortSignal): Prompts {
  // Questions go to standard error: standard output belongs to results.
  const context = { signal, output: process.stderr };
  const load = () => import("@inquirer/prompts");
  return {
    available: true,
    confirm: async (message, defaultAnswer) =>
      answered((await load()).confirm({ message, default: defaultAnswer }, context)),
    input: async (message, options = {}) =>
      answered(
        (await load()).input(
          {
            message,
            ...(options.default !== undefined && { default: options.default }),
            validate: (value) => options.check?.(value) ?? true,
          },
          context,
        ),
      ),
    select: async (message, choices, defaultValue) =>
      answered((await load()).select({ message, choices: [...choices], default: defaultValue }, context)),
    choose: async (message, choices) => answered((await load()).checkbox({ message, choices: [...choices] }, context)),
  };
}

/**
 * Prompts for a run nobody can answer: each names the flag that answers instead.
 * @throws AbortError for every question
 */
export function absentPrompts(): Prompts {
  const refuse = (message: string): never => {
    throw new AbortError(`this needs an answer and standard input is no terminal: ${message}`, {
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
