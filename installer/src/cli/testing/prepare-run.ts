import { join } from "node:path";
import type { CliContext, CliIo } from "../context.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Prompts } from "../ui/prompts.ts";
import { recordReporter } from "../ui/reporter.ts";

export interface RunSetup {
  readonly engine?: Partial<Engine>;
  readonly io?: Partial<CliIo> & { readonly stdoutIsTTY?: boolean };
  readonly signal?: AbortSignal;
  readonly prompts?: Prompts;
}

export interface TestRun {
  readonly context: CliContext;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** What each action of the engine was asked, in order. */
  readonly requests: Readonly<Record<string, readonly unknown[]>>;
}

/** A command line with everything around it replaced: streams that collect, an engine that answers as told. */
export function prepareRun(folder: string, setup: RunSetup): TestRun {
  const out: string[] = [];
  const err: string[] = [];
  const requests: Record<string, unknown[]> = {};
  const { stdoutIsTTY = false, ...io } = setup.io ?? {};
  const engine = new Proxy({} as Engine, {
    ownKeys: () => Object.keys(setup.engine ?? {}),
    getOwnPropertyDescriptor: (_target, name) => ({
      configurable: true,
      enumerable: true,
      value: answer(String(name)),
    }),
    get: (_target, name) => answer(String(name)),
  });
  function answer(name: string): unknown {
    const action = setup.engine?.[name as keyof Engine] as ((request: unknown, scope: unknown) => unknown) | undefined;
    if (action === undefined) return undefined;
    return (request: unknown, scope: unknown) => {
      (requests[name] ??= []).push(request);
      return action(request, scope);
    };
  }
  const context: CliContext = {
    io: {
      stdout: { write: (text) => void out.push(text), isTTY: stdoutIsTTY, columns: 100 },
      stderr: { write: (text) => void err.push(text), isTTY: false, columns: 100 },
      stdinIsTTY: false,
      env: {},
      cwd: folder,
      isRoot: false,
      homeDir: join(folder, "home"),
      tempDir: join(folder, "tmp"),
      ...io,
    },
    signal: setup.signal ?? new AbortController().signal,
    engine,
    version: "1.2.3",
    now: () => new Date("2026-11-21T12:00:00Z"),
    track: recordReporter(),
    ...(setup.prompts !== undefined && { prompts: setup.prompts }),
    sleep: () => Promise.resolve(),
  };
  return { context, stdout: () => out.join(""), stderr: () => err.join(""), requests };
}
