import type { ActionPorts } from "../../src/actions/context.ts";
import type { Assets } from "../../src/actions/assets.ts";
import type { Desired } from "../../src/actions/desired/desired.ts";
import {
  installFrom,
  type InstallRequest,
  type InstallResult,
  type InstallSources,
} from "../../src/actions/install/install.ts";
import { UsageError } from "../../src/errors/installer-error.ts";
import type { InstallerEvent } from "../../src/events/event.ts";
import { createPlatformPorts } from "../../src/platform/create-ports.ts";
import type { ComposeRendering } from "../../src/render/compose/compose-rendering.ts";
import { renderCompose } from "../../src/render/compose/render-compose.ts";
import { fixturePlan, type FixtureOptions } from "./fixture-plan.ts";

const noAssets: Assets = {
  readText: (path) => {
    throw new UsageError(`the fixture has no ${path}`);
  },
  listBelow: () => [],
  checkout: undefined,
  version: "0.0.0",
  builtAt: "2026-01-01T00:00:00Z",
};

/** Real adapters, with events handed to `report`. */
export function fixturePorts(
  options: {
    readonly report?: (event: InstallerEvent) => void;
    readonly signal?: AbortSignal;
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): ActionPorts {
  const environment = { ...process.env, ...options.env };
  return {
    ...createPlatformPorts(environment),
    assets: noAssets,
    environment,
    report: options.report ?? (() => undefined),
    signal: options.signal ?? new AbortController().signal,
  };
}

/** Plan and rendering of the fixture; its health is asked for ten times as often as a real platform's. */
export function fixtureDesired(options: FixtureOptions): Desired {
  const plan = fixturePlan(options);
  const rendering = renderCompose(plan, { startInterval: true });
  const given = options.given ?? "given-by-a-person";
  return {
    plan,
    rendering: fasterHealth(rendering),
    valuesText: JSON.stringify({ greeting: options.greeting ?? "hello", web: options.withoutWeb !== true, given }),
    given: (path) => (path === "app.given" ? given : undefined),
  };
}

function fasterHealth(rendering: ComposeRendering): ComposeRendering {
  const quicken = (part: string): string => part.replaceAll("start_interval: 1s", "start_interval: 100ms");
  const files = rendering.files.map((file) =>
    file.path === "compose.yaml"
      ? { ...file, contents: file.contents.map((part) => (typeof part === "string" ? quicken(part) : part)) }
      : file,
  );
  return { ...rendering, files };
}

export interface FixtureRequest extends FixtureOptions {
  readonly stateDir: string;
  readonly request?: Partial<InstallRequest>;
}

/** Installs the fixture as the real action installs a platform. */
export function installFixture(options: FixtureRequest, ports: ActionPorts): Promise<InstallResult> {
  const sources: InstallSources = {
    load: () => Promise.resolve(fixtureDesired(options)),
    preflight: () => Promise.resolve(),
    provideImages: () => Promise.resolve([]),
  };
  const values = { files: [], set: [], without: [] };
  return installFrom({ name: options.name, stateDir: options.stateDir, values, ...options.request }, ports, sources);
}
