/** A failure with the likely cause in plain words and what to look at. */
export class ToolboxError extends Error {
  readonly advice: string | undefined;

  constructor(message: string, options: { readonly advice?: string; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ToolboxError";
    this.advice = options.advice;
  }
}

/** A refusal that had to happen did not: the wire is open to somebody it must be closed to. */
export class NotRefusedError extends ToolboxError {
  constructor(message: string, advice: string) {
    super(message, { advice });
    this.name = "NotRefusedError";
  }
}

/** The document does not have the shape of the contract; lists everything that is wrong. */
export class DocumentError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.name = "DocumentError";
    this.problems = problems;
  }
}

/** The server a job needs did not answer in time. */
export class ServerWaitError extends ToolboxError {
  constructor(message: string, options: { readonly advice?: string; readonly cause?: unknown }) {
    super(message, options);
    this.name = "ServerWaitError";
  }
}

/** The one line that tells what an unknown thrown value says. */
export function errorText(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") {
    return error.errors.map(errorText).join("; ");
  }
  if (!(error instanceof Error)) return String(error);
  const text = error.message === "" ? error.name : error.message;
  return text.replaceAll(/\s*\n\s*/g, " ");
}

/** Called where a union is handled completely; fails to compile when a member is added. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value ${JSON.stringify(value)}`);
}
