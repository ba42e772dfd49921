export interface Choice {
  readonly value: string;
  readonly name: string;
  readonly description?: string;
  readonly checked?: boolean;
}

/** Questions to a person; what follows the first line of a message explains it. `cli/` answers them on a terminal, tests from a list. */
export interface Ask {
  confirm(message: string, defaultAnswer: boolean): Promise<boolean>;
  /** `check` says what is wrong with an answer, or undefined. */
  input(
    message: string,
    options?: { readonly default?: string; readonly check?: (value: string) => string | undefined },
  ): Promise<string>;
  select(message: string, choices: readonly Choice[], defaultValue: string): Promise<string>;
  choose(message: string, choices: readonly Choice[]): Promise<readonly string[]>;
}
