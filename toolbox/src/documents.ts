import {
  findBackupErrors,
  findJobErrors,
  findLookErrors,
  findS3ConsoleErrors,
  findVerifyErrors,
  jobKinds,
  repositoryKinds,
  wireKinds,
} from "./contract-validator.generated.js";
import type { DocumentCheck, SchemaError } from "./contract-validator.generated.d.ts";
import type {
  BackupDocument,
  Job,
  LookDocument,
  PostgresDatabasesJob,
  S3BucketsJob,
  S3Console,
  VerifyDocument,
} from "./contract.generated.ts";
import { DocumentError } from "./errors.ts";

/**
 * Reads a job document.
 * @throws DocumentError listing every problem.
 */
export function validateJob(document: unknown): Job {
  const job = validated(document, "job", findJobErrors) as Job;
  const problems = jobProblems(job);
  if (problems.length > 0) throw new DocumentError(problems);
  return job;
}

/**
 * Reads a verify document.
 * @throws DocumentError listing every problem.
 */
export function validateVerify(document: unknown): VerifyDocument {
  const verify = validated(document, "verify", findVerifyErrors) as VerifyDocument;
  const names = verify.wires.map((wire) => wire.name);
  const repeated = names.filter((name, index) => names.indexOf(name) !== index);
  if (repeated.length > 0) {
    throw new DocumentError([...new Set(repeated)].map((name) => `verify.wires: two wires are named "${name}"`));
  }
  return verify;
}

/**
 * Reads the document of a console of an object store.
 * @throws DocumentError listing every problem.
 */
export function validateS3Console(document: unknown): S3Console {
  return validated(document, "s3", findS3ConsoleErrors) as S3Console;
}

/**
 * Reads the document of a look at services elsewhere.
 * @throws DocumentError listing every problem.
 */
export function validateLook(document: unknown): LookDocument {
  return validated(document, "look", findLookErrors) as LookDocument;
}

/**
 * Reads the document of a backup.
 * @throws DocumentError listing every problem.
 */
export function validateBackup(document: unknown): BackupDocument {
  return validated(document, "backup", findBackupErrors) as BackupDocument;
}

function validated(document: unknown, name: string, check: DocumentCheck): unknown {
  const checked: unknown = structuredClone(document);
  if (check(checked)) return checked;
  throw new DocumentError((check.errors ?? []).flatMap((error) => problemOf(error, document, name)));
}

/** One error of the schema in our words. It never holds the value, which could be a secret. */
function problemOf(error: SchemaError, document: unknown, name: string): readonly string[] {
  const { place, value } = find(error.instancePath, document, name);
  switch (error.keyword) {
    // Said by what is inside it.
    case "if":
      return [];
    case "required":
      return [`${place}.${String(error.params["missingProperty"])}: is missing`];
    case "additionalProperties":
      return [`${place}.${String(error.params["additionalProperty"])}: unknown field`];
    case "discriminator":
      return [`${place}.kind: must be one of ${kindsAt(error).join(", ")} (got ${describeKind(value)})`];
    case "url":
      return [`${place}: ${String(error.params["problem"])}`];
    case "format":
      return [`${place}: must be host:port`];
    default:
      return [`${place}: ${expectation(error)} (got ${typeName(value)})`];
  }
}

function expectation({ keyword, params }: SchemaError): string {
  switch (keyword) {
    case "enum":
      return `must be one of ${(params["allowedValues"] as readonly string[]).join(", ")}`;
    case "wholeNumber":
      return `must be a whole number from ${String(params["minimum"])} to ${String(params["maximum"])}`;
    case "const":
      return "must be a text or true";
    case "type":
      return `must be ${typeNames[String(params["type"])] ?? String(params["type"])}`;
    default:
      return "must be a text that is not empty and has no NUL";
  }
}

const typeNames: Readonly<Record<string, string>> = {
  string: "a text that is not empty",
  boolean: "true or false",
  object: "an object",
  array: "a list",
};

/** Turns `/databases/0/name` into `job.databases[0].name`, and finds what is there. */
function find(pointer: string, document: unknown, name: string): { readonly place: string; readonly value: unknown } {
  let place = name;
  let value = document;
  for (const escaped of pointer.split("/").slice(1)) {
    const key = escaped.replaceAll("~1", "/").replaceAll("~0", "~");
    place += Array.isArray(value) ? `[${key}]` : `.${key}`;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return { place, value };
}

function kindsAt(error: SchemaError): readonly string[] {
  if (error.instancePath === "/repository") return repositoryKinds;
  return error.instancePath === "" ? jobKinds : wireKinds;
}

function describeKind(value: unknown): string {
  const { kind } = value as { readonly kind?: unknown };
  return typeof kind === "string" ? `"${kind.slice(0, 40)}"` : typeName(kind);
}

/** What was met instead; never a value, because it could be a secret. */
function typeName(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (value === "") return "an empty text";
  return value === undefined ? "nothing" : `a ${typeof value}`;
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
