import type { DatabaseDeclaration, PlanContext } from "../define.ts";
import type { ConfigFile, Job, Slotted, Text, Wire } from "../model.ts";
import { endpoint, secret, text, textFile } from "../text.ts";

/** Who may do everything on our own server. */
export const postgresAdministrator = { user: "postgres", password: secret("postgres-admin") };

/** Our own server opens a data directory that is this user's alone. */
export const postgresUid = 10001;

/** Where our own server has its socket. */
export const socketDirectory = "/run/postgresql";

const externalCaPath = "/run/slipway/postgres-ca.crt";

/** How clients of this platform's PostgreSQL treat TLS: inside the data network it is plain, outside as the values say. */
export function postgresTls(context: PlanContext): "off" | "require" | "verify" {
  const { mode, external } = context.values.postgres;
  if (mode === "embedded" || external.sslMode === "disable") return "off";
  return external.sslMode === "require" ? "require" : "verify";
}

/** The `sslmode` word for clients that take a connection string. */
export function postgresSslMode(context: PlanContext): string {
  const { mode, external } = context.values.postgres;
  return mode === "embedded" ? "disable" : external.sslMode;
}

/** The part of a connection string that says the same, for clients that find the authority in it, too. */
export function postgresTlsQuery(context: PlanContext): string {
  const ca = postgresCaFiles(context)[0]?.path;
  const roots = ca === undefined ? "" : `&sslrootcert=${encodeURIComponent(ca)}`;
  return `sslmode=${postgresSslMode(context)}${roots}`;
}

/** Whether roles and databases are made by others, who gave us the roles' passwords. */
export function postgresIsPrepared({ values: { postgres } }: PlanContext): boolean {
  return postgres.mode === "external" && postgres.external.passwordFolder !== "";
}

/** The certificate authority of an external PostgreSQL as a file of a client's container. */
export function postgresCaFiles(context: PlanContext): readonly ConfigFile[] {
  const { mode, external } = context.values.postgres;
  if (mode === "embedded" || external.caFile === "") return [];
  return [{ path: externalCaPath, contents: textFile([secret("postgres-ca")]) }];
}

/** Host, port, login and TLS of one role on one database, as the toolbox's documents spell them. */
export function postgresLogin(
  context: PlanContext,
  user: string,
  passwordSecret: string,
  database: string,
): Readonly<Record<string, Slotted>> {
  return {
    host: endpoint("postgres.sql", "host"),
    port: endpoint("postgres.sql", "port"),
    user,
    password: secret(passwordSecret),
    database,
    tls: postgresTls(context),
    ...(postgresCaFiles(context).length === 0 ? {} : { caFile: externalCaPath }),
  };
}

/**
 * A section of a libpq service file, called as the role: everything to sign in with, the password unescaped up to the line's end. A
 * password file would have to be hidden from its group too, which not every target can do.
 */
export function postgresService(
  context: PlanContext,
  login: { readonly user: string; readonly secret: string; readonly database: string },
): Text {
  const mode = postgresSslMode(context);
  const ca = postgresCaFiles(context)[0]?.path;
  // Without a file of one's own the system's authorities count, which libpq allows only with the strictest check.
  const roots = ca ?? (mode === "verify-ca" || mode === "verify-full" ? "system" : undefined);
  return text`[${login.user}]
host=${endpoint("postgres.sql", "host")}
port=${endpoint("postgres.sql", "port")}
user=${login.user}
password=${secret(login.secret)}
dbname=${login.database}
sslmode=${roots === "system" ? "verify-full" : mode}
${roots === undefined ? "" : `sslrootcert=${roots}\n`}application_name=slipway-psql

`;
}

/** Authorities of an image made from Debian. */
const systemRoots = "/etc/ssl/certs/ca-certificates.crt";

/**
 * TLS for programs that use libpq and have no settings of their own for it. Theirs may be older than 16, which knows no word for the
 * authorities of the system.
 */
export function libpqVariables(context: PlanContext): Readonly<Record<string, string>> {
  const mode = postgresSslMode(context);
  const roots = postgresCaFiles(context)[0]?.path ?? (postgresTls(context) === "verify" ? systemRoots : undefined);
  return { PGSSLMODE: mode, ...(roots === undefined ? {} : { PGSSLROOTCERT: roots }) };
}

/**
 * A database as the component that keeps things in it declares it.
 * @throws RangeError when none does
 */
export function declaredDatabase({ databases }: PlanContext, name: string): DatabaseDeclaration {
  const found = databases.find((row) => row.name === name);
  if (found === undefined) throw new RangeError(`no component declares the database ${name}`);
  return found;
}

/** The login of the role that owns a declared database. */
export function ownerLogin(context: PlanContext, database: string): Readonly<Record<string, Slotted>> {
  const { owner, secret: password } = declaredDatabase(context, database);
  return postgresLogin(context, owner, password, database);
}

/**
 * A fingerprint of rows of a database, each as one text, asked where its server runs and as its owner, who may do no more than its service.
 * A server elsewhere cannot be asked that quickly.
 */
export function postgresStamp(context: PlanContext, database: string, queries: readonly string[]): Job["stamp"] {
  if (context.values.postgres.mode !== "embedded") return undefined;
  const { owner } = declaredDatabase(context, database);
  const rows = queries.join(" union all ");
  const sql = `select encode(sha256(convert_to(string_agg(row, chr(10) order by row), 'UTF8')), 'hex') from (${rows}) as rows (row)`;
  const login = ["--no-psqlrc", "--host", socketDirectory, "--username", owner, "--dbname", database];
  return { component: "postgres", command: ["psql", ...login, "--tuples-only", "--no-align", "--command", sql] };
}

/** Proves that a service reaches its own database and no other's. */
export function postgresWire(context: PlanContext, database: string): Wire {
  const own = declaredDatabase(context, database);
  const others = context.databases.filter((row) => row.owner !== own.owner).map((row) => row.name);
  const from = own.usedBy[0] ?? own.owner;
  return {
    id: `${database}-database`,
    from,
    to: "postgres.sql",
    expectation: `${own.owner} reads and writes ${database} and is refused on ${others.join(", ")}`,
    check: { kind: "postgres", ...ownerLogin(context, database), refusedDatabases: others },
  };
}
