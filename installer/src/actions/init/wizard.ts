import { AbortError } from "../../errors/installer-error.ts";
import { type Ask, type AnswerCheck, BackRequest, type Choice } from "../../events/ask.ts";

export type Answer = string | readonly string[];

/** Answers by the id of their question. */
export type Answers = ReadonlyMap<string, Answer>;

interface QuestionHead {
  /** What is decided: `domain`, `postgres.storage`. */
  readonly id: string;
  readonly title: string;
  /** What a person should know to answer. */
  readonly about?: string | undefined;
}

export type Question = QuestionHead &
  (
    | { readonly kind: "input"; readonly preset: string; readonly check?: AnswerCheck }
    | { readonly kind: "select"; readonly preset: string; readonly choices: readonly Choice[] }
    | { readonly kind: "choose"; readonly preset: readonly string[]; readonly choices: readonly Choice[] }
  );

export interface Wizard {
  /** The questions in their order; earlier answers decide which there are, and what is proposed. */
  readonly questions: (answers: Answers) => Promise<readonly Question[]>;
  /** What is wrong with all the answers together. */
  readonly problem: (answers: Answers) => string | undefined;
  /** What the answers are for: `write /home/me/values.yaml`. */
  readonly deed: string;
}

/**
 * Asks question by question, each with its place among them, until a person has seen all the answers together and agrees. The question
 * before can be had once more, and of the summary every one.
 * @throws AbortError when a question was not answered, or the summary declined
 */
export async function runWizard(ask: Ask, wizard: Wizard): Promise<Answers> {
  const answers = new Map<string, Answer>();
  /** Proposed where a question is asked once more. */
  const drafts = new Map<string, Answer>();
  const again = (id: string | undefined): void => {
    const answer = id === undefined ? undefined : answers.get(id);
    if (id === undefined || answer === undefined) return;
    drafts.set(id, answer);
    answers.delete(id);
  };
  for (;;) {
    const questions = await wizard.questions(answers);
    const index = await firstOpen(questions, answers);
    const [before, open] = [questions[index - 1]?.id, questions[index]];
    if (open === undefined) {
      // Answers to questions that others took away do not count.
      const counting = new Map(questions.map(({ id, preset }) => [id, answers.get(id) ?? preset]));
      const change = await orBack(askSummary(ask, wizard, questions, counting));
      if (change === undefined) return counting;
      again(change === back ? before : change);
      continue;
    }
    const place = `${index + 1} of ${questions.length}${index === 0 ? "" : ", Esc goes back"}`;
    const answer = await orBack(askOne(ask, open, place, drafts.get(open.id)));
    if (answer === back) again(before);
    else answers.set(open.id, answer);
  }
}

const back = Symbol("back");

/** The answer, or that the question before is wanted. */
async function orBack<T>(answer: Promise<T>): Promise<T | typeof back> {
  return answer.catch((error: unknown) => {
    if (error instanceof BackRequest) return back;
    throw error;
  });
}

/** An answer that another one made wrong counts as none. */
async function firstOpen(questions: readonly Question[], answers: Answers): Promise<number> {
  for (const [index, question] of questions.entries()) {
    const answer = answers.get(question.id);
    if (answer === undefined) return index;
    const check = question.kind === "input" ? question.check : undefined;
    if (typeof answer === "string" && (await check?.(answer)) !== undefined) return index;
  }
  return questions.length;
}

async function askOne(ask: Ask, question: Question, place: string, draft: Answer | undefined): Promise<Answer> {
  const { title, about } = question;
  const message = `${title} (${place})${about === undefined ? "" : `\n${about}`}`;
  switch (question.kind) {
    case "input": {
      const preset = typeof draft === "string" ? draft : question.preset;
      return ask.input(message, { default: preset, ...(question.check !== undefined && { check: question.check }) });
    }
    case "select": {
      const isOffered = question.choices.some(({ value }) => value === draft);
      return ask.select(message, question.choices, isOffered && typeof draft === "string" ? draft : question.preset);
    }
    case "choose": {
      const checked = Array.isArray(draft) ? (draft as readonly string[]) : question.preset;
      return ask.choose(
        message,
        question.choices.map((choice) => ({ ...choice, checked: checked.includes(choice.value) })),
      );
    }
  }
}

const write = "write";
const stop = "stop";

/** The id of the question to ask once more; undefined when all is as it should be. */
async function askSummary(
  ask: Ask,
  { problem, deed }: Wizard,
  questions: readonly Question[],
  answers: Answers,
): Promise<string | undefined> {
  const wrong = problem(answers);
  const rows = questions.map((question) => ({
    value: `change ${question.id}`,
    name: `${question.title}: ${shown(question, answers.get(question.id) ?? question.preset)}`,
  }));
  const choices = [
    ...(wrong === undefined ? [{ value: write, name: deed }] : []),
    ...rows,
    { value: stop, name: "stop here; nothing is written" },
  ];
  const about =
    wrong === undefined
      ? "Nothing is written yet. Choose an answer to change it."
      : `These answers do not go together: ${wrong}. Choose the one to change.`;
  const chosen = await ask.select(`Summary\n${about}`, choices, choices[0]?.value ?? stop);
  if (chosen === write) return undefined;
  if (chosen === stop) throw new AbortError("the summary was declined; nothing was written");
  return chosen.slice("change ".length);
}

/** An answer in the words in which it was offered. */
function shown(question: Question, answer: Answer): string {
  const nameOf = (value: string): string =>
    (question.kind === "input" ? undefined : question.choices.find((choice) => choice.value === value)?.name) ?? value;
  const words = typeof answer === "string" ? nameOf(answer) : answer.map(nameOf).join(", ");
  return words === "" ? "none" : words;
}
