import { plainLine, shortStep } from "./build-lines.ts";

/** What BuildKit's plain progress tells of a build that failed. */
export interface FailedOutput {
  /** The step of the Dockerfile that failed: `[build 2/3] RUN build-go program minio`. */
  readonly step: string | undefined;
  /** What that step printed, without clock; where no step failed, everything that was printed. */
  readonly said: readonly string[];
  /** What BuildKit says itself, without the command line that it repeats: the step's failure, then the whole build's. */
  readonly verdicts: readonly string[];
}

/** Reads the output of a failed build. Steps run side by side: what others printed last is not the reason. */
export function readFailedOutput(raw: readonly string[]): FailedOutput {
  // What is cut off because of it comes later.
  const failure = raw.map((line) => /^#(\d+) ERROR: (.*)$/.exec(line)).find((match) => match !== null);
  const [, number, error = ""] = failure ?? [];
  const end = raw.findLast((line) => line.startsWith("ERROR: "))?.slice("ERROR: ".length) ?? "";
  const verdicts = [error, end].map(withoutCommand).filter((text) => text !== "");
  const own = number === undefined ? [] : raw.filter((line) => line.startsWith(`#${number} `));
  const said = own.filter((line) => /^#\d+ \d+\.\d+ /.test(line)).map(withoutClock);
  return {
    step: own.map(shortStep).find((step) => step !== undefined),
    said: said.length > 0 ? said : raw.filter(isOfStep).map(withoutClock),
    verdicts: [...new Set(verdicts)],
  };
}

function withoutClock(line: string): string {
  return plainLine(line).replace(/^\d+\.\d+ /, "");
}

/** BuildKit wraps the reason in the whole command line of the step, in which anything may stand. */
function withoutCommand(verdict: string): string {
  return verdict
    .replace(/^failed to solve: /, "")
    .replace(/^process ".*" did not complete successfully: /s, "")
    .replace(/^failed to solve: /, "");
}

/** Not BuildKit's own words: its verdict, its marks and the excerpt of the Dockerfile that it repeats at the end. */
function isOfStep(line: string): boolean {
  return (
    !/^(?:ERROR|WARNING|CANCELED|DONE|CACHED|Dockerfile:\d+|-{4,}|\s*\d+ \|| > \[)/.test(plainLine(line)) &&
    line.trim() !== ""
  );
}

/** Whether a verdict says no more than that the step ended badly. */
function isExitStatus(verdict: string): boolean {
  return /^exit code: \d+$/.test(verdict);
}

/**
 * The reason in the output's own words: the end of what BuildKit says, and where that is only an exit status, the last line that the
 * step printed.
 */
export function reasonOf({ said, verdicts }: FailedOutput): string {
  const verdict = verdicts.findLast((text) => !isExitStatus(text));
  if (verdict !== undefined) return lastClauses(verdict);
  return said.at(-1) ?? verdicts.at(-1) ?? "it printed nothing";
}

/** The last clause, with those before it as long as all are short. */
function lastClauses(text: string): string {
  const clauses = text.split(": ");
  let kept = clauses.pop() ?? "";
  for (let clause = clauses.pop(); clause !== undefined && `${clause}: ${kept}`.length <= 120; clause = clauses.pop()) {
    kept = `${clause}: ${kept}`;
  }
  return kept;
}
