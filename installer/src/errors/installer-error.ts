import type { ErrorCode } from "./exit-codes.ts";

export interface InstallerErrorOptions {
  /** What the reader should do next. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  /** Further lines: findings, the last log lines, what was already done. */
  readonly details?: readonly string[] | undefined;
  /** The last lines that a program printed, and where all of them are. They are shown after what to do. */
  readonly output?: readonly string[] | undefined;
}

/** An error that a person can act on: a message that names the thing, a remedy and a documented exit code. */
export class InstallerError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: readonly string[];
  readonly output: readonly string[];

  constructor(code: ErrorCode, message: string, options: InstallerErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = options.hint;
    this.details = [...(options.details ?? [])];
    this.output = options.output ?? [];
  }
}

/** One error for several: the first, whose details tell what failed besides. */
export function joinFailures(failures: readonly [unknown, ...unknown[]]): unknown {
  const [first, ...others] = failures;
  if (others.length === 0) return first;
  const besides = others.flatMap((error) => [
    `also failed: ${error instanceof Error ? error.message : String(error)}`,
    ...(error instanceof InstallerError ? error.details : []),
  ]);
  if (!(first instanceof InstallerError)) {
    const message = first instanceof Error ? first.message : String(first);
    return new AggregateError(failures, [message, ...besides].join("; "), { cause: first });
  }
  // The error itself, because its class and its stack tell what happened first.
  (first.details as string[]).push(...besides);
  return first;
}

export class UsageError extends InstallerError {
  constructor(message: string, options?: InstallerErrorOptions) {
    super("USAGE", message, options);
  }
}

/** One problem in a values file. `line` and `column` are 1-based and absent when the value came from `--set` or defaults. */
export interface ValuesIssue {
  readonly path: string;
  readonly message: string;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

export class ValuesError extends InstallerError {
  readonly issues: readonly ValuesIssue[];

  constructor(issues: readonly ValuesIssue[], options?: InstallerErrorOptions) {
    const count = issues.length === 1 ? "1 problem" : `${issues.length} problems`;
    super("VALUES_INVALID", `the values have ${count}`, { details: issues.map(formatIssue), ...options });
    this.issues = issues;
  }
}

function formatIssue(issue: ValuesIssue): string {
  const place =
    issue.file === undefined
      ? ""
      : ` [${issue.file}${issue.line === undefined ? "" : `:${issue.line}:${issue.column ?? 1}`}]`;
  return `${issue.path === "" ? "(root)" : issue.path}: ${issue.message}${place}`;
}

export class PreflightError extends InstallerError {
  constructor(message: string, options?: InstallerErrorOptions) {
    super("PREFLIGHT_FAILED", message, options);
  }
}

export class RenderError extends InstallerError {
  constructor(message: string, options?: InstallerErrorOptions) {
    super("RENDER_FAILED", message, options);
  }
}

export class ApplyError extends InstallerError {
  constructor(message: string, options?: InstallerErrorOptions) {
    super("APPLY_FAILED", message, options);
  }
}

/** A program we started failed; carries its last lines. */
export class CommandError extends InstallerError {
  constructor(message: string, options?: InstallerErrorOptions) {
    super("APPLY_FAILED", message, options);
  }
}

export class TimeoutError extends InstallerError {
  constructor(message: string, options?: InstallerErrorOptions) {
    super("ROLLOUT_TIMEOUT", message, options);
  }
}

export class AbortError extends InstallerError {
  constructor(message: string, options?: InstallerErrorOptions) {
    super("ABORTED", message, options);
  }
}

export class WireError extends InstallerError {
  constructor(message: string, options?: InstallerErrorOptions) {
    super("WIRE_FAILED", message, options);
  }
}

/** A bundle or a part of one is not what it should be: digest, signature, structure. */
export class BundleError extends InstallerError {
  constructor(message: string, options?: InstallerErrorOptions) {
    super("BUNDLE_INVALID", message, options);
  }
}

/** Something that is to be handed out still holds a secret, or cannot be looked through for one. */
export class RedactionError extends InstallerError {
  constructor(message: string, options?: InstallerErrorOptions) {
    super("REDACTION_FAILED", message, options);
  }
}

export class RegistryError extends InstallerError {
  constructor(message: string, options?: InstallerErrorOptions) {
    super("REGISTRY_FAILED", message, options);
  }
}

export class PlanChangedError extends InstallerError {
  constructor(message: string, options?: InstallerErrorOptions) {
    super("PLAN_CHANGED", message, options);
  }
}

export class DataExpectedError extends InstallerError {
  constructor(message: string, options?: InstallerErrorOptions) {
    super("DATA_EXPECTED", message, options);
  }
}

export class LockedError extends InstallerError {
  constructor(message: string, options?: InstallerErrorOptions) {
    super("LOCKED", message, options);
  }
}

export class InterruptedError extends InstallerError {
  constructor(message: string, options?: InstallerErrorOptions) {
    super("INTERRUPTED", message, options);
  }
}

/** A value a closed union cannot hold: the code forgot a case. */
export class InternalError extends InstallerError {
  constructor(message: string, options?: InstallerErrorOptions) {
    super("INTERNAL", message, options);
  }
}

/**
 * Makes a switch over a union exhaustive at compile time.
 * @throws InternalError always, when a new case slipped through at run time
 */
export function assertNever(value: never): never {
  throw new InternalError(`unexpected case ${JSON.stringify(value)}`);
}
