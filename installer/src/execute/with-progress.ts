import { ApplyError, TimeoutError } from "../errors/installer-error.ts";

/** The error of a bring-up, with what had been done before it. */
export function withProgress(error: unknown, done: readonly string[]): unknown {
  const details = [`already done: ${done.length === 0 ? "nothing" : done.join(", ")}`];
  if (error instanceof ApplyError) {
    return new ApplyError(error.message, { hint: error.hint, details: [...error.details, ...details], cause: error });
  }
  if (error instanceof TimeoutError) {
    return new TimeoutError(error.message, { hint: error.hint, details: [...error.details, ...details], cause: error });
  }
  return error;
}
