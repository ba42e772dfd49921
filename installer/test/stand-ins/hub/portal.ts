import { parseDsn } from "./dsn.ts";
import type { Close } from "./enter.ts";
import { checkPortalForms } from "./forms.ts";
import { at, empty, listen } from "./http.ts";
import type { Log } from "./log.ts";
import { initialise, migrate, pending, portalMigrations } from "./migrations.ts";
import { portalSettings } from "./portal-settings.ts";
import { portalUses, probeRoute } from "./probe.ts";
import { type Environment, readSettings, type Settings } from "./settings.ts";
import { StartRefusal } from "./start-refusal.ts";
import { withDatabase } from "./with-database.ts";

/**
 * Runs a command of the portal's binary, which reads the environment alone.
 * @returns how to end it, of the one that serves.
 * @throws {StartRefusal} wherever the real one ends, or the stand-in is stricter.
 */
export async function runPortal(path: string, environment: Environment, log: Log): Promise<Close | undefined> {
  const settings = readSettings(portalSettings, environment);
  checkPortalForms(settings);
  const login = parseDsn(settings.text("CSGHUB_PORTAL_DATABASE_DSN"));
  const before = path.startsWith("migration ") ? "initializing DB connection" : "initializing DB";
  await withDatabase(login, (client) => client.query("SELECT 1")).catch((error: unknown) => refuse(before, error));
  switch (path) {
    case "migration init":
      await withDatabase(login, initialise);
      return undefined;
    case "migration migrate": {
      const done = await withDatabase(login, (client) => migrate(client, portalMigrations)).catch((error: unknown) =>
        refuse("migrate", error),
      );
      log(
        done.length === 0
          ? "there are no new migrations to run (database is up to date)"
          : `migrated: ${done.join(", ")}`,
      );
      return undefined;
    }
    default:
      await requireTables(login);
      if (path === "start server") return serve(settings, login, environment, log);
      log("Database seeded successfully");
      return undefined;
  }
}

/** The real one looks before `db seed` alone. */
async function requireTables(login: ReturnType<typeof parseDsn>): Promise<void> {
  const left = await withDatabase(login, (client) => pending(client, portalMigrations)).catch((error: unknown) =>
    refuse("checking migrations status", error),
  );
  if (left.length > 0) throw new StartRefusal(`there are ${left.length} migrations to apply`);
}

async function serve(
  settings: Settings,
  login: ReturnType<typeof parseDsn>,
  environment: Environment,
  log: Log,
): Promise<Close> {
  const page = `<!doctype html><html lang="en"><title>CSGHub (stand-in)</title><a href="${settings.text("CSGHUB_PORTAL_LOGIN_URL").replaceAll("&", "&amp;")}">Sign in</a></html>\n`;
  const readTables = (): Promise<unknown> =>
    withDatabase(login, (client) => client.query("SELECT count(*) FROM admin_photos"));
  const port = settings.number("CSGHUB_PORTAL_SERVER_PORT");
  return listen(
    port,
    [
      at("GET", "/", () => ({ status: 200, body: page, headers: { "Content-Type": "text/html; charset=utf-8" } })),
      at("GET", "/metrics", () => ({ ...empty(200, { "Content-Type": "text/plain" }), body: "stand_in_up 1\n" })),
      probeRoute(settings.text("CSGHUB_PORTAL_STARHUB_API_KEY"), portalUses(settings, environment, readTables)),
    ],
    log,
  );
}

function refuse(before: string, error: unknown): never {
  throw new StartRefusal(`${before}: ${error instanceof Error ? error.message : String(error)}`);
}
