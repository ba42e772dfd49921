import { CommandError, PreflightError } from "../errors/installer-error.ts";
import { findBuildCause } from "./build-causes.ts";
import { readFailedOutput, reasonOf } from "./build-output.ts";

/** What is known about a failed build and the others of the same run. */
export interface FailedBuild {
  readonly name: string;
  /** Its whole output, as BuildKit printed it. */
  readonly lines: readonly string[];
  /** Where that is kept; undefined where it could not be written. */
  readonly logFile: string | undefined;
  /** Images that were built before it failed. */
  readonly built: readonly string[];
  /** Images whose build was cut off because of it. */
  readonly cutOff: readonly string[];
}

const linesShown = 20;
const longestStep = 80;

/** What the output of a program that makes an image says about its failure. */
export interface ExplainedFailure {
  /** In a few words. */
  readonly cause: string;
  /** Undefined where the cause is only known in the output's own words. */
  readonly remedy: string | undefined;
  readonly step: string | undefined;
  /** The last lines of what failed. */
  readonly said: readonly string[];
  readonly lacksBuilder: boolean;
}

export function explainFailure(lines: readonly string[]): ExplainedFailure {
  const output = readFailedOutput(lines);
  const known = findBuildCause(output);
  return {
    cause: withoutPasswords(known?.cause ?? reasonOf(output)),
    remedy: known?.remedy,
    step: output.step,
    said: output.said.slice(-linesShown).map(withoutPasswords),
    lacksBuilder: known?.lacksBuilder === true,
  };
}

/** The error of a failed build: the cause, where it happened, what to do, and only then what was printed. */
export function buildFailure(failed: FailedBuild): Error {
  const { name, lines, logFile } = failed;
  const { cause, remedy, step, said, lacksBuilder } = explainFailure(lines);
  const place = step === undefined ? "" : ` at step ${shorten(step)}`;
  const again = `run \`slipway images build ${name}\` once the cause is removed`;
  const message = `${cause}: building the image ${name} failed${place}`;
  const options = {
    hint: remedy === undefined ? again : `${remedy}; then ${again}`,
    details: keptOf(failed),
    output: [...said, ...(logFile === undefined ? [] : [`all of its output: ${logFile}`])],
  };
  return lacksBuilder ? new PreflightError(message, options) : new CommandError(message, options);
}

/** A mirror's or proxy's address may carry a password. */
export function withoutPasswords(text: string): string {
  return text.replace(/\/\/[^/\s"'@]*@/g, "//***@");
}

function shorten(step: string): string {
  return step.length <= longestStep ? step : `${step.slice(0, longestStep)}…`;
}

function keptOf({ built, cutOff }: FailedBuild): readonly string[] {
  return [
    ...(built.length === 0 ? [] : [`built and kept: ${built.join(", ")}`]),
    ...(cutOff.length === 0
      ? []
      : [`stopped with it: ${cutOff.join(", ")}; what they had compiled is kept for the next run`]),
  ];
}
