import { existsSync, readFileSync } from "node:fs";
import type { Server } from "node:http";
import { join } from "node:path";
import { parseAppConf, readSettings, type Settings } from "./app-conf.ts";
import { createBuiltIns } from "./built-ins.ts";
import { type DataSource, parseDataSource } from "./data-source.ts";
import { applyInitData } from "./init-data.ts";
import { createStandIn } from "./server.ts";
import { parseRedisEndpoint } from "./redis-endpoint.ts";
import { RedisSessions } from "./redis-sessions.ts";
import { FileSessions, type Sessions } from "./sessions.ts";
import type { Store } from "./store.ts";

export interface StartOptions {
  /** Working directory: `conf/app.conf` and `tmp` are looked for in it, as Casdoor does. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly openStore: (source: DataSource) => Store;
  /** Sessions in files below a directory; tests hand in others. */
  readonly openFiles?: (directory: string) => Sessions;
  readonly now: () => Date;
  readonly log: (line: string) => void;
}

export interface Running {
  readonly port: number;
  readonly store: Store;
  /** Ends the server and what it holds open. */
  readonly close: () => Promise<void>;
}

/**
 * Starts in Casdoor's order: configuration, tables, what it makes by itself, `init_data.json`, then the port.
 * @throws {Error} wherever Casdoor panics.
 */
export async function start(options: StartOptions): Promise<Running> {
  const conf = parseAppConf(readFileSync(join(options.directory, "conf/app.conf"), "utf8"), options.environment);
  const settings = readSettings(conf);
  const store = options.openStore(parseDataSource(settings.dataSourceName));
  try {
    await store.migrate();
    await createBuiltIns(store, settings.staticBaseUrl, options.now());
    await readInitData(store, settings, options);
    return await serve(store, settings, options);
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function readInitData(store: Store, settings: Settings, { now, log }: StartOptions): Promise<void> {
  const { initDataFile, initDataNewOnly } = settings;
  if (initDataFile !== "" && existsSync(initDataFile))
    return applyInitData(store, readFileSync(initDataFile, "utf8"), { newOnly: initDataNewOnly, now: now(), log });
  log(`no initial data: ${initDataFile === "" ? "none named" : `${initDataFile} is not there`}`);
}

async function serve(store: Store, settings: Settings, options: StartOptions): Promise<Running> {
  const sessions = await openSessions(settings, options);
  try {
    const { origin, errorMask, authState, sessionSeconds, webConfig } = settings;
    const { now, log } = options;
    const caFile = options.environment["SSL_CERT_FILE"];
    const asked = { origin, errorMask, authState, sessionSeconds, webConfig };
    const server = createStandIn({ ...asked, store, sessions, caFile, now, log });
    const port = await listening(server, settings.port);
    const close = async (): Promise<void> => {
      server.close();
      server.closeAllConnections();
      await sessions.close();
      await store.close();
    };
    return { port, store, close };
  } catch (error) {
    await sessions.close();
    throw error;
  }
}

async function openSessions(settings: Settings, options: StartOptions): Promise<Sessions> {
  const { redisEndpoint, sessionSeconds } = settings;
  if (redisEndpoint !== "") return RedisSessions.connect(parseRedisEndpoint(redisEndpoint), sessionSeconds);
  const openFiles = options.openFiles ?? ((directory: string): Sessions => new FileSessions(directory));
  return openFiles(join(options.directory, "tmp"));
}

function listening(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}
