import type { Client } from "pg";
import type { CasdoorProvider } from "../contract.generated.ts";
import { errorText } from "../errors.ts";
import { discoverProvider, type ProviderDiscovery } from "../protocols/openid-provider.ts";
import type { JobContext } from "./job.ts";

/** What Casdoor knows our provider by; those of other names are somebody else's. */
export const providerName = "company";

/**
 * Keeps the provider and the sign-in page that offers it equal to the document; tables as in casdoor/casdoor, object/provider.go and
 * object/provider_item.go. Without one, what an earlier run made goes.
 */
export async function ensureProvider(
  client: Client,
  wanted: CasdoorProvider | undefined,
  context: JobContext,
): Promise<void> {
  if (wanted !== undefined) await ensureRow(client, wanted, context);
  await ensureOffers(client, wanted, context);
  if (wanted === undefined) await removeRow(client, context);
}

/** Columns of a provider, by name. */
type Columns = Readonly<Record<string, string | boolean>>;

async function ensureRow(client: Client, wanted: CasdoorProvider, context: JobContext): Promise<void> {
  const found = await client.query<Record<string, unknown>>(
    "select * from provider where owner = 'admin' and name = $1",
    [providerName],
  );
  const row = found.rows[0];
  const endpoints = await endpointsOf(wanted, row, context);
  const columns: Columns = { ...columnsOf(wanted), ...endpoints };
  const names = Object.keys(columns);
  const values = names.map((name) => columns[name]);
  if (row === undefined) {
    await context.change(`add the sign-in with accounts of ${wanted.issuer}`, async () => {
      await client.query(
        `insert into provider (owner, name, created_time, ${names.join(", ")})
         values ('admin', '${providerName}', $1, ${names.map((_, index) => `$${index + 2}`).join(", ")})`,
        [new Date().toISOString(), ...values],
      );
    });
    return;
  }
  const differing = names.filter((name) => !isSame(row[name], columns[name] ?? ""));
  if (differing.length === 0) return;
  const words = differing.map((name) => name.replaceAll("_", " ")).join(", ");
  await context.change(`set ${words} of the sign-in with accounts of ${wanted.issuer}`, async () => {
    await client.query(
      `update provider set ${names.map((name, index) => `${name} = $${index + 1}`).join(", ")}
       where owner = 'admin' and name = '${providerName}'`,
      values,
    );
  });
}

/**
 * "Custom Flexible" asks the provider for a person's claims over TLS and keeps who somebody is there in a table of its own; the provider's
 * tokens are kept nowhere. The code is bound to the browser that asked for it (PKCE).
 */
function columnsOf(wanted: CasdoorProvider): Columns {
  return {
    display_name: wanted.displayName,
    category: "OAuth",
    type: "Custom Flexible",
    client_id: wanted.clientId,
    client_secret: wanted.clientSecret,
    scopes: wanted.scopes,
    user_mapping: JSON.stringify(wanted.claims),
    issuer_url: wanted.issuer,
    enable_pkce: true,
    enable_proxy: false,
    email_regex: "",
  };
}

/** A provider that does not answer changes nothing about one that is known. */
async function endpointsOf(
  wanted: CasdoorProvider,
  row: Readonly<Record<string, unknown>> | undefined,
  context: JobContext,
): Promise<Columns> {
  try {
    return toColumns(await discoverProvider(wanted));
  } catch (error) {
    const isKnown = row?.["issuer_url"] === wanted.issuer && row["custom_token_url"] !== "";
    if (!isKnown && !context.probe) throw error;
    context.log(`the addresses of ${wanted.issuer} are not looked at: ${errorText(error)}`);
    return {};
  }
}

function toColumns({ authorizationUrl, tokenUrl, userInfoUrl }: ProviderDiscovery): Columns {
  return { custom_auth_url: authorizationUrl, custom_token_url: tokenUrl, custom_user_info_url: userInfoUrl };
}

function isSame(stored: unknown, wanted: string | boolean): boolean {
  if (typeof wanted === "boolean" || !wanted.startsWith("{")) return (stored ?? "") === wanted;
  return canonical(stored) === canonical(wanted);
}

/** Casdoor writes a map in an order of its own. */
function canonical(text: unknown): string {
  try {
    const value: unknown = JSON.parse(String(text));
    return JSON.stringify(Object.entries(value as Record<string, unknown>).toSorted());
  } catch {
    return "";
  }
}

interface Offer {
  readonly name?: unknown;
}

/** The offers of every application: ours at the one that is wanted, as it should be; others stay. */
async function ensureOffers(client: Client, wanted: CasdoorProvider | undefined, context: JobContext): Promise<void> {
  const found = await client.query<{ name: string; providers: string | null }>(
    "select name, providers from application where owner = 'admin' order by name",
  );
  for (const { name, providers } of found.rows) {
    const stored = offersIn(providers);
    const ours = stored.filter((offer) => offer.name === providerName);
    const should = wanted?.application === name ? [offerOf(wanted)] : [];
    if (ours.length === should.length && ours.every((offer) => isOffer(offer, should[0] ?? {}))) continue;
    const others = stored.filter((offer) => offer.name !== providerName);
    const what =
      should.length === 0
        ? `take the company's accounts off the sign-in of ${name}`
        : `${ours.length === 0 ? "offer" : "set the offer of"} the company's accounts at the sign-in of ${name}`;
    await context.change(what, async () => {
      await client.query("update application set providers = $1 where owner = 'admin' and name = $2", [
        JSON.stringify([...others, ...should]),
        name,
      ]);
    });
  }
}

/** An empty list of rules links nobody; without the list Casdoor would link by name. */
function offerOf({ signUp, linkByEmail }: CasdoorProvider): Readonly<Record<string, unknown>> {
  return {
    owner: "",
    name: providerName,
    canSignUp: signUp,
    canSignIn: true,
    canUnlink: false,
    bindingRule: linkByEmail ? ["Email"] : [],
    countryCodes: [],
    prompted: false,
    signupGroup: "",
    rule: "None",
  };
}

/** Casdoor may add fields of its own. */
function isOffer(stored: Readonly<Record<string, unknown>>, wanted: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(wanted).every(([key, value]) => JSON.stringify(stored[key]) === JSON.stringify(value));
}

function offersIn(providers: string | null): readonly (Offer & Readonly<Record<string, unknown>>)[] {
  const list: unknown = JSON.parse(providers === null || providers === "" ? "[]" : providers);
  return Array.isArray(list) ? (list as readonly Record<string, unknown>[]) : [];
}

async function removeRow(client: Client, context: JobContext): Promise<void> {
  const where = "where owner = 'admin' and name = $1";
  const found = await client.query(`select 1 from provider ${where}`, [providerName]);
  if (found.rowCount === 0) return;
  await context.change("remove the sign-in with the company's accounts", async () => {
    await client.query(`delete from provider ${where}`, [providerName]);
  });
}
