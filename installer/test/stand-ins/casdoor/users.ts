import { randomUUID } from "node:crypto";
import { type Answer, envelope, type Exchange, loginFirst } from "./exchange.ts";
import { passwordProblem, passwordType, storedPassword } from "./passwords.ts";
import { checkField, completeRecord, type User } from "./records.ts";
import { FilterRefusal, Refusal } from "./signin.ts";
import { askingUser, isApplication, type Subject } from "./subject.ts";
import { columnsOf } from "./tables.ts";

/** `GET /api/get-user?id=owner/name`: open to everybody while the organization says that profiles are public. */
export async function answerUser(exchange: Exchange, subject: Subject): Promise<Answer> {
  const [owner = "", name = ""] = (exchange.url.searchParams.get("id") ?? "").split("/");
  const user = await exchange.store.get("user", owner, name);
  if (user === undefined) return envelope({ data: null });
  const organization = await exchange.store.get("organization", "admin", user.owner);
  if (organization === undefined) throw new Refusal(`The organization: ${owner} does not exist`);
  if (!organization.isProfilePublic) await requireRight(exchange, subject, user);
  return envelope({ data: maskedUser(user) });
}

/** `GET /api/get-users?owner=…`, for those the permission filter lets through. */
export async function answerUsers({ store, url }: Exchange): Promise<Answer> {
  const users = await store.find("user", { owner: url.searchParams.get("owner") ?? "" });
  return envelope({ data: users.map(maskedUser) });
}

/** `POST /api/add-user`, a whole user as JSON. */
export async function addUser(exchange: Exchange): Promise<Answer> {
  const { store, now } = exchange;
  const given = readUser(exchange.body);
  if (/[/?:#&%=+;]/.test(given.name))
    throw new FilterRefusal(`Field 'name' contains forbidden characters: "/?:#&%=+;"`);
  const organization = await store.get("organization", "admin", given.owner);
  if (organization === undefined) throw new Refusal(`The organization: ${given.owner} does not exist`);
  if (!/^[a-zA-Z0-9]+([-._][a-zA-Z0-9]+)*$/.test(given.name))
    throw new Refusal("The username may only contain alphanumeric characters, underlines or hyphens");
  if ((await store.get("user", given.owner, given.name)) !== undefined) throw new Refusal("Username already exists");
  if (given.owner === "built-in" && !organization.hasPrivilegeConsent)
    throw new Refusal("adding a new user to the 'built-in' organization is currently disabled");
  await store.insert("user", {
    ...given,
    id: given.id === "" ? randomUUID() : given.id,
    createdTime: given.createdTime === "" ? now().toISOString() : given.createdTime,
    ...(await storedPassword(given, organization)),
  });
  return envelope({ data: "Affected" });
}

/** `POST /api/update-user?id=owner/name`, the whole user as JSON. */
export async function updateUser(exchange: Exchange): Promise<Answer> {
  const { store, url, body } = exchange;
  const [owner = "", name = ""] = (url.searchParams.get("id") ?? "").split("/");
  const old = await store.get("user", owner, name);
  if (old === undefined) throw new Refusal(`The user: ${owner}/${name} doesn't exist`);
  const given = readUser(body);
  if (given.id !== old.id) throw new Refusal("The ID is immutable.");
  const { password, passwordType: type, passwordSalt: salt } = old;
  await store.update("user", old, { ...given, owner, name, password, passwordType: type, passwordSalt: salt });
  return envelope({ data: "Affected" });
}

/** `POST /api/delete-user`: its tokens, sessions and records stay. */
export async function deleteUser({ store, body }: Exchange): Promise<Answer> {
  const { owner, name } = readUser(body);
  if (owner === "built-in" && name === "admin") throw new Refusal("Unauthorized operation");
  if ((await store.get("user", owner, name)) === undefined) return envelope({ data: "Unaffected" });
  await store.remove("user", owner, name);
  return envelope({ data: "Affected" });
}

/** `POST /api/set-password`, a form: one's own with the old one, an administrator's without. */
export async function setPassword(exchange: Exchange, subject: Subject): Promise<Answer> {
  const { store } = exchange;
  const form = new URLSearchParams(exchange.body);
  const given = (name: string): string => form.get(name) ?? "";
  const [owner, name] = [given("userOwner"), given("userName")];
  const user = await store.get("user", owner, name);
  if (user === undefined) throw new Refusal(`The user: ${owner}/${name} doesn't exist`);
  if (subject.userId === "") return loginFirst();
  await requireRight(exchange, subject, user);
  const organization = await store.get("organization", "admin", owner);
  if (organization === undefined) throw new Refusal(`the organization: ${owner} is not found`);
  await requireOldPassword(exchange, { subject, user, old: given("oldPassword") });
  const password = given("newPassword");
  const problem = passwordProblem(password, organization.passwordOptions ?? []);
  if (problem !== undefined) throw new Refusal(problem);
  const stored = await storedPassword({ password, passwordType: "", passwordSalt: "" }, organization);
  await store.update("user", user, stored);
  return envelope({});
}

interface OldPassword {
  readonly subject: Subject;
  readonly user: User;
  readonly old: string;
}

async function requireOldPassword(exchange: Exchange, { subject, user, old }: OldPassword): Promise<void> {
  const isAdmin = isApplication(subject) || (await askingUser(exchange, subject))?.isAdmin === true;
  if (isAdmin && old === "") return;
  if (await passwordType(user.passwordType)?.matches(old, user.password, user.passwordSalt)) return;
  throw new Refusal("password or code is incorrect");
}

/** Oneself, an administrator of the organization or of all, and every application. */
async function requireRight(exchange: Exchange, subject: Subject, user: User): Promise<void> {
  if (isApplication(subject)) return;
  if (subject.userId === "") throw new Refusal("Please login first");
  const asking = await askingUser(exchange, subject);
  if (asking === undefined) throw new Refusal("Session outdated, please login again");
  const isSelf = asking.owner === user.owner && asking.name === user.name;
  if (asking.owner === "built-in" || isSelf || (asking.owner === user.owner && asking.isAdmin)) return;
  throw new Refusal("Unauthorized operation");
}

function readUser(body: string): User {
  let document: unknown;
  try {
    document = JSON.parse(body);
  } catch (error) {
    throw new Refusal(error instanceof Error ? error.message : "not JSON");
  }
  const fields = document as Readonly<Record<string, unknown>>;
  for (const column of columnsOf.user) {
    try {
      checkField(column, fields[column.field], "user");
    } catch (error) {
      throw new Refusal(error instanceof Error ? error.message : "not a user");
    }
  }
  return completeRecord("user", fields);
}

function maskedUser(user: User): User {
  return { ...user, password: user.password === "" ? "" : "***", passwordSalt: "" };
}
