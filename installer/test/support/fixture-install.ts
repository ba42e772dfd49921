import type { ActionPorts } from "../../src/actions/context.ts";
import type { Assets } from "../../src/actions/assets.ts";
import type { Desired } from "../../src/actions/desired/desired.ts";
import { installFrom, type InstallSources } from "../../src/actions/install/install.ts";
import type { InstallRequest, InstallResult } from "../../src/actions/install/install-request.ts";
import type { RollbackSources } from "../../src/actions/rollback/rollback.ts";
import { upgrade, type UpgradeResult } from "../../src/actions/upgrade/upgrade.ts";
import { UsageError } from "../../src/errors/installer-error.ts";
import type { InstallerEvent } from "../../src/events/event.ts";
import { planLive, type PlanResult } from "../../src/actions/plan/plan.ts";
import { openInstall } from "../../src/execute/state/install.ts";
import type { Docker } from "../../src/platform/ports.ts";
import type { Rendering } from "../../src/render/rendering.ts";
import type { Target } from "../../src/targets/target.ts";
import { realPorts } from "./real-ports.ts";
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

/** Real adapters, with events handed to `report`, and the engine itself for what a test does behind the program's back. */
export function fixturePorts(
  options: {
    readonly report?: (event: InstallerEvent) => void;
    readonly signal?: AbortSignal;
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): ActionPorts & { readonly docker: Docker } {
  const environment = { ...process.env, ...options.env };
  const real = realPorts(environment);
  return {
    ...real,
    target: withQuickHealth(real.target),
    assets: noAssets,
    environment,
    report: options.report ?? (() => undefined),
    signal: options.signal ?? new AbortController().signal,
  };
}

/** The health of what is rendered is asked for ten times as often as a real platform's. */
function withQuickHealth(target: Target): Target {
  return { ...target, render: async (plan, facts) => quicken(await target.render(plan, facts)) };
}

function quicken(rendering: Rendering): Rendering {
  const files = rendering.files.map((file) =>
    file.path === "compose.yaml"
      ? {
          ...file,
          contents: file.contents.map((part) =>
            typeof part === "string" ? part.replaceAll("start_interval: 1s", "start_interval: 100ms") : part,
          ),
        }
      : file,
  );
  return { ...rendering, files };
}

/** Plan and rendering of the fixture for a target. */
export async function fixtureDesired(options: FixtureOptions, target: Pick<Target, "render">): Promise<Desired> {
  const plan = fixturePlan(options);
  const given = options.given ?? "given-by-a-person";
  return {
    plan,
    rendering: await target.render(plan),
    valuesText: JSON.stringify({
      greeting: options.greeting ?? "hello",
      web: options.withoutWeb !== true,
      // Written as the fixture of 0.1.0 wrote it, where what that recorded is taken over.
      ...(options.as010 === true ? { given } : { app: { given } }),
    }),
    given: (path) => (path === "app.given" ? given : undefined),
  };
}

/** What an install of the fixture would change. */
export async function planFixture(
  options: FixtureOptions & { readonly stateDir: string },
  ports: ActionPorts,
): Promise<PlanResult> {
  return planLive(await fixtureDesired(options, ports.target), await openInstall(options, ports.fs), ports);
}

export interface FixtureRequest extends FixtureOptions {
  readonly stateDir: string;
  readonly request?: Partial<InstallRequest>;
  /** What a process of its own is to do with it; install it if absent. */
  readonly act?: "upgrade" | "undo";
}

/** Installs the fixture as the real action installs a platform. */
export function installFixture(
  options: FixtureRequest,
  ports: ActionPorts,
  changes: Partial<InstallSources> = {},
): Promise<InstallResult> {
  const sources: InstallSources = {
    openDesire: () => Promise.resolve(() => fixtureDesired(options, ports.target)),
    preflight: () => Promise.resolve(),
    provideImages: () => Promise.resolve({ unavailable: [] }),
    ...changes,
  };
  const values = { files: [], set: [], without: [] };
  return installFrom({ name: options.name, stateDir: options.stateDir, values, ...options.request }, ports, sources);
}

/** Takes the fixture to the version of the request as the real action takes a platform. */
export function upgradeFixture(
  options: FixtureRequest & { readonly version: string },
  ports: ActionPorts,
  changes: Partial<InstallSources> = {},
): Promise<UpgradeResult> {
  const { name, stateDir } = options;
  const assets = { ...ports.assets, version: options.version };
  const values = { files: [], set: [], without: [] };
  return upgrade({ name, stateDir, values }, { ...ports, assets }, (request, given) =>
    installFixture({ ...options, request: { ...request, skipVerify: true } }, given, changes),
  );
}

/** What a rollback of the fixture takes in place of real values, hosts and images. */
export function fixtureRollback(target: Pick<Target, "render">): RollbackSources {
  return {
    desire: async ({ plan, values }) => ({
      plan,
      rendering: await target.render(plan),
      valuesText: values,
      given: () => (JSON.parse(values) as { readonly app: { readonly given: string } }).app.given,
      valuesFiles: [],
    }),
    preflight: () => Promise.resolve(),
    provideImages: () => Promise.resolve({ unavailable: [] }),
  };
}
