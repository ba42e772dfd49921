import type {
  CasdoorApplication,
  CasdoorBootstrapJob,
  CasdoorCertificate,
  DatabaseExtension,
  GitalyWire,
  Job,
  NatsWire,
  OidcWire,
  PostgresDatabasesJob,
  PostgresLogin,
  PostgresWire,
  RedisWire,
  RegistryWire,
  RouteWire,
  S3Bucket,
  S3BucketsJob,
  S3User,
  S3Wire,
  ServiceDatabase,
  SshWire,
  TemporalDatabase,
  TemporalNamespaceJob,
  TemporalSchemaJob,
  TemporalWire,
  TlsWire,
  VerifyDocument,
  Wire,
} from "./contract.ts";
import { DocumentError } from "./errors.ts";
import type { Shape } from "./shape.ts";
import {
  address,
  either,
  flag,
  list,
  object,
  oneOf,
  optional,
  port,
  record,
  text,
  typeName,
  url,
  whole,
} from "./shape.ts";

const http = url(["http:", "https:"]);
const httpBase = url(["http:", "https:"], { bare: true });
const postgresTls = oneOf("off", "require", "verify");

const login = {
  host: text,
  port,
  user: text,
  password: text,
  database: text,
  tls: postgresTls,
  caFile: optional(text),
};

const identity = { name: text, from: text, to: text };

const jobs: { readonly [K in Job["kind"]]: Shape<Extract<Job, { kind: K }>> } = {
  "postgres-databases": object<PostgresDatabasesJob>({
    kind: text,
    admin: object<PostgresLogin>(login),
    databases: list(
      object<ServiceDatabase>({
        name: text,
        owner: text,
        password: text,
        extensions: list(object<DatabaseExtension>({ name: text, optional: optional(flag) })),
      }),
    ),
  }),
  "s3-buckets": object<S3BucketsJob>({
    kind: text,
    endpoint: httpBase,
    region: text,
    flavour: oneOf("minio", "generic"),
    admin: object<S3BucketsJob["admin"]>({ accessKey: text, secretKey: text }),
    buckets: list(
      object<S3Bucket>({
        name: text,
        versioning: flag,
        access: oneOf("private", "public-read"),
        noncurrentDays: optional(whole(1, 36_500)),
      }),
    ),
    users: list(object<S3User>({ accessKey: text, secretKey: text, buckets: list(text) })),
    caFile: optional(text),
  }),
  "temporal-schema": object<TemporalSchemaJob>({
    kind: text,
    host: text,
    port,
    user: text,
    password: text,
    databases: list(
      object<TemporalDatabase>({
        name: text,
        schema: oneOf("postgresql/v12/temporal", "postgresql/v12/visibility"),
        version: optional(text),
      }),
    ),
    tls: postgresTls,
    caFile: optional(text),
  }),
  "temporal-namespace": object<TemporalNamespaceJob>({
    kind: text,
    address,
    namespace: text,
    retentionDays: whole(1, 36_500),
  }),
  "casdoor-bootstrap": object<CasdoorBootstrapJob>({
    kind: text,
    database: object<PostgresLogin>(login),
    url: httpBase,
    builtInAdminPasswordHash: text,
    applications: list(
      object<CasdoorApplication>({
        name: text,
        organization: text,
        clientId: text,
        clientSecret: text,
        redirectUris: list(text),
      }),
    ),
    certificates: optional(list(object<CasdoorCertificate>({ name: text, certificate: text, privateKey: text }))),
  }),
};

const wires: { readonly [K in Wire["kind"]]: Shape<Extract<Wire, { kind: K }>> } = {
  postgres: object<PostgresWire>({ kind: text, ...identity, ...login, refusedDatabases: list(text) }),
  redis: object<RedisWire>({ kind: text, ...identity, host: text, port, password: text }),
  s3: object<S3Wire>({
    kind: text,
    ...identity,
    endpoint: httpBase,
    publicEndpoint: httpBase,
    region: text,
    accessKey: text,
    secretKey: text,
    bucket: text,
    deniedBuckets: list(text),
    publicRead: optional(flag),
    caFile: optional(text),
    resolve: optional(text),
  }),
  gitaly: object<GitalyWire>({ kind: text, ...identity, address, token: text, storage: text }),
  ssh: object<SshWire>({ kind: text, ...identity, host: text, port, hostKeys: list(text) }),
  registry: object<RegistryWire>({
    kind: text,
    ...identity,
    url: httpBase,
    user: text,
    password: text,
    caFile: optional(text),
    resolve: optional(text),
  }),
  temporal: object<TemporalWire>({ kind: text, ...identity, address, namespace: text }),
  oidc: object<OidcWire>({
    kind: text,
    ...identity,
    issuer: httpBase,
    discoveryUrl: http,
    clientId: text,
    clientSecret: text,
    redirectUri: http,
    organization: text,
    application: text,
    username: text,
    password: text,
    caFile: optional(text),
    resolve: optional(text),
  }),
  nats: object<NatsWire>({
    kind: text,
    ...identity,
    url: url(["nats:", "tls:"], { bare: true }),
    user: text,
    password: text,
    stream: optional(text),
  }),
  route: object<RouteWire>({
    kind: text,
    ...identity,
    url: http,
    caFile: optional(text),
    resolve: optional(text),
    method: optional(text),
    expectStatus: either(whole(100, 599), list(whole(100, 599))),
    expectBody: optional(text),
    expectHeader: optional(record<string | true>(either(text, onlyTrue))),
  }),
  tls: object<TlsWire>({ kind: text, ...identity, host: text, port, servername: text, caFile: text }),
};

function onlyTrue(value: unknown, path: string, problems: string[]): true | undefined {
  if (value === true) return true;
  problems.push(`${path}: must be a text or true (got ${typeName(value)})`);
  return undefined;
}

/** Picks the shape by the field `kind`, so that a wrong document is measured against the kind it names. */
function byKind<T>(shapes: Readonly<Record<string, Shape<T>>>): Shape<T> {
  return (value, path, problems) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      problems.push(`${path}: must be an object (got ${typeName(value)})`);
      return undefined;
    }
    const kind = (value as Readonly<Record<string, unknown>>)["kind"];
    if (typeof kind !== "string" || !Object.hasOwn(shapes, kind)) {
      const got = typeof kind === "string" ? `"${kind.slice(0, 40)}"` : typeName(kind);
      problems.push(`${path}.kind: must be one of ${Object.keys(shapes).join(", ")} (got ${got})`);
      return undefined;
    }
    return shapes[kind]?.(value, path, problems);
  };
}

/**
 * Reads a job document.
 * @throws DocumentError listing every problem.
 */
export function validateJob(document: unknown): Job {
  const job = validated(document, "job", byKind<Job>(jobs));
  const problems = jobProblems(job);
  if (problems.length > 0) throw new DocumentError(problems);
  return job;
}

/**
 * Reads a verify document.
 * @throws DocumentError listing every problem.
 */
export function validateVerify(document: unknown): VerifyDocument {
  const verify = validated(document, "verify", object<VerifyDocument>({ wires: list(byKind<Wire>(wires)) }));
  const names = verify.wires.map((wire) => wire.name);
  const repeated = names.filter((name, index) => names.indexOf(name) !== index);
  if (repeated.length > 0) {
    throw new DocumentError([...new Set(repeated)].map((name) => `verify.wires: two wires are named "${name}"`));
  }
  return verify;
}

function validated<T>(document: unknown, path: string, shape: Shape<T>): T {
  const problems: string[] = [];
  const result = shape(document, path, problems);
  if (problems.length > 0 || result === undefined) throw new DocumentError(problems);
  return result;
}

/** What no single field can tell. */
function jobProblems(job: Job): string[] {
  if (job.kind === "postgres-databases") return rolePasswordProblems(job);
  if (job.kind === "s3-buckets") return bucketProblems(job);
  if (job.kind === "casdoor-bootstrap" && !/^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/.test(job.builtInAdminPasswordHash)) {
    return ["job.builtInAdminPasswordHash: must be a bcrypt hash"];
  }
  return [];
}

function rolePasswordProblems(job: PostgresDatabasesJob): string[] {
  const passwords = new Map<string, string>();
  const problems: string[] = [];
  for (const [index, database] of job.databases.entries()) {
    const path = `job.databases[${index}]`;
    if (job.databases.findIndex((other) => other.name === database.name) !== index) {
      problems.push(`${path}.name: "${database.name}" is there twice`);
    }
    if (database.owner === job.admin.user) {
      problems.push(`${path}.owner: must not be the administrator "${job.admin.user}"`);
    }
    const known = passwords.get(database.owner);
    if (known !== undefined && known !== database.password) {
      problems.push(`${path}.password: role "${database.owner}" has another password in an earlier entry`);
    }
    passwords.set(database.owner, database.password);
  }
  return problems;
}

function bucketProblems(job: S3BucketsJob): string[] {
  const names = new Set(job.buckets.map((bucket) => bucket.name));
  const problems: string[] = [];
  for (const [index, bucket] of job.buckets.entries()) {
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket.name)) {
      problems.push(`job.buckets[${index}].name: "${bucket.name}" is not a bucket name S3 allows`);
    }
    if (bucket.noncurrentDays !== undefined && !bucket.versioning) {
      problems.push(`job.buckets[${index}].noncurrentDays: needs versioning`);
    }
  }
  for (const [index, user] of job.users.entries()) {
    const path = `job.users[${index}]`;
    if (user.accessKey === job.admin.accessKey) problems.push(`${path}.accessKey: must not be the administrator's`);
    if (user.secretKey.length < 8) problems.push(`${path}.secretKey: must have at least 8 characters`);
    if (user.accessKey.length < 3) problems.push(`${path}.accessKey: must have at least 3 characters`);
    if (user.buckets.length === 0) problems.push(`${path}.buckets: must name at least one bucket`);
    for (const name of user.buckets) {
      if (!names.has(name)) problems.push(`${path}.buckets: "${name}" is not among the job's buckets`);
    }
  }
  return problems;
}
