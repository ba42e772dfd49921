import type { PlanContext } from "../define.ts";
import type { Slotted, Text } from "../model.ts";
import { endpoint, secret, text } from "../text.ts";
import { postgresTlsQuery } from "./postgres-client.ts";
import { redisAddress, redisSecret } from "./redis-client.ts";
import { servedUrl } from "../../values/addressing.ts";

/** OpenID applications of the platform. `Admin` is for consoles of ours, such as Temporal's. */
export const casdoorApplications = ["CSGHub", "Admin"] as const;

/**
 * `app.conf` of Casdoor 3.62 (beego ini: a comment after a value would be part of it). No CDN, no LDAP, no RADIUS: a port of -1 fails
 * to bind and is logged once, where an empty one would open a random port. `redisEndpoint` is JSON, because its other form is split at
 * commas, also within a password; database 0 is the only one that every Redis has.
 */
export function casdoorConfiguration(context: PlanContext, database: string): Text {
  const origin = servedUrl(context.addressing, "casdoor");
  return text`appname = casdoor
httpport = 8000
runmode = prod
copyrequestbody = true
driverName = postgres
dataSourceName = postgres://${database}:${secret("pg-casdoor", { as: "url" })}@${endpoint("postgres.sql", "hostPort")}/${database}?${postgresTlsQuery(context)}
dbName =
tableNamePrefix =
showSql = false
redisEndpoint = {"save_path":"${redisAddress(context, "hostPort")}","poolsize":20,"password":"${secret(redisSecret(context), { as: "quoted" })}","db_num":0,"idle_timeout":"3m","idle_check_frequency":"1m"}
authState = casdoor
verificationCodeTimeout = 10
initScore = 0
logPostOnly = true
isUsernameLowered = false
origin = ${origin}
staticBaseUrl = ${origin}
isDemoMode = false
forceLanguage = ${context.values.casdoor.language}
defaultLanguage = ${context.values.casdoor.language}
defaultApplication = ${casdoorApplications[0]}
batchSize = 100
enableErrorMask = true
enableGzip = true
ldapServerPort = 0
ldapsServerPort = 0
radiusServerPort = -1
radiusDefaultOrganization = built-in
radiusSecret = ${secret("casdoor-radius")}
quota = {"organization": -1, "user": -1, "application": -1, "provider": -1}
logConfig = {"adapter":"console"}
sessionCookieLifeTime = 86400
initDataNewOnly = true
initDataFile = /conf/init_data.json
frontendBaseDir =
`;
}

/** `init_data.json`: read at each start; what exists is left alone, so that users keep their ids. */
export function casdoorInitialData(context: PlanContext): Slotted {
  const { mainUrl, domain } = context.addressing;
  const { organization, language } = context.values.casdoor;
  return {
    organizations: [organizationRow(organization, mainUrl)],
    providers: [],
    applications: [
      applicationRow("CSGHub", organization, mainUrl, {
        redirectUris: [`${mainUrl}/api/v1/callback/casdoor`],
        enableSignUp: true,
        enableSigninSession: false,
        enableAutoSignin: false,
        signupItems: signupItems,
      }),
      applicationRow("Admin", organization, mainUrl, {
        redirectUris: [`${mainUrl}/-/temporal/auth/sso/callback`],
        enableSignUp: false,
        enableSigninSession: true,
        enableAutoSignin: true,
        signupItems: [],
      }),
    ],
    users: [rootUser(organization, domain, language)],
    certs: [
      {
        owner: "admin",
        name: "csghub-cert",
        displayName: "CSGHub",
        scope: "JWT",
        type: "x509",
        cryptoAlgorithm: "RS256",
        bitSize: 4096,
        expireInYears: 20,
        certificate: secret("casdoor-signing", { part: "certificate" }),
        privateKey: secret("casdoor-signing", { part: "privateKey" }),
      },
    ],
  };
}

function organizationRow(name: string, mainUrl: string): Slotted {
  return {
    owner: "admin",
    name,
    displayName: name,
    websiteUrl: mainUrl,
    favicon: "",
    passwordType: "bcrypt",
    passwordSalt: name,
    passwordOptions: ["AtLeast8", "Aa123", "SpecialChar"],
    countryCodes: ["CN", "US"],
    defaultAvatar: "",
    defaultApplication: "CSGHub",
    userTypes: [],
    tags: [],
    languages: ["zh", "en"],
    masterPassword: "",
    defaultPassword: "",
    initScore: 2000,
    enableSoftDeletion: false,
    isProfilePublic: false,
    useEmailAsUsername: false,
    enableTour: false,
    disableSignin: false,
    dcrPolicy: "disabled",
    accountItems: [],
  };
}

const signupItems: readonly Slotted[] = [
  signupItem("ID", { visible: false, rule: "Random" }),
  signupItem("Username"),
  signupItem("Display name"),
  signupItem("Password"),
  signupItem("Confirm password"),
  // Without a mail server nobody can be asked to confirm an address.
  signupItem("Email", { rule: "No verification" }),
];

function signupItem(name: string, options: { readonly visible?: boolean; readonly rule?: string } = {}): Slotted {
  return { name, visible: options.visible ?? true, required: true, prompted: false, rule: options.rule ?? "None" };
}

function applicationRow(
  name: string,
  organization: string,
  mainUrl: string,
  options: Readonly<Record<string, Slotted>>,
): Slotted {
  return {
    owner: "admin",
    name,
    displayName: name,
    category: "Default",
    type: "All",
    logo: "",
    homepageUrl: mainUrl,
    organization,
    cert: "csghub-cert",
    enablePassword: true,
    disableSignin: false,
    enableCodeSignin: false,
    enableWebAuthn: false,
    clientId: secret(`casdoor-${name.toLowerCase()}-id`),
    clientSecret: secret(`casdoor-${name.toLowerCase()}-secret`),
    grantTypes: ["authorization_code", "id_token"],
    tokenFormat: "JWT",
    tokenSigningMethod: "RS256",
    tokenFields: [],
    expireInHours: 168,
    refreshExpireInHours: 168,
    cookieExpireInHours: 720,
    failedSigninLimit: 5,
    failedSigninFrozenTime: 15,
    providers: [],
    signinMethods: [{ name: "Password", displayName: "Password", rule: "All" }],
    tags: [],
    scopes: [],
    formOffset: 2,
    ...options,
  };
}

function rootUser(organization: string, domain: string, language: string): Slotted {
  return {
    owner: organization,
    name: "root",
    type: "normal-user",
    password: secret("casdoor-root-hash"),
    // Without this field Casdoor hashes the hash and nobody can sign in.
    passwordType: "bcrypt",
    passwordSalt: "",
    displayName: "Administrator",
    avatar: "",
    avatarType: "",
    email: `root@${domain}`,
    emailVerified: false,
    phone: "",
    countryCode: "",
    address: [],
    affiliation: "",
    tag: "is_admin",
    language,
    score: 2000,
    ranking: 1,
    isAdmin: true,
    isForbidden: false,
    isDeleted: false,
    signupApplication: "CSGHub",
    properties: {},
    groups: [],
  };
}
