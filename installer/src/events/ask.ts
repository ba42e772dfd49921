export interface Choice {
  readonly value: string;
  readonly name: string;
  readonly description?: string;
  readonly checked?: boolean;
}

/** What a question throws in place of an answer where a person wants the question before once more. */
export class BackRequest extends Error {
  constructor() {
    super("back to the question before");
    this.name = "BackRequest";
  }
}

/** What is wrong with an answer, or undefined. */
export type AnswerCheck = (value: string) => string | undefined | Promise<string | undefined>;

/** Questions to a person; what follows the first line of a message explains it. `cli/` answers them on a terminal, tests from a list. */
export interface Ask {
  confirm(message: string, defaultAnswer: boolean): Promise<boolean>;
  input(message: string, options?: { readonly default?: string; readonly check?: AnswerCheck }): Promise<string>;
  select(message: string, choices: readonly Choice[], defaultValue: string): Promise<string>;
  choose(message: string, choices: readonly Choice[]): Promise<readonly string[]>;
}
