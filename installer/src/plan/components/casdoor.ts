import {
  completed,
  container,
  firstPassword,
  givenSecret,
  healthy,
  randomSecret,
  resourcesOf,
  type ComponentDefinition,
  type JobDraft,
  type Parts,
  type PlanContext,
  type ComponentIdentity,
  externalComponent,
  endpointOfUrl,
  absentComponent,
} from "../define.ts";
import { casdoorDatabase as database, signInCallback, signInCheck, signInLimit } from "../groups/casdoor-client.ts";
import { casdoorApplications, casdoorConfiguration, casdoorInitialData } from "../groups/casdoor-files.ts";
import {
  hasCompanyAccounts,
  providerCaFile,
  providerCaFiles,
  providerCaVariables,
  providerClient,
  providerEndpoint,
} from "../groups/company-accounts.ts";
import { postgresCaFiles, ownerLogin, postgresStamp, postgresWire } from "../groups/postgres-client.ts";
import { outsideAuthorities, outsideCaFile } from "../groups/public-address.ts";
import { redisNeeds, redisWire } from "../groups/redis-client.ts";
import { toolboxJob } from "../groups/toolbox-job.ts";
import type { Link, Route, SecretSpec, Slotted, Wire } from "../model.ts";
import { endpoint, jsonFile, secret, textFile } from "../text.ts";
import { casdoorRules } from "../../values/rules/casdoor-rules.ts";
import { servedUrl } from "../../values/addressing.ts";

/** Sign-in: an OpenID provider. The vendor's image, by reference. */
export const casdoor: ComponentDefinition = {
  id: "casdoor",
  section: {
    key: "casdoor",
    leastMemory: 128,
    growth: { memoryPerUser: 2 },
    external: {
      required: ["url", "clientId", "certificateFile"],
      secret: ["clientSecret", "clientSecretFile"],
    },
    listener: { id: "casdoor", prefix: "casdoor", port: "casdoor" },
    image: "casdoor",
    rules: casdoorRules,
  },
  databases: (values) =>
    values.casdoor.mode === "embedded"
      ? [{ name: database, owner: database, secret: "pg-casdoor", usedBy: ["casdoor"], extensions: [] }]
      : [],
  build(context) {
    const values = context.values.casdoor;
    const component = {
      id: "casdoor",
      title: { en: "Casdoor", zh: "Casdoor 登录服务" },
      purpose: { en: "Sign-in and users", zh: "登录与用户管理" },
      role: "sign-in" as const,
      zone: "app" as const,
    };
    switch (values.mode) {
      case "off":
        return { component: absentComponent(component) };
      case "external":
        return external(context, component);
      case "embedded":
        return embedded(context, component);
    }
  },
};

/** The cookie jar keeps every check in one session: without it each leaves a session in Redis for a day. */
const healthCommand = [
  ...["curl", "-fsS", "-o", "/dev/null", "--max-time", "4"],
  ...["-b", "/tmp/.health", "-c", "/tmp/.health", "http://127.0.0.1:8000/api/health"],
];

function external(context: PlanContext, component: ComponentIdentity): Parts {
  const { external: outside, organization } = context.values.casdoor;
  const { url, clientSecretFile, certificateFile } = outside;
  return {
    component: {
      ...externalComponent(component, endpointOfUrl("http", "http", url)),
      links: [signInLink(url, organization)],
    },
    wires: [outsideWire(context)],
    outside: [
      {
        kind: "casdoor",
        service: "casdoor",
        url,
        clientId: outside.clientId,
        clientSecret: secret("casdoor-external"),
        certificate: secret("casdoor-external-certificate"),
        redirectUri: signInCallback(context),
        organization,
        ...outsideAuthorities(context),
      },
    ],
    secrets: [
      givenSecret(
        "casdoor-external",
        "client secret at the external Casdoor",
        "casdoor.external.clientSecret",
        clientSecretFile,
      ),
      {
        name: "casdoor-external-certificate",
        description: "certificate that tokens of the external Casdoor are checked with, given",
        generator: { kind: "given-file", path: certificateFile },
      },
    ],
  };
}

/** Nobody signs in at a Casdoor of others for a check: `slipway doctor` looks at what it knows of the hub. */
function outsideWire(context: PlanContext): Wire {
  const url = context.values.casdoor.external.url.replace(/\/$/, "");
  return {
    id: "sign-in",
    from: "csghub-user",
    to: "casdoor.http",
    expectation: "discovery answers with the issuer that the hub is told of",
    check: {
      kind: "route",
      url: `${url}/.well-known/openid-configuration`,
      expectStatus: 200,
      expectBody: `"${url}"`,
      ...outsideCaFile(context),
    },
  };
}

/** The form of the platform's people; the root is for whoever is signed in to Casdoor's own pages. */
function signInLink(url: string, organization: string): Link {
  return { title: { en: "Sign-in", zh: "登录" }, url: `${url.replace(/\/$/, "")}/login/${organization}` };
}

/** It compresses nothing unless its pictures are the vendor's, gives its cookies no flags, and lets itself be framed. */
const pages = { compress: true, ownCookies: true, ownFrames: true };

const routes: readonly Route[] = [
  {
    id: "casdoor-login",
    listener: "casdoor",
    match: { kind: "exact", path: "/api/login" },
    action: { kind: "proxy", to: "casdoor.http", timeoutSeconds: 60, streaming: false, limit: signInLimit, pages },
  },
  {
    id: "casdoor",
    listener: "casdoor",
    match: { kind: "prefix", path: "/" },
    action: {
      kind: "proxy",
      to: "casdoor.http",
      timeoutSeconds: 60,
      streaming: false,
      pages,
    },
  },
  // Its image has no pictures, flags and signs of other providers; for their addresses it gives its page.
  {
    id: "casdoor-pictures",
    listener: "casdoor",
    match: { kind: "regex", path: "^/(img|flag-icons|buttons)/" },
    action: { kind: "blank-picture" },
  },
];

function embedded(context: PlanContext, component: ComponentIdentity): Parts {
  const values = context.values.casdoor;
  return {
    component: {
      ...component,
      presence: "embedded",
      endpoints: [{ id: "http", port: 8000, protocol: "http", tls: false }],
      workload: {
        container: container(
          {
            image: context.image("casdoor", values.image),
            uid: 10009,
            resources: resourcesOf(values.resources),
            env: providerCaVariables(context),
            files: [
              { path: "/conf/app.conf", contents: textFile(casdoorConfiguration(context, database)) },
              { path: "/conf/init_data.json", contents: jsonFile(casdoorInitialData(context)) },
              ...postgresCaFiles(context),
              ...providerCaFiles(context),
            ],
          },
          values,
        ),
        replicas: values.replicas,
        update: "recreate",
        stopSeconds: 15,
        health: {
          ready: { kind: "exec", command: healthCommand },
          live: { kind: "tcp", port: 8000 },
          startSeconds: 120,
        },
      },
      // It ends when Redis, where its sessions are, does not answer at its start.
      needs: [completed("postgres-databases"), ...redisNeeds],
      reaches: hasCompanyAccounts(context) ? [providerEndpoint] : [],
      links: [signInLink(servedUrl(context.addressing, "casdoor"), values.organization)],
      firstPassword: { user: "root", secret: "casdoor-root" },
    },
    jobs: [bootstrapJob(context)],
    // It is born with a known password: nobody reaches it before the bootstrap has closed that account.
    beforeOpening: [completed("casdoor-bootstrap")],
    secrets: secrets(),
    routes,
    wires: [
      postgresWire(context, database),
      redisWire(context, { id: "casdoor-sessions", from: "casdoor" }),
      oidcWire(context),
    ],
  };
}

function bootstrapJob(context: PlanContext): JobDraft {
  const { organization } = context.values.casdoor;
  const { mainUrl } = context.addressing;
  return toolboxJob(context, {
    id: "casdoor-bootstrap",
    component: "casdoor",
    title: "Close Casdoor's default account and profiles, and register applications",
    makes: [
      "built-in administrator with a password of this install",
      ...casdoorApplications.map((name) => `OpenID application ${name}`),
      ...(hasCompanyAccounts(context) ? ["sign-in with accounts of the company"] : []),
    ],
    needs: [healthy("casdoor")],
    editedByPeople: true,
    // What the company's provider says of itself changes elsewhere.
    stamp: hasCompanyAccounts(context) ? undefined : postgresStamp(context, database, whatPeopleEdit),
    files: [...postgresCaFiles(context), ...providerCaFiles(context)],
    document: {
      kind: "casdoor-bootstrap",
      database: ownerLogin(context, database),
      url: endpoint("casdoor.http", "url"),
      publicUrl: servedUrl(context.addressing, "casdoor"),
      builtInAdminPasswordHash: secret("casdoor-built-in-admin-hash"),
      organizations: [{ name: organization, websiteUrl: mainUrl }],
      applications: casdoorApplications.map((name) => ({
        name,
        organization,
        homepageUrl: mainUrl,
        clientId: secret(`casdoor-${name.toLowerCase()}-id`),
        clientSecret: secret(`casdoor-${name.toLowerCase()}-secret`),
        redirectUris: [redirectUri(context, name)],
      })),
      certificates: [
        {
          name: "csghub-cert",
          certificate: secret("casdoor-signing", { part: "certificate" }),
          privateKey: secret("casdoor-signing", { part: "privateKey" }),
        },
      ],
      ...companyAccounts(context),
    },
  });
}

/** Everything that the bootstrap looks at; who signed in and when is no part of it. */
const whatPeopleEdit = [
  `select to_jsonb(o)::text from organization o where owner = 'admin'`,
  `select to_jsonb(a)::text from application a where owner = 'admin'`,
  `select to_jsonb(c)::text from cert c where owner = 'admin'`,
  `select to_jsonb(p)::text from provider p where owner = 'admin'`,
  `select jsonb_build_array(name, u->'password', u->'password_type', u->'avatar')::text from (select name, to_jsonb(p) u from "user" p where owner = 'built-in') p`,
];

/** People of the company sign in to the hub; consoles of the platform stay with those who have a password here. */
function companyAccounts(context: PlanContext): Readonly<Record<string, Slotted>> {
  if (!hasCompanyAccounts(context)) return {};
  const { displayName, claims, signUp, linkByEmail } = context.values.casdoor.provider;
  return {
    provider: {
      ...providerClient(context),
      ...providerCaFile(context),
      ...{ application: "CSGHub", displayName, claims, signUp, linkByEmail },
    },
  };
}

function redirectUri(context: PlanContext, application: string): string {
  return application === "CSGHub"
    ? signInCallback(context)
    : `${context.addressing.mainUrl}/-/temporal/auth/sso/callback`;
}

function secrets(): readonly SecretSpec[] {
  return [
    firstPassword("casdoor-root", "first password of user root", "people change theirs on their own page of Casdoor"),
    {
      name: "casdoor-root-hash",
      description: "hash of root's password",
      generator: { kind: "bcrypt", of: "casdoor-root" },
    },
    {
      name: "casdoor-built-in-admin",
      description: "password of Casdoor's own administrator built-in/admin",
      generator: { kind: "password", length: 32 },
    },
    {
      name: "casdoor-built-in-admin-hash",
      description: "hash of built-in/admin's password",
      generator: { kind: "bcrypt", of: "casdoor-built-in-admin" },
    },
    {
      name: "casdoor-signing",
      description: "key pair that signs every sign-in of this install",
      generator: { kind: "signing-pair", bits: 4096, commonName: "csghub-cert", years: 20 },
    },
    randomSecret("casdoor-radius", "RADIUS secret; the server is switched off"),
    ...casdoorApplications.flatMap((name): SecretSpec[] => [
      {
        name: `casdoor-${name.toLowerCase()}-id`,
        description: `client id of application ${name}`,
        generator: { kind: "random", bytes: 10, encoding: "hex" },
      },
      {
        name: `casdoor-${name.toLowerCase()}-secret`,
        description: `client secret of application ${name}`,
        generator: { kind: "random", bytes: 20, encoding: "hex" },
      },
    ]),
  ];
}

function oidcWire(context: PlanContext): Wire {
  const url = servedUrl(context.addressing, "casdoor");
  return {
    id: "sign-in",
    from: "csghub-user",
    to: "casdoor.http",
    expectation:
      "discovery, sign-in of a user added for it, code and token for CSGHub; a wrong client secret is refused",
    check: { kind: "oidc", discoveryUrl: `${url}/.well-known/openid-configuration`, ...signInCheck(context) },
  };
}
