import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PostgresLogin } from "../contract.generated.ts";

/**
 * Runs work with an environment that programs of PostgreSQL read a login from; the password stands in a file that only
 * this user may read, and is gone afterwards.
 */
export async function withLibpq<T>(
  login: PostgresLogin,
  work: (environment: Readonly<Record<string, string>>) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "libpq-"));
  const passwords = join(folder, "passwords");
  try {
    await writeFile(passwords, `*:*:*:*:${login.password.replaceAll(/[\\:]/g, "\\$&")}\n`, { mode: 0o600 });
    return await work({ ...connectionSettings(login), PGPASSFILE: passwords, HOME: folder });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** https://www.postgresql.org/docs/17/libpq-envars.html, without the password. */
export function connectionSettings(login: PostgresLogin): Readonly<Record<string, string>> {
  return {
    ...{ PGHOST: login.host, PGPORT: String(login.port), PGUSER: login.user, PGCONNECT_TIMEOUT: "10" },
    ...{ PGAPPNAME: "slipway-toolbox", PGGSSENCMODE: "disable", LC_ALL: "C", ...tlsSettings(login) },
  };
}

function tlsSettings({ tls, caFile }: PostgresLogin): Readonly<Record<string, string>> {
  if (tls === "off") return { PGSSLMODE: "disable" };
  if (tls === "require") return { PGSSLMODE: "require" };
  return { PGSSLMODE: "verify-full", PGSSLROOTCERT: caFile ?? "system" };
}
