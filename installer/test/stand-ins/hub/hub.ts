import { readFileSync } from "node:fs";
import { meetConditions, type Reach } from "./conditions.ts";
import type { Flags } from "./command-line.ts";
import type { Close } from "./enter.ts";
import { checkServerForms } from "./forms.ts";
import { at, empty, json, listen, type Route } from "./http.ts";
import type { Log } from "./log.ts";
import { initialise, migrate, serverMigrations } from "./migrations.ts";
import { answerPreview } from "./previews.ts";
import { probeRoute, serverUses } from "./probe.ts";
import { type Program, programs } from "./programs.ts";
import { dsnOf } from "./reach.ts";
import { openRedis, whileLocked } from "./redis.ts";
import { serverRoutes } from "./server-routes.ts";
import { serverSettings } from "./server-settings.ts";
import { type Environment, readSettings, type Settings } from "./settings.ts";
import { answerCallback } from "./sign-in.ts";
import { rowsOf } from "./dataset-rows.ts";
import { StartRefusal } from "./start-refusal.ts";
import { withDatabase } from "./with-database.ts";
import { startWorkers } from "./workers.ts";

export interface HubOptions {
  readonly environment: Environment;
  readonly reach: Reach;
  readonly log: Log;
}

/**
 * Runs a command of the hub's binary.
 * @returns how to end it, of one that goes on.
 * @throws {StartRefusal} wherever the real one ends, or the stand-in is stricter.
 */
export async function runHub(path: string, flags: Flags, options: HubOptions): Promise<Close | undefined> {
  const settings = readSettings(serverSettings, options.environment, readFile(flags.config));
  if (path.startsWith("migration ")) {
    await runMigration(path, settings, options);
    return undefined;
  }
  const program = programs.find((candidate) => candidate.path === path);
  if (program === undefined) throw new TypeError(`no program is called ${path}`);
  checkServerForms(settings, program.uses);
  await meetConditions(program, settings, options.reach);
  return serve(program, settings, options);
}

function readFile(path: string): string {
  if (path === "") return "";
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new StartRefusal(`open ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function serve(program: Program, settings: Settings, { environment, log }: HubOptions): Promise<Close> {
  const { port: variable, queues = [] } = program;
  const endWork = queues.length === 0 ? undefined : await startWorkers(queues, settings, log);
  if (variable === undefined) return endWork ?? (() => Promise.resolve());
  const port = settings.number(variable);
  const uses = serverUses(settings, program.uses, environment);
  const routes = [
    ...(program.healthz === true ? [at("GET", "/healthz", () => empty(200))] : []),
    at("GET", "/metrics", () => ({ ...empty(200, { "Content-Type": "text/plain" }), body: "stand_in_up 1\n" })),
    probeRoute(settings.text("STARHUB_SERVER_API_TOKEN"), uses),
    ...(routesOf[program.path]?.(settings, environment) ?? []),
  ];
  const close = await listen(port, routes, log);
  return async () => {
    await endWork?.();
    await close();
  };
}

const routesOf: Readonly<Record<string, (settings: Settings, environment: Environment) => readonly Route[]>> = {
  "start server": serverRoutes,
  "user launch": (settings, environment) => [
    at("GET", "/api/v1/callback/casdoor", (exchange) => answerCallback(exchange, settings, environment)),
  ],
  "dataviewer launch": (settings, environment) => [
    (exchange) => answerPreview(exchange, environment, rowsOf(settings, environment)),
  ],
  "aigateway launch": () => [
    at("GET", "/v1/models", () => json(200, { object: "list", data: null, has_more: false, total_count: 0 })),
  ],
};

/** Both steps take a lock in Redis and do not wait for it. */
async function runMigration(path: string, settings: Settings, { reach, log }: HubOptions): Promise<void> {
  checkServerForms(settings, ["platform", "database", "redis"]);
  await meetConditions(migrationConditions(path), settings, reach);
  const redis = await openRedis(settings);
  try {
    const name = path.replace(" ", "_");
    const work = path === "migration init" ? initialise : changeTables(log);
    await whileLocked(redis, name, () => withDatabase(dsnOf(settings), work));
  } finally {
    redis.destroy();
  }
}

function migrationConditions(path: string): Program {
  return {
    path,
    uses: [],
    conditions: [
      ["database", "initializing DB connection: pinging pg database"],
      ["redis", "initializing redis"],
    ],
  };
}

function changeTables(log: Log): (client: Parameters<typeof initialise>[0]) => Promise<void> {
  return async (client) => {
    const done = await migrate(client, serverMigrations).catch((error: unknown) => {
      throw new StartRefusal(error instanceof Error ? error.message : String(error));
    });
    log(
      done.length === 0
        ? "there are no new migrations to run (database is up to date)"
        : `migrated: ${done.join(", ")}`,
    );
  };
}
