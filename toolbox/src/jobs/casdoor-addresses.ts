import type { Client } from "pg";
import type { CasdoorOrganization } from "../contract.generated.ts";
import type { JobContext } from "./job.ts";

/** The first administrator, whose address Casdoor is first given as `root@` and the domain. */
const administrator = "root";

/** Keeps profiles for people themselves and administrators, and an organization's addresses equal to the document. */
export async function ensureOrganization(
  client: Client,
  wanted: CasdoorOrganization,
  context: JobContext,
): Promise<void> {
  const found = await client.query<{ website_url: string | null; is_profile_public: boolean | null }>(
    "select website_url, is_profile_public from organization where owner = 'admin' and name = $1",
    [wanted.name],
  );
  const row = found.rows[0];
  const before = row?.website_url ?? "";
  if (before !== wanted.websiteUrl) {
    const was = before === "" ? "" : `; it was ${before}`;
    await context.change(`set the address of organization ${wanted.name} to ${wanted.websiteUrl}${was}`, async () => {
      // The e-mail address first: it is known by the old address, which a run that ends between the two must still find.
      await followDomain(client, wanted, before);
      await client.query("update organization set website_url = $1 where owner = 'admin' and name = $2", [
        wanted.websiteUrl,
        wanted.name,
      ]);
    });
  }
  if (row?.is_profile_public !== false) {
    await context.change(`close the profiles of organization ${wanted.name} to strangers`, async () => {
      await client.query("update organization set is_profile_public = false where owner = 'admin' and name = $1", [
        wanted.name,
      ]);
    });
  }
}

/** Only an e-mail address that nobody has changed is made anew. */
async function followDomain(client: Client, { name, websiteUrl }: CasdoorOrganization, before: string): Promise<void> {
  const old = URL.parse(before)?.hostname;
  if (old === undefined) return;
  await client.query(`update "user" set email = $1 where owner = $2 and name = $3 and email = $4`, [
    `${administrator}@${new URL(websiteUrl).hostname}`,
    name,
    administrator,
    `${administrator}@${old}`,
  ]);
}

/** Where Casdoor writes addresses of its own pictures at its first start, object/init.go. */
const pictures = [
  ["organization", "name", "favicon"],
  ["organization", "name", "default_avatar"],
  ["application", "organization", "logo"],
  ["user", "owner", "avatar"],
] as const;

/** Only these three: another picture is somebody's choice. */
const picture = "^https?://[^/]+(/img/(?:casbin/favicon[.]ico|casbin[.]svg|casdoor-logo_1185x256[.]png))$";

/** Casdoor's own rows keep the address of their first start; the pictures are where Casdoor is. */
export async function ensureOwnPictures(client: Client, publicUrl: string, context: JobContext): Promise<void> {
  for (const [table, key, column] of pictures) {
    if (!(await hasColumn(client, table, column))) continue;
    const right = `$2::text || substring(${column} from $1)`;
    const where = `where ${key} = 'built-in' and ${column} ~ $1 and ${column} <> ${right}`;
    const old = await client.query(`select 1 from "${table}" ${where}`, [picture, publicUrl]);
    if (old.rowCount === 0) continue;
    await context.change(`set the address of ${column} in Casdoor's own ${table}`, async () => {
      await client.query(`update "${table}" set ${column} = ${right} ${where}`, [picture, publicUrl]);
    });
  }
}

/** Whether a table of the database has a column, which depends on Casdoor's version. */
export async function hasColumn(client: Client, table: string, column: string): Promise<boolean> {
  const found = await client.query(
    "select 1 from information_schema.columns where table_schema = 'public' and table_name = $1 and column_name = $2",
    [table, column],
  );
  return found.rowCount !== 0;
}
