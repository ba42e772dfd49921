/**
 * What the hub's programs are told where a service is one of one's own: for each service the cells of the contract that change, by hand. What
 * is not named here has to stay as it is.
 */
export interface ServiceElsewhere {
  readonly service: string;
  /** Its part of a values file. */
  readonly values: string;
  /** The contract's variables, to what they become. */
  readonly told: Readonly<Record<string, string>>;
  /** Variables that only such a service brings, and the programs that get them. */
  readonly added?: Readonly<Record<string, { readonly value: string; readonly like: string }>>;
  /** What the portal is told otherwise: of its environment, and lines of its file. */
  readonly portal?: Readonly<Record<string, string>>;
  readonly portalLines?: readonly string[];
  /** Files by path that every program gets whose row of the contract changes. */
  readonly files?: Readonly<Record<string, string>>;
  /** Components, jobs and secrets that are gone. */
  readonly gone: readonly string[];
  readonly goneSecrets: readonly string[];
  /** Secrets that are given. */
  readonly given: readonly string[];
}

export const postgresElsewhere: ServiceElsewhere = {
  service: "PostgreSQL, checked by certificate and name",
  values: `postgres:
  mode: external
  external: { host: db.corp, port: 6432, adminPassword: x, sslMode: verify-full, caFile: /etc/db-ca.pem }`,
  told: {
    STARHUB_DATABASE_DSN:
      "postgresql://csghub_server:${secret:pg-server|url}@db.corp:6432/csghub_server?sslmode=verify-full&sslrootcert=%2Frun%2Fslipway%2Fpostgres-ca.crt",
  },
  files: { "/run/slipway/postgres-ca.crt": "${secret:postgres-ca}" },
  portalLines: [
    "export CSGHUB_PORTAL_DATABASE_DSN='postgresql://csghub_portal:${secret:pg-portal|url}@db.corp:6432/csghub_portal?sslmode=verify-full&sslrootcert=%2Frun%2Fslipway%2Fpostgres-ca.crt'",
  ],
  gone: ["postgres", "postgres-initialise"],
  goneSecrets: ["postgres-admin"],
  given: ["postgres-ca", "postgres-external"],
};

/** What a server whose administrator makes the roles changes besides: nothing that the programs see. */
export const preparedPostgres: ServiceElsewhere = {
  ...postgresElsewhere,
  service: "PostgreSQL, with the roles' passwords alone",
  values: postgresElsewhere.values.replace("adminPassword: x", "passwordFolder: /etc/pg/"),
  given: ["pg-casdoor", "pg-portal", "pg-server", "pg-temporal", "postgres-ca"],
};

export const redisElsewhere: ServiceElsewhere = {
  service: "Redis, without TLS and for the default user",
  values: `redis: { mode: external, external: { host: redis.corp, port: 6380, password: x } }`,
  told: {
    STARHUB_SERVER_REDIS_ENDPOINT: "redis.corp:6380",
    STARHUB_SERVER_REDIS_PASSWORD: "${secret:redis-external|quoted}",
  },
  gone: ["redis"],
  goneSecrets: ["redis"],
  given: ["redis-external"],
};

export const natsElsewhere: ServiceElsewhere = {
  service: "NATS",
  values: `nats: { mode: external, external: { host: nats.corp, user: "hub@team", password: x } }`,
  told: { OPENCSG_ACCOUNTING_NATS_URL: "nats://hub%40team:${secret:nats-external|url}@nats.corp:4222" },
  gone: ["nats"],
  goneSecrets: ["nats-hub"],
  given: ["nats-external"],
};

export const temporalElsewhere: ServiceElsewhere = {
  service: "Temporal",
  values: `temporal: { mode: external, external: { host: temporal.corp, port: 7300 } }`,
  told: { OPENCSG_WORKFLOW_SERVER_ENDPOINT: "temporal.corp:7300" },
  gone: ["temporal", "temporal-schema"],
  goneSecrets: ["pg-temporal"],
  given: [],
};

export const gitalyElsewhere: ServiceElsewhere = {
  service: "Gitaly",
  values: `gitaly: { mode: external, external: { host: gitaly.corp, port: 8076, token: x, storage: fast } }`,
  told: {
    STARHUB_SERVER_GITALY_SERVER_SOCKET: "tcp://gitaly.corp:8076",
    STARHUB_SERVER_GITALY_STORAGE: "fast",
    STARHUB_SERVER_GITALY_TOKEN: "${secret:gitaly-external|quoted}",
  },
  gone: ["gitaly"],
  goneSecrets: ["gitaly-token"],
  given: ["gitaly-external"],
};

export const objectsElsewhere: ServiceElsewhere = {
  service: "an object store, by path",
  values: `objectStore:
  mode: external
  region: eu-west-1
  external: { endpoint: "https://s3.corp:9443", accessKey: AKIA, secretKey: x }`,
  told: {
    STARHUB_SERVER_S3_ENDPOINT: "s3.corp:9443",
    STARHUB_SERVER_S3_REGION: "eu-west-1",
    STARHUB_SERVER_S3_ACCESS_KEY_ID: "AKIA",
    STARHUB_SERVER_S3_ACCESS_KEY_SECRET: "${secret:s3-external|quoted}",
  },
  portal: {
    CSGHUB_PORTAL_S3_ENDPOINT: "s3.corp:9443",
    CSGHUB_PORTAL_S3_REGION: "eu-west-1",
    CSGHUB_PORTAL_S3_ACCESS_KEY_ID: "AKIA",
    CSGHUB_PORTAL_PRIVATE_S3_ENDPOINT: "s3.corp:9443",
    CSGHUB_PORTAL_PRIVATE_S3_REGION: "eu-west-1",
    CSGHUB_PORTAL_PRIVATE_S3_ACCESS_KEY_ID: "AKIA",
  },
  portalLines: ["export CSGHUB_PORTAL_S3_ACCESS_KEY_SECRET='${secret:s3-external|shell}'"],
  gone: ["minio"],
  goneSecrets: ["minio-root", "s3-csghub-portal", "s3-csghub-runner", "s3-csghub-server", "s3-registry"],
  given: ["s3-external"],
};

/** Plain HTTP, another address for people, and the bucket before the host name. */
export const virtualHostObjects: ServiceElsewhere = {
  ...objectsElsewhere,
  service: "an object store, by virtual host",
  values: `objectStore:
  mode: external
  region: eu-west-1
  external:
    endpoint: http://s3.inside
    publicEndpoint: https://s3.corp:9443
    accessKey: AKIA
    secretKey: x
    addressing: virtual-host`,
  told: { ...objectsElsewhere.told, STARHUB_SERVER_S3_BUCKET_LOOKUP: "dns" },
};

export const cloudObjects: ServiceElsewhere = {
  ...objectsElsewhere,
  service: "Amazon's object store, whose addressing is known",
  values: `objectStore:
  mode: external
  region: eu-west-1
  external: { endpoint: "https://s3.eu-west-1.amazonaws.com", accessKey: AKIA, secretKey: x }`,
  told: {
    ...objectsElsewhere.told,
    STARHUB_SERVER_S3_ENDPOINT: "s3.eu-west-1.amazonaws.com",
    STARHUB_SERVER_S3_BUCKET_LOOKUP: "dns",
  },
  portal: {
    ...objectsElsewhere.portal,
    CSGHUB_PORTAL_S3_ENDPOINT: "s3.eu-west-1.amazonaws.com",
    CSGHUB_PORTAL_PRIVATE_S3_ENDPOINT: "s3.eu-west-1.amazonaws.com",
  },
};

export const registryElsewhere: ServiceElsewhere = {
  service: "a registry",
  values: `registry: { mode: external, external: { url: "https://images.corp", user: hub, password: x } }`,
  told: {},
  gone: ["registry"],
  goneSecrets: ["registry", "registry-htpasswd", "registry-http", "s3-registry"],
  given: ["registry-external"],
};

export const casdoorElsewhere: ServiceElsewhere = {
  service: "Casdoor",
  values: `casdoor:
  mode: external
  organization: Corp
  external: { url: "https://login.corp/", clientId: 'id"1', clientSecret: x, certificateFile: /etc/casdoor.pem }`,
  told: {
    STARHUB_SERVER_CASDOOR_ENDPOINT: "https://login.corp",
    STARHUB_SERVER_CASDOOR_ORGANIZATION_NAME: "Corp",
    STARHUB_SERVER_CASDOOR_CLIENT_ID: String.raw`id\"1`,
    STARHUB_SERVER_CASDOOR_CLIENT_SECRET: "${secret:casdoor-external|quoted}",
  },
  files: { "/starhub-bin/casdoor/tls.crt": "${secret:casdoor-external-certificate}" },
  gone: ["casdoor", "casdoor-bootstrap"],
  goneSecrets: ["casdoor-root", "casdoor-signing", "casdoor-csghub-id", "casdoor-csghub-secret", "pg-casdoor"],
  given: ["casdoor-external", "casdoor-external-certificate"],
};

/** A user of its own, and TLS that the platform's own component speaks; Casdoor can do neither. */
export const securedRedis: ServiceElsewhere = {
  ...redisElsewhere,
  service: "Redis with TLS and a user of its own, beside Casdoor",
  values: `redis:
  mode: external
  external: { host: redis.corp, port: 6380, user: hub, password: x, tls: true, caFile: /etc/redis-ca.pem }
${casdoorElsewhere.values}`,
  told: {
    ...casdoorElsewhere.told,
    STARHUB_SERVER_REDIS_ENDPOINT: "redis-tunnel:6379",
    STARHUB_SERVER_REDIS_PASSWORD: "${secret:redis-external|quoted}",
  },
  added: { STARHUB_SERVER_REDIS_USER: { value: "hub", like: "STARHUB_SERVER_REDIS_ENDPOINT" } },
  gone: [...redisElsewhere.gone, ...casdoorElsewhere.gone],
  goneSecrets: [...redisElsewhere.goneSecrets, ...casdoorElsewhere.goneSecrets],
  given: [...redisElsewhere.given, ...casdoorElsewhere.given, "redis-ca"],
};

const single = [
  postgresElsewhere,
  preparedPostgres,
  redisElsewhere,
  securedRedis,
  natsElsewhere,
  temporalElsewhere,
  gitalyElsewhere,
  objectsElsewhere,
  virtualHostObjects,
  cloudObjects,
  registryElsewhere,
  casdoorElsewhere,
];

/** Each alone, and all at once. */
export const servicesElsewhere: readonly ServiceElsewhere[] = [
  ...single,
  together("everything at once", [
    postgresElsewhere,
    securedRedis,
    natsElsewhere,
    temporalElsewhere,
    gitalyElsewhere,
    virtualHostObjects,
    registryElsewhere,
  ]),
];

function together(service: string, parts: readonly ServiceElsewhere[]): ServiceElsewhere {
  const merged = <Key extends "told" | "added" | "portal" | "files">(key: Key) =>
    Object.assign({}, ...parts.map((part) => part[key] ?? {})) as NonNullable<ServiceElsewhere[Key]>;
  const listed = (key: "portalLines" | "gone" | "goneSecrets" | "given") => parts.flatMap((part) => part[key] ?? []);
  return {
    service,
    values: parts.map(({ values }) => values).join("\n"),
    told: merged("told"),
    added: merged("added"),
    portal: merged("portal"),
    portalLines: listed("portalLines"),
    files: merged("files"),
    gone: listed("gone"),
    goneSecrets: listed("goneSecrets"),
    given: listed("given"),
  };
}
