import { randomUUID } from "node:crypto";
import { storedPassword } from "./passwords.ts";
import { completeRecord } from "./records.ts";
import { selfSigned } from "./self-signed.ts";
import type { Store } from "./store.ts";

/** Names of the account items every organisation of Casdoor has unless it lists its own. */
export const defaultAccountItems = [
  "Organization",
  "ID",
  "Name",
  "Display name",
  "Avatar",
  "Password",
  "Email",
  "Tag",
  "Is admin",
].map((name) => ({ name, visible: true, viewRule: "Public", modifyRule: "Admin", regex: "", tab: "" }));

/**
 * What Casdoor makes in an empty database before it reads any initial data: its own organisation, application,
 * certificate, and a global administrator `built-in/admin` with the password `123`.
 */
export async function createBuiltIns(store: Store, staticBaseUrl: string, now: Date): Promise<void> {
  if ((await store.get("organization", "admin", "built-in")) !== undefined) return;
  const createdTime = now.toISOString();
  const organization = completeRecord("organization", {
    owner: "admin",
    name: "built-in",
    createdTime,
    displayName: "Built-in Organization",
    websiteUrl: "https://example.com",
    favicon: `${staticBaseUrl}/img/casbin/favicon.ico`,
    passwordType: "bcrypt",
    passwordOptions: ["AtLeast6"],
    countryCodes: ["US", "CN"],
    defaultAvatar: `${staticBaseUrl}/img/casbin.svg`,
    tags: [],
    languages: ["en", "zh"],
    initScore: 2000,
    accountItems: defaultAccountItems,
    enableTour: true,
    dcrPolicy: "disabled",
  });
  await store.insert("organization", organization);
  for (const [name, category, type] of [
    ["provider_captcha_default", "Captcha", "Default"],
    ["provider_balance", "Payment", "Balance"],
    ["provider_payment_dummy", "Payment", "Dummy"],
  ] as const)
    await store.insert("provider", completeRecord("provider", { owner: "admin", name, createdTime, category, type }));
  const password = await storedPassword({ password: "123", passwordType: "", passwordSalt: "" }, organization);
  await store.insert(
    "user",
    completeRecord("user", {
      owner: "built-in",
      name: "admin",
      createdTime,
      updatedTime: createdTime,
      id: randomUUID(),
      type: "normal-user",
      ...password,
      displayName: "Admin",
      avatar: `${staticBaseUrl}/img/casbin.svg`,
      email: "admin@example.com",
      phone: "12345678910",
      countryCode: "US",
      address: [],
      affiliation: "Example Inc.",
      tag: "staff",
      score: 2000,
      ranking: 1,
      isAdmin: true,
      signupApplication: "app-built-in",
      registerType: "Add User",
      registerSource: "built-in/admin",
      createdIp: "127.0.0.1",
      properties: {},
    }),
  );
  await createBuiltInApplication(store, staticBaseUrl, createdTime);
  const pair = await selfSigned("cert-built-in", 20, now);
  await store.insert(
    "cert",
    completeRecord("cert", {
      owner: "admin",
      name: "cert-built-in",
      createdTime,
      displayName: "Built-in Cert",
      scope: "JWT",
      type: "x509",
      cryptoAlgorithm: "RS256",
      bitSize: 2048,
      expireInYears: 20,
      ...pair,
    }),
  );
}

async function createBuiltInApplication(store: Store, staticBaseUrl: string, createdTime: string): Promise<void> {
  await store.insert(
    "application",
    completeRecord("application", {
      owner: "admin",
      name: "app-built-in",
      createdTime,
      displayName: "Casdoor",
      category: "Default",
      type: "All",
      scopes: [],
      logo: `${staticBaseUrl}/img/casdoor-logo_1185x256.png`,
      homepageUrl: "https://casdoor.org",
      organization: "built-in",
      cert: "cert-built-in",
      clientId: randomUUID().replaceAll("-", "").slice(0, 20),
      clientSecret: `${randomUUID()}${randomUUID()}`.replaceAll("-", "").slice(0, 40),
      enablePassword: true,
      enableSignUp: true,
      providers: [{ name: "provider_captcha_default", rule: "None" }],
      signinMethods: [{ name: "Password", displayName: "Password", rule: "All" }],
      tags: [],
      redirectUris: [],
      tokenFormat: "JWT",
      tokenFields: [],
      expireInHours: 168,
      formOffset: 2,
      cookieExpireInHours: 720,
    }),
  );
}
