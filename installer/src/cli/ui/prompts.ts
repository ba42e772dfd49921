import { type Ask, BackRequest } from "../../events/ask.ts";
import { AbortError } from "../../errors/installer-error.ts";
import { wrapWords } from "./format.ts";
import { createStyle } from "./style.ts";

/** Questions to a person. */
export interface Prompts extends Ask {
  /** False when nobody can answer. */
  readonly available: boolean;
  /** The same for questions that follow each other: each throws `BackRequest` where the one before is wanted. */
  readonly guided?: Ask;
  /** A secret, not shown; a new one is typed twice. Undefined where nobody can answer. */
  readonly secret?: (message: string, kind: "new" | "known") => Promise<string>;
}

/** Where a person reads and types. */
export interface PromptStreams {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

/** Prompts on the terminal; the library is loaded with the first question. */
export function terminalPrompts(signal: AbortSignal, terminal: PromptStreams): Prompts {
  const asked = askOn(terminal, (question) => question(signal));
  return { available: true, ...asked, guided: askOn(terminal, (question) => untilEscape(question, signal, terminal)) };
}

/** Choices that stand below each other before the list scrolls. */
const mostLines = 20;

/** Asks one question, which ends with the signal that it is given. */
type AskOnce = <Answer>(question: (signal: AbortSignal) => Promise<Answer>) => Promise<Answer>;

function askOn({ input, output }: PromptStreams, once: AskOnce): Ask & Required<Pick<Prompts, "secret">> {
  const load = () => import("@inquirer/prompts");
  const ask: AskOnce = (question) => answered(once(question));
  const at = (signal: AbortSignal) => ({ signal, input, output });
  /** The explanation goes above the question, so that what stays on the screen is the question and its answer. */
  const explain = (message: string): string => {
    const [title = "", ...about] = message.split("\n");
    const { columns, isTTY } = output;
    const style = createStyle(isTTY && process.env["NO_COLOR"] === undefined);
    const lines = wrapWords(about.join(" "), Math.min(columns || 80, 100) - 3);
    if (about.length > 0) output.write(`\n${lines.map((line) => `  ${style.dim(line)}\n`).join("")}`);
    return title;
  };
  return {
    confirm: async (message, preset) => {
      const { confirm } = await load();
      return ask((signal) => confirm({ message: explain(message), default: preset }, at(signal)));
    },
    input: async (message, options = {}) => {
      const { input: line } = await load();
      const validate = async (value: string) => (await options.check?.(value)) ?? true;
      const preset = options.default === undefined ? {} : { default: options.default };
      return ask((signal) => line({ message: explain(message), validate, ...preset }, at(signal)));
    },
    select: async (message, choices, preset) => {
      const { select } = await load();
      // A summary is read as a whole.
      const whole = { choices: [...choices], default: preset, pageSize: mostLines, loop: false };
      return ask((signal) => select({ message: explain(message), ...whole }, at(signal)));
    },
    choose: async (message, choices) => {
      const { checkbox } = await load();
      return ask((signal) => checkbox({ message: explain(message), choices: [...choices] }, at(signal)));
    },
    secret: async (message, kind) => {
      const { password } = await load();
      for (;;) {
        const first = await ask((signal) => password({ message: explain(message), mask: true }, at(signal)));
        if (kind === "known") return first;
        const again = await ask((signal) => password({ message: "the same again", mask: true }, at(signal)));
        if (first === again) return first;
        output.write("the two are not the same\n");
      }
    },
  };
}

/** @throws BackRequest when Escape is typed */
async function untilEscape<Answer>(
  question: (signal: AbortSignal) => Promise<Answer>,
  signal: AbortSignal,
  { input }: PromptStreams,
): Promise<Answer> {
  const back = new AbortController();
  const onKey = (_text: unknown, key: { readonly name?: string } | undefined): void => {
    if (key?.name === "escape") back.abort();
  };
  input.on("keypress", onKey);
  try {
    return await question(AbortSignal.any([signal, back.signal]));
  } catch (error) {
    if (back.signal.aborted) throw new BackRequest();
    throw error;
  } finally {
    input.off("keypress", onKey);
  }
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

/** Ctrl-C in a question ends the program with one line, no stack. */
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
