import type { Command } from "commander";
import type { Report } from "../events/event.ts";
import type { CliContext } from "./context.ts";
import type { Engine } from "../engine/engine.ts";
import type { JsonOutput } from "./json-output.ts";
import type { Manner, Selection } from "./global-options.ts";
import type { Prompts } from "./ui/prompts.ts";
import type { Style } from "./ui/style.ts";

/** What a command's body works with once its line is parsed. */
export interface Session {
  readonly engine: BoundEngine;
  readonly selection: Selection;
  readonly manner: Manner;
  readonly context: CliContext;
  readonly prompts: Prompts;
  readonly report: Report;
  /** Colours for standard output. */
  readonly style: Style;
  /** Width of the terminal that results are read on; undefined in a pipe, where nothing is cut or wrapped. */
  readonly columns: number | undefined;
  /** Writes result data as it is, ending with a line end. */
  print(text: string): void;
  /** Writes to a person, with commands as they have to be typed here. */
  tell(text: string): void;
  /** Writes result data for a program, as it is. */
  printJson(value: JsonOutput): void;
  /** The same on one line, where many follow each other. */
  printJsonLine(value: JsonOutput): void;
  /** Writes a result for a program, with commands as they have to be typed here: what a person would be told. */
  tellJson(value: JsonOutput, options?: { readonly onOneLine: boolean }): void;
}

/** The engine with reporter and signal already handed over. */
export type BoundEngine = {
  readonly [Name in keyof Engine]: (request: Parameters<Engine[Name]>[0]) => ReturnType<Engine[Name]>;
};

/** A command's body: resolves with an exit status when it is not 0. */
export type Body = (session: Session) => Promise<number | undefined>;

/** What command declarations are given. */
export interface Runtime {
  readonly context: CliContext;
  /** Help that nobody asked for; to standard error without it. */
  readonly writeUnasked?: (text: string) => void;
  /** What stands behind `--` on the command line. */
  readonly programArguments: readonly string[];
  /** Runs a body with its session opened and closed around it. */
  perform(command: Command, body: Body): Promise<void>;
}

/** The selection as actions take it. */
export function toTarget(selection: Selection): { readonly name: string; readonly stateDir: string } {
  return { name: selection.name, stateDir: selection.stateDir };
}

/** The values part of the selection as actions take it. */
export function toValuesSelection(selection: Selection) {
  return {
    files: selection.files,
    set: selection.set,
    without: selection.without,
    ...(selection.profile !== undefined && { profile: selection.profile }),
    ...(selection.files.length === 0 && { ownFile: selection.ownFile }),
    ...(selection.resetValues && { reset: true }),
    ...(selection.lock !== undefined && { lock: selection.lock }),
  };
}
