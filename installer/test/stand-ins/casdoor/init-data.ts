import { randomBytes, randomUUID } from "node:crypto";
import { defaultAccountItems } from "./built-ins.ts";
import { storedPassword } from "./passwords.ts";
import { checkField, completeRecord, type Records } from "./records.ts";
import { selfSigned } from "./self-signed.ts";
import type { Store } from "./store.ts";
import { columnsOf, type TableName } from "./tables.ts";

type Item = Readonly<Record<string, unknown>>;

/** Lists of `init_data.json` in the order in which Casdoor reads them; those it has besides are not kept here. */
const lists = {
  organizations: "organization",
  providers: "provider",
  applications: "application",
  users: "user",
  certs: "cert",
} as const;

export interface InitDataOptions {
  /** Leave what exists; without it everything named is deleted and made again, users with new ids. */
  readonly newOnly: boolean;
  readonly now: Date;
  readonly log: (line: string) => void;
}

/**
 * Makes what the text of `init_data.json` names.
 * @throws {Error} where Casdoor would end: no JSON, a field of the wrong type, a user without organisation or application.
 */
export async function applyInitData(store: Store, text: string, options: InitDataOptions): Promise<void> {
  const document: unknown = JSON.parse(text);
  if (typeof document !== "object" || document === null || Array.isArray(document))
    throw new Error("json: cannot unmarshal into object.InitData");
  for (const [list, table] of Object.entries(lists))
    for (const item of itemsOf(document as Item, list, table)) await define(store, table, item, options);
}

function itemsOf(document: Item, list: string, table: TableName): readonly Item[] {
  const items = document[list] ?? [];
  if (!Array.isArray(items)) throw new Error(`json: cannot unmarshal into ${list}`);
  for (const item of items as readonly unknown[]) {
    if (typeof item !== "object" || item === null) throw new Error(`json: cannot unmarshal into ${list}`);
    for (const column of columnsOf[table]) checkField(column, (item as Item)[column.field], list);
  }
  return items as readonly Item[];
}

async function define(
  store: Store,
  table: (typeof lists)[keyof typeof lists],
  item: Item,
  options: InitDataOptions,
): Promise<void> {
  const owner = typeof item["owner"] === "string" ? item["owner"] : "";
  const name = typeof item["name"] === "string" ? item["name"] : "";
  if ((await store.get(table, owner, name)) !== undefined) {
    if (options.newOnly) return;
    await store.remove(table, owner, name);
  }
  const record = completeRecord(table, { ...item, createdTime: options.now.toISOString() });
  switch (table) {
    case "organization":
      await store.insert("organization", withAccountItems(record as Records["organization"]));
      return;
    case "application":
      await addApplication(store, record as Records["application"], options.log);
      return;
    case "user":
      await addUser(store, record as Records["user"]);
      return;
    case "cert":
      await addCert(store, record as Records["cert"], options.now);
      return;
    case "provider":
      await store.insert("provider", record as Records["provider"]);
      return;
  }
}

function withAccountItems(organization: Records["organization"]): Records["organization"] {
  return (organization.accountItems ?? []).length > 0
    ? organization
    : { ...organization, accountItems: defaultAccountItems };
}

/** Casdoor drops an application it cannot add without a word; the stand-in does too, but says so in its log. */
async function addApplication(store: Store, given: Records["application"], log: (line: string) => void): Promise<void> {
  const application = {
    ...given,
    owner: given.owner === "" ? "admin" : given.owner,
    organization: given.organization === "" ? "built-in" : given.organization,
    clientId: given.clientId === "" ? randomBytes(10).toString("hex") : given.clientId,
    clientSecret: given.clientSecret === "" ? randomBytes(20).toString("hex") : given.clientSecret,
  };
  const taken = await store.find("application", { clientId: application.clientId });
  if (taken.length > 0) {
    log(`application ${application.name} dropped: its client id is taken by ${taken[0]?.name ?? ""}`);
    return;
  }
  try {
    await store.insert("application", application);
  } catch (error) {
    log(`application ${application.name} dropped: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function addUser(store: Store, given: Records["user"]): Promise<void> {
  if (given.owner === "" || given.name === "") throw new Error("the user's owner and name should not be empty");
  const organization = await store.get("organization", "admin", given.owner);
  if (organization === undefined) throw new Error(`the organization: ${given.owner} is not found`);
  if (given.owner !== "built-in" && (await store.find("application", { organization: given.owner })).length === 0)
    throw new Error(`The organization: ${organization.owner} should have one application at least`);
  if (given.owner === "built-in" && !organization.hasPrivilegeConsent && given.name !== "admin")
    throw new Error("adding a new user to the 'built-in' organization is currently disabled");
  await store.insert("user", {
    ...given,
    id: randomUUID(),
    updatedTime: given.updatedTime === "" ? given.createdTime : given.updatedTime,
    ...(await storedPassword(given, organization)),
  });
}

async function addCert(store: Store, cert: Records["cert"], now: Date): Promise<void> {
  if (cert.certificate !== "" && cert.privateKey !== "") return store.insert("cert", cert);
  if (!/^(RS256|RSA)$/.test(cert.cryptoAlgorithm))
    throw new Error(`populateContent() error, unsupported crypto algorithm: ${cert.cryptoAlgorithm}`);
  return store.insert("cert", { ...cert, ...(await selfSigned(cert.name, 20, now)) });
}
