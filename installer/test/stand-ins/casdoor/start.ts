import { existsSync, readFileSync } from "node:fs";
import type { Server } from "node:http";
import { join } from "node:path";
import { parseAppConf, readSettings } from "./app-conf.ts";
import { createBuiltIns } from "./built-ins.ts";
import { type DataSource, parseDataSource } from "./data-source.ts";
import { applyInitData } from "./init-data.ts";
import { createStandIn } from "./server.ts";
import { FileSessions } from "./sessions.ts";
import type { Store } from "./store.ts";

export interface StartOptions {
  /** Working directory: `conf/app.conf` and `tmp` are looked for in it, as Casdoor does. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly openStore: (source: DataSource) => Store;
  readonly now: () => Date;
  readonly log: (line: string) => void;
}

export interface Running {
  readonly server: Server;
  readonly port: number;
  readonly store: Store;
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
    if (settings.initDataFile !== "" && existsSync(settings.initDataFile))
      await applyInitData(store, readFileSync(settings.initDataFile, "utf8"), {
        newOnly: settings.initDataNewOnly,
        now: options.now(),
        log: options.log,
      });
    else
      options.log(
        `no initial data: ${settings.initDataFile === "" ? "none named" : `${settings.initDataFile} is not there`}`,
      );
    const server = createStandIn({
      store,
      sessions: new FileSessions(join(options.directory, "tmp")),
      origin: settings.origin,
      errorMask: settings.errorMask,
      now: options.now,
      log: options.log,
    });
    const port = await listening(server, settings.port);
    return { server, port, store };
  } catch (error) {
    await store.close();
    throw error;
  }
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
