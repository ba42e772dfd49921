import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { sendHttp } from "../../../../toolbox/src/http-request.ts";
import type { Login } from "../../../../toolbox/src/postgres-client.ts";
import { urlProblem } from "../../../../toolbox/src/url-problem.ts";
import type { Close } from "../hub/enter.ts";
import { at, json, listen } from "../hub/http.ts";
import type { Log } from "../hub/log.ts";
import { probeRoute, type Uses } from "../hub/probe.ts";
import type { Environment } from "../hub/settings.ts";
import { StartRefusal } from "../hub/start-refusal.ts";
import { withDatabase } from "../hub/with-database.ts";
import type { DataTool, Form } from "./tools.ts";

/**
 * Runs a program as its image would: it makes its tables, and then serves. Stricter than the real one, which takes places of its makers for
 * what it was not told.
 * @returns how to end it.
 * @throws {StartRefusal} for another command line, a variable that is missing or malformed, a database that does not let it in, a directory
 *   that it may not write to.
 */
export async function runDataTool(
  tool: DataTool,
  words: readonly string[],
  environment: Environment,
  log: Log,
): Promise<Close> {
  checkSettings(tool, words, environment);
  const login = loginOf(tool, environment);
  await withDatabase(login, (client) =>
    client.query("CREATE TABLE IF NOT EXISTS slipway_stand_in (started timestamptz NOT NULL DEFAULT now())"),
  ).catch((error: unknown) => refuse("Failed to initialize application", error));
  for (const folder of tool.writes) await requireWritable(folder);
  return listen(
    Number(environment[tool.port]),
    [
      at("GET", tool.answers, () => json(200, { status: "UP" })),
      probeRoute(login.password, usesOf(tool, environment, login)),
    ],
    log,
  );
}

/** @throws {StartRefusal} */
export function checkSettings(tool: DataTool, words: readonly string[], environment: Environment): void {
  if (!isDeepStrictEqual(words, tool.words)) throw new StartRefusal(`nobody starts ${tool.name} ${words.join(" ")}`);
  const required: Readonly<Record<string, Form>> = {
    ...tool.required,
    ...Object.fromEntries(Object.values(tool.database).map((name): [string, Form] => [name, "text"])),
    [tool.database.port]: "port",
    PGSSLMODE: ["disable", "require", "verify-ca", "verify-full"],
  };
  for (const [name, form] of Object.entries(required)) {
    const value = environment[name];
    if (value === undefined) throw new StartRefusal(`${name} is not set`);
    const problem = problemOf(form, value);
    if (problem !== undefined) throw new StartRefusal(`${name} ${problem}`);
  }
}

function problemOf(form: Form, value: string): string | undefined {
  if (typeof form !== "string") return form.includes(value) ? undefined : `is none of ${form.join(", ")}`;
  switch (form) {
    case "url":
      return value.endsWith("/") ? "ends in a slash" : urlProblem(value, ["http:", "https:"], false);
    case "port":
      return /^[1-9]\d{0,4}$/.test(value) ? undefined : "is no port";
    case "path":
      return value.startsWith("/") ? undefined : "is no absolute path";
    case "key":
      return value.length >= 32 ? undefined : "is too short for a key";
    case "text":
      return value === "" ? "is empty" : undefined;
    case "empty":
      return value === "" ? undefined : "leads out of the platform";
  }
}

/** As libpq takes them. */
function loginOf({ database: names }: DataTool, environment: Environment): Login {
  const mode = environment["PGSSLMODE"];
  const caFile = environment["PGSSLROOTCERT"];
  return {
    host: environment[names.host] ?? "",
    port: `${Number(environment[names.port])}`,
    user: environment[names.user] ?? "",
    password: environment[names.password] ?? "",
    database: environment[names.database] ?? "",
    tls: mode === "disable" ? "off" : mode === "require" ? "require" : "verify",
    ...(caFile === undefined ? {} : { caFile }),
  };
}

function usesOf({ asks }: DataTool, environment: Environment, login: Login): Uses {
  const caFile = environment["REQUESTS_CA_BUNDLE"];
  const asked = async (url: string): Promise<void> => {
    const { status } = await sendHttp({ url, caFile });
    if (status !== 200) throw new Error(`${url} answers ${status}`);
  };
  return {
    database: () => withDatabase(login, (client) => client.query("SELECT count(*) FROM slipway_stand_in")),
    ...Object.fromEntries(
      Object.entries(asks).map(([name, path]) => [name, () => asked(`${environment[name] ?? ""}${path}`)]),
    ),
  };
}

async function requireWritable(folder: string): Promise<void> {
  const file = join(folder, ".stand-in");
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(file, "");
    await rm(file);
  } catch (error) {
    refuse(`cannot write to ${folder}`, error);
  }
}

function refuse(before: string, error: unknown): never {
  throw new StartRefusal(`${before}: ${error instanceof Error ? error.message : String(error)}`);
}
