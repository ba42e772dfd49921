/** Every exit code the program can end with, with its code name, class and meaning. The docs page is generated from it. */
export const exitCodes = [
  { exit: 0, code: "OK", errorClass: "-", when: "the change happened, or there was nothing to do" },
  {
    exit: 1,
    code: "INTERNAL",
    errorClass: "InternalError",
    when: "a defect of Slipway; the log file has the stack trace",
  },
  { exit: 2, code: "USAGE", errorClass: "UsageError", when: "wrong flags or arguments" },
  {
    exit: 3,
    code: "VALUES_INVALID",
    errorClass: "ValuesError",
    when: "the values break the schema or a rule between fields; every problem is listed",
  },
  {
    exit: 4,
    code: "PREFLIGHT_FAILED",
    errorClass: "PreflightError",
    when: "host, Docker, disk, ports or versions are not ready, or doctor found failures; nothing was changed",
  },
  { exit: 5, code: "RENDER_FAILED", errorClass: "RenderError", when: "the plan cannot be expressed on this target" },
  {
    exit: 6,
    code: "APPLY_FAILED",
    errorClass: "ApplyError",
    when: "the engine refused a change or a command failed; says which component and what was already applied",
  },
  {
    exit: 7,
    code: "ROLLOUT_TIMEOUT",
    errorClass: "TimeoutError",
    when: "a component was not healthy before the deadline, or status found one unhealthy",
  },
  {
    exit: 8,
    code: "BUNDLE_INVALID",
    errorClass: "BundleError",
    when: "a bundle is unsigned, signed by a key that is not trusted, damaged, incomplete, or for another platform or base",
  },
  {
    exit: 9,
    code: "REDACTION_FAILED",
    errorClass: "RedactionError",
    when: "a support bundle still held a secret, or could not be looked through for one; it was deleted",
  },
  {
    exit: 10,
    code: "ABORTED",
    errorClass: "AbortError",
    when: "a question was declined, or needed an answer without a terminal",
  },
  { exit: 12, code: "WIRE_FAILED", errorClass: "WireError", when: "verify found a connection that does not work" },
  { exit: 13, code: "REGISTRY_FAILED", errorClass: "RegistryError", when: "a registry refused a push or a pull" },
  {
    exit: 14,
    code: "PLAN_CHANGED",
    errorClass: "PlanChangedError",
    when: "the plan is not the one that was agreed, or plan --exit-code found changes, or status --drift something that is not as it was installed",
  },
  {
    exit: 15,
    code: "DATA_EXPECTED",
    errorClass: "DataExpectedError",
    when: "a store is empty where data was recorded",
  },
  { exit: 75, code: "LOCKED", errorClass: "LockedError", when: "another run holds the lock; it is named" },
  {
    exit: 130,
    code: "INTERRUPTED",
    errorClass: "InterruptedError",
    when: "Ctrl-C; the step in hand was finished or undone",
  },
] as const;

export type ErrorCode = (typeof exitCodes)[number]["code"];

/** The exit status of an error code. */
export function exitStatusOf(code: ErrorCode): number {
  return exitCodes.find((row) => row.code === code)?.exit ?? 1;
}
