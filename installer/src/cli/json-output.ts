import type { Command } from "commander";
import type { S3Change, S3Entry, S3Object } from "../../../toolbox/src/contract.ts";
import type { Serving } from "../actions/bundle/bundle-serve.ts";
import type { ResultHead } from "../actions/context.ts";
import type { LogsResult } from "../actions/logs/logs.ts";
import type { AlertRulesResult } from "../actions/metrics/alert-rules.ts";
import type { ServingMetrics } from "../actions/metrics/serve-metrics.ts";
import type { Engine } from "../engine/engine.ts";
import type { ErrorResult } from "./print-error.ts";

/**
 * Everything that `--json` prints: `scripts/generate.ts` writes a JSON Schema of each kind into `docs/json/`, with the comments of these
 * types as its descriptions. What is not among them cannot be printed.
 */
export type JsonOutput =
  | EngineOutput
  | LogLine
  | CompletionResult
  | BundleServing
  | MetricsServing
  | AlertRulesResult
  | S3Entry
  | S3Object
  | S3Change
  | ErrorResult;

/** Lines are printed as they come, and what counts them is not. */
type EngineOutput = Exclude<Extract<Awaited<ReturnType<Engine[keyof Engine]>>, { readonly kind: string }>, LogsResult>;

/** A line of a component's log. Each stands on a line of its own. */
export interface LogLine extends ResultHead<"LogLine"> {
  readonly component: string;
  readonly line: string;
}

/** A completion script. */
export interface CompletionResult extends ResultHead<"CompletionResult"> {
  readonly shell: "bash" | "zsh" | "fish";
  /** The whole script, to be read by the shell. */
  readonly script: string;
}

/** Printed on a line of its own once clients are answered. */
export interface BundleServing extends ResultHead<"BundleServing">, Serving {}

/** Printed on a line of its own once Prometheus is answered. */
export interface MetricsServing extends ResultHead<"MetricsServing">, ServingMetrics {}

/** The kinds that a command prints when it ends well. */
export type JsonKind = Exclude<JsonOutput["kind"], "Error">;

const kinds = new WeakMap<Command, readonly JsonKind[]>();

/** Says which kinds a command prints with `--json`, for the documentation and for tests. */
export function printsJson(command: Command, list: readonly JsonKind[]): void {
  kinds.set(command, list);
}

/** The kinds that a command declared; none of a group of commands. */
export function jsonKindsOf(command: Command): readonly JsonKind[] {
  return kinds.get(command) ?? [];
}
