import { randomBytes, randomUUID } from "node:crypto";
import type { Exchange } from "./exchange.ts";
import { askProvider, type ProviderForm, type ProviderPerson } from "./provider-client.ts";
import { type Application, completeRecord, type Organization, type Provider, type ProviderItem } from "./records.ts";
import type { User } from "./records.ts";
import { Refusal } from "./signin.ts";

/** Who comes back from a provider is known by a row of their own, is taken for somebody, or gets an account; in Casdoor's order. */
export async function userOfProvider(exchange: Exchange, application: Application, form: ProviderForm): Promise<User> {
  const { store } = exchange;
  const organization = await store.get("organization", "admin", application.organization);
  const provider = await store.get("provider", "admin", form.provider);
  if (organization === undefined || provider === undefined)
    throw new Refusal(`The provider: ${form.provider} does not exist`);
  const item = application.providers?.find(({ name }) => name === provider.name);
  // The real one looks into what is not there, and answers with its page of failures.
  if (item === undefined) throw new Error(`runtime error: ${application.name} does not offer ${provider.name}`);
  if (provider.category !== "OAuth" || provider.type !== "Custom Flexible")
    throw new Error(`this stand-in knows no provider of ${provider.category}, ${provider.type}`);
  if (form.state !== exchange.authState && form.state.split("-org-")[0] !== application.name)
    throw new Refusal(`State expected: ${exchange.authState}, but got: ${form.state}`);
  const person = await askProvider(exchange, provider, form);
  if (form.method !== "signup" && form.method !== "signin")
    throw new Error("this stand-in links nobody who is signed in already");
  const link = { owner: organization.name, providerName: provider.name, providerId: person.id };
  const known = (await store.find("third_party_link", link))[0];
  const user = known && (await store.get("user", known.owner, known.userName));
  if (user !== undefined && !user.isDeleted) return user;
  const found =
    (await findByRules(exchange, item, organization, person)) ??
    (await signUp(exchange, { application, organization, provider, item, person }));
  await rememberLink(exchange, found, provider, person);
  return found;
}

/** An absent list of rules is all of them. */
async function findByRules(
  { store }: Exchange,
  { bindingRule }: ProviderItem,
  { name: owner }: Organization,
  person: ProviderPerson,
): Promise<User | undefined> {
  for (const rule of bindingRule ?? ["Email", "Phone", "Name"]) {
    const where = { Email: { email: person.email }, Phone: { phone: person.phone }, Name: { name: person.username } }[
      rule
    ];
    const [value] = Object.values(where ?? {});
    const found = value === undefined || value === "" ? [] : await store.find("user", { owner, ...where });
    if (found[0] !== undefined) return found[0];
  }
  return undefined;
}

interface SignUp {
  readonly application: Application;
  readonly organization: Organization;
  readonly provider: Provider;
  readonly item: ProviderItem;
  readonly person: ProviderPerson;
}

async function signUp({ store, now }: Exchange, asked: SignUp): Promise<User> {
  const { application, organization, provider, item, person } = asked;
  const who = `The account for provider: ${provider.type} and username: ${person.username} (${person.displayName})`;
  const refusal = `${who} does not exist and is not allowed to sign up as new account`;
  if (!application.enableSignUp) throw new Refusal(`${refusal}, please contact your IT support`);
  if (item.canSignUp !== true) throw new Refusal(`${refusal} via ${provider.type}, please use another way to sign up`);
  const isTaken = (await store.get("user", organization.name, person.username)) !== undefined;
  // The second group of a random UUID.
  const name = isTaken ? `${person.username}_${randomBytes(2).toString("hex")}` : person.username;
  const created = now().toISOString();
  const count = (await store.find("user", { owner: organization.name })).length;
  const user = completeRecord("user", {
    owner: organization.name,
    name,
    id: person.id === "" ? randomUUID() : person.id,
    createdTime: created,
    updatedTime: created,
    type: "normal-user",
    displayName: person.displayName,
    avatar: person.avatarUrl,
    address: [],
    email: person.email,
    phone: person.phone,
    signupApplication: application.name,
    registerType: "Application Signup",
    registerSource: `${organization.name}/${application.name}`,
    score: organization.initScore,
    properties: { no: String(count + 2) },
  });
  await store.insert("user", user);
  return user;
}

async function rememberLink(
  { store }: Exchange,
  user: User,
  { name: providerName }: Provider,
  { id: providerId }: ProviderPerson,
): Promise<void> {
  const key = { owner: user.owner, userName: user.name, providerName };
  const known = (await store.find("third_party_link", key))[0];
  if (known !== undefined) return store.update("third_party_link", known, { providerId });
  return store.insert("third_party_link", completeRecord("third_party_link", { ...key, providerId }));
}
