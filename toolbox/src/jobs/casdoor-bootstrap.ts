import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "pg";
import type { CasdoorApplication, CasdoorBootstrapJob, CasdoorCertificate } from "../contract.generated.ts";
import { ServerWaitError, ToolboxError } from "../errors.ts";
import { excerpt, type HttpAnswer, sendHttp } from "../http-request.ts";
import { withPostgres } from "../postgres-client.ts";
import { isConnectionFailure, waitForServer } from "../wait-for-server.ts";
import { ensureOrganization, ensureOwnPictures, hasColumn } from "./casdoor-addresses.ts";
import { ensureProvider } from "./casdoor-provider.ts";
import type { JobContext } from "./job.ts";

/** The administrator of all organisations that Casdoor makes at its first start, and its password. */
const builtIn = { owner: "built-in", name: "admin", defaultPassword: "123", application: "app-built-in" } as const;

const waitSeconds = 60;

/**
 * Closes the account everybody knows and people's profiles, and keeps credentials and addresses equal to the document. Tables and
 * columns are those of casdoor/casdoor, object/{user,organization,application,cert}.go.
 */
export async function runCasdoorBootstrap(job: CasdoorBootstrapJob, context: JobContext): Promise<void> {
  await refuseDefaultHash(job);
  await withPostgres(job.database, context.log, async (client) => {
    if (!(await waitForRows(client, job, context))) {
      await context.change("rows that Casdoor makes when it starts: slipway restart casdoor", async () =>
        Promise.resolve(),
      );
      return;
    }
    await closeBuiltInAdmin(client, job, context);
    await closeBuiltInSignUp(client, context);
    await ensureOwnPictures(client, job.publicUrl, context);
    for (const organization of job.organizations) await ensureOrganization(client, organization, context);
    for (const application of job.applications) await ensureApplication(client, application, context);
    for (const certificate of job.certificates ?? []) await ensureCertificate(client, certificate, context);
    await ensureProvider(client, job.provider, context);
    if (!context.probe) await proveDefaultRefused(client, job, context);
  });
}

async function refuseDefaultHash(job: CasdoorBootstrapJob): Promise<void> {
  const { default: bcrypt } = await import("bcryptjs");
  if (!(await bcrypt.compare(builtIn.defaultPassword, job.builtInAdminPasswordHash))) return;
  throw new ToolboxError("builtInAdminPasswordHash is a hash of Casdoor's default password", {
    advice: "the administrator's password must be one of ours: look at the secret store",
  });
}

/** Waits for the rows of the first start; a probe looks once. */
async function waitForRows(client: Client, job: CasdoorBootstrapJob, context: JobContext): Promise<boolean> {
  const deadline = performance.now() + waitSeconds * 1000;
  for (;;) {
    const missing = await missingRows(client, job);
    if (missing.length === 0) return true;
    if (context.probe) return false;
    if (performance.now() > deadline) {
      throw new ServerWaitError(`Casdoor has not made ${missing.join(", ")} within ${waitSeconds} s`, {
        advice:
          "run slipway restart casdoor, for it makes what is missing when it starts; if that does not help, look at its log, and whether its init_data.json names these applications and certificates",
      });
    }
    context.log(`waiting for Casdoor to make ${missing.join(", ")}`);
    await sleep(1000);
  }
}

async function missingRows(client: Client, job: CasdoorBootstrapJob): Promise<string[]> {
  for (const table of ["user", "organization", "application", "cert", "provider"]) {
    const found = await client.query<{ there: boolean }>("select to_regclass($1) is not null as there", [
      `public."${table}"`,
    ]);
    if (found.rows[0]?.there !== true) return [`table "${table}"`];
  }
  const missing: string[] = [];
  const admin = await client.query(`select 1 from "user" where owner = $1 and name = $2`, [
    builtIn.owner,
    builtIn.name,
  ]);
  if (admin.rowCount === 0) missing.push("user built-in/admin");
  const applications = await client.query<{ name: string }>("select name from application where owner = 'admin'");
  const organizations = await client.query<{ name: string }>("select name from organization where owner = 'admin'");
  const certificates = await client.query<{ name: string }>("select name from cert where owner = 'admin'");
  const has = (rows: readonly { readonly name: string }[], name: string): boolean =>
    rows.some((row) => row.name === name);
  for (const { name } of job.organizations) if (!has(organizations.rows, name)) missing.push(`organization ${name}`);
  for (const { name } of job.applications) if (!has(applications.rows, name)) missing.push(`application ${name}`);
  for (const { name } of job.certificates ?? []) if (!has(certificates.rows, name)) missing.push(`certificate ${name}`);
  return missing;
}

async function closeBuiltInAdmin(client: Client, job: CasdoorBootstrapJob, context: JobContext): Promise<void> {
  const found = await client.query<{ password: string; password_type: string | null }>(
    `select password, password_type from "user" where owner = $1 and name = $2`,
    [builtIn.owner, builtIn.name],
  );
  const row = found.rows[0];
  if (row?.password === job.builtInAdminPasswordHash && row.password_type === "bcrypt") return;
  await context.change("set the password of built-in/admin", async () => {
    await client.query(`update "user" set password = $1, password_type = 'bcrypt' where owner = $2 and name = $3`, [
      job.builtInAdminPasswordHash,
      builtIn.owner,
      builtIn.name,
    ]);
  });
}

/** Every user of the organisation built-in is an administrator of everything, so nobody may sign up to it. */
async function closeBuiltInSignUp(client: Client, context: JobContext): Promise<void> {
  if (!(await hasColumn(client, "application", "enable_sign_up"))) return;
  const where = "where owner = 'admin' and name = $1 and enable_sign_up";
  const open = await client.query(`select 1 from application ${where}`, [builtIn.application]);
  if (open.rowCount === 0) return;
  await context.change(`close sign-up of ${builtIn.application}`, async () => {
    await client.query(`update application set enable_sign_up = false ${where}`, [builtIn.application]);
  });
}

type ApplicationRow = Record<
  "organization" | "homepage_url" | "client_id" | "client_secret" | "redirect_uris",
  string | null
>;

function differingFields(row: ApplicationRow | undefined, wanted: CasdoorApplication): readonly string[] {
  const fields = [
    ["organization", row?.organization, wanted.organization],
    ["home page", row?.homepage_url, wanted.homepageUrl],
    ["client id", row?.client_id, wanted.clientId],
    ["client secret", row?.client_secret, wanted.clientSecret],
  ] as const;
  return fields.filter(([, is, should]) => is !== should).map(([name]) => name);
}

async function ensureApplication(client: Client, wanted: CasdoorApplication, context: JobContext): Promise<void> {
  const found = await client.query<ApplicationRow>(
    `select organization, homepage_url, client_id, client_secret, redirect_uris
     from application where owner = 'admin' and name = $1`,
    [wanted.name],
  );
  const row = found.rows[0];
  const stored = listOf(row?.redirect_uris);
  const added = addedUris(stored ?? [], wanted, row?.homepage_url ?? "");
  if (added.length > 0)
    context.note(`application ${wanted.name} keeps redirect URIs that somebody added: ${added.join(", ")}`);
  const redirectUris = [...wanted.redirectUris, ...added];
  const differing = [
    ...differingFields(row, wanted),
    ...(stored !== undefined && hasSame(stored, redirectUris) ? [] : ["redirect URIs"]),
  ];
  if (differing.length === 0) return;
  await context.change(`set ${differing.join(", ")} of application ${wanted.name}`, async () => {
    await client.query(
      `update application set organization = $1, homepage_url = $2, client_id = $3, client_secret = $4, redirect_uris = $5
       where owner = 'admin' and name = $6`,
      [
        ...[wanted.organization, wanted.homepageUrl, wanted.clientId, wanted.clientSecret],
        JSON.stringify(redirectUris),
        wanted.name,
      ],
    );
  });
}

/** Casdoor keeps lists as JSON text. Undefined for what is none. */
function listOf(stored: string | null | undefined): readonly string[] | undefined {
  try {
    const list: unknown = JSON.parse(stored ?? "");
    return Array.isArray(list) ? list.filter((item): item is string => typeof item === "string") : undefined;
  } catch {
    return undefined;
  }
}

/** What a person added: neither what the platform needs nor what it needed at the address that it had before. */
function addedUris(
  stored: readonly string[],
  { homepageUrl, redirectUris }: CasdoorApplication,
  homeBefore: string,
): readonly string[] {
  const before = redirectUris
    .filter((uri) => uri.startsWith(homepageUrl))
    .map((uri) => `${homeBefore}${uri.slice(homepageUrl.length)}`);
  return stored.filter((uri) => !redirectUris.includes(uri) && !before.includes(uri));
}

/** Casdoor's order says nothing. */
function hasSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && other.every((item) => one.includes(item));
}

async function ensureCertificate(client: Client, wanted: CasdoorCertificate, context: JobContext): Promise<void> {
  const found = await client.query<{ certificate: string | null; private_key: string | null }>(
    "select certificate, private_key from cert where owner = 'admin' and name = $1",
    [wanted.name],
  );
  const row = found.rows[0];
  if (row?.certificate?.trim() === wanted.certificate.trim() && row.private_key?.trim() === wanted.privateKey.trim())
    return;
  await context.change(`set the key pair of certificate ${wanted.name}`, async () => {
    await client.query("update cert set certificate = $1, private_key = $2 where owner = 'admin' and name = $3", [
      wanted.certificate,
      wanted.privateKey,
      wanted.name,
    ]);
  });
}

async function proveDefaultRefused(client: Client, job: CasdoorBootstrapJob, context: JobContext): Promise<void> {
  const counted = await hasColumn(client, "user", "signin_wrong_times");
  const key = [builtIn.owner, builtIn.name];
  const before = counted
    ? await client.query<{ times: number }>(
        `select signin_wrong_times as times from "user" where owner = $1 and name = $2`,
        key,
      )
    : undefined;
  const answer = await tryDefault(job, context).finally(async () => {
    const times = before?.rows[0]?.times;
    if (times === undefined) return;
    // our own wrong attempt must not bring the administrator nearer to being locked out
    await client.query(`update "user" set signin_wrong_times = $3 where owner = $1 and name = $2`, [...key, times]);
  });
  const text = answer.body.toString("utf8");
  if (/"status"\s*:\s*"error"/.test(text) || answer.status === 401 || answer.status === 403) {
    context.log("login as built-in/admin with the default password is refused");
    return;
  }
  const accepted = /"status"\s*:\s*"ok"/.test(text);
  throw new ToolboxError(
    accepted
      ? "Casdoor still lets built-in/admin in with its default password"
      : `Casdoor's answer to a login is not understood: ${answer.status} ${excerpt(answer.body)}`,
    {
      advice: accepted ? "keep the gateway closed and look at Casdoor's database" : "look at Casdoor's log and version",
    },
  );
}

/** Casdoor, or something in its place, has too much to do or is not up. */
class BusyError extends ToolboxError {}

async function tryDefault(job: CasdoorBootstrapJob, context: JobContext): Promise<HttpAnswer> {
  const what = `Casdoor at ${job.url}`;
  const isTransient = (error: unknown): boolean => error instanceof BusyError || isConnectionFailure(error);
  return waitForServer({ what, isTransient, log: context.log }, async () => {
    const answer = await sendHttp({
      method: "POST",
      url: `${job.url}/api/login`,
      headers: { "content-type": "application/json", "accept-language": "en" },
      body: JSON.stringify({
        type: "login",
        application: builtIn.application,
        organization: builtIn.owner,
        username: builtIn.name,
        password: builtIn.defaultPassword,
        signinMethod: "Password",
        autoSignin: false,
      }),
    });
    if (answer.status === 429 || answer.status >= 500)
      throw new BusyError(`it is not ready: ${answer.status} ${excerpt(answer.body)}`, {
        advice: "look at Casdoor's log, and whether Redis and PostgreSQL serve",
      });
    return answer;
  });
}
