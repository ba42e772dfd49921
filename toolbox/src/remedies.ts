/**
 * What a service elsewhere is asked for, in its own words, for whoever administers it. The documentation shows the same texts. A password
 * stands in none of them.
 */
import type { Policy } from "./s3-policies.ts";
import { publicReadPolicy, userPolicy } from "./s3-policies.ts";

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export const sql = {
  role: (name: string): string => `CREATE ROLE ${quoted(name)} LOGIN PASSWORD '<its password>';`,
  password: (name: string): string => `ALTER ROLE ${quoted(name)} PASSWORD '<its password>';`,
  administrator: (name: string): string => `ALTER ROLE ${quoted(name)} CREATEROLE CREATEDB;`,
  database: (name: string, owner: string): string =>
    `CREATE DATABASE ${quoted(name)} OWNER ${quoted(owner)} ENCODING 'UTF8' TEMPLATE template0;`,
  owner: (name: string, owner: string): string => `ALTER DATABASE ${quoted(name)} OWNER TO ${quoted(owner)};`,
  closed: (name: string): string => `REVOKE ALL ON DATABASE ${quoted(name)} FROM PUBLIC;`,
  schema: (owner: string): string => `GRANT ALL ON SCHEMA public TO ${quoted(owner)};`,
  extension: (name: string): string => `CREATE EXTENSION IF NOT EXISTS ${quoted(name)} SCHEMA public CASCADE;`,
  reindex: (name: string): string =>
    `REINDEX DATABASE ${quoted(name)}; ALTER DATABASE ${quoted(name)} REFRESH COLLATION VERSION;`,
} as const;

/** Everything that one database of the platform asks of its server, where its administrator makes it. */
export function preparedDatabase(name: string, owner: string): readonly string[] {
  return [sql.role(owner), sql.database(name, owner), sql.closed(name)];
}

/** What a user of Redis has to be allowed: every key of the database and what programs do with them, and no administration. */
export function redisUserLine(user: string): string {
  return `ACL SETUSER ${user} on resetkeys ~* resetchannels &* -@all +@read +@write +@connection +@scripting +@transaction +@pubsub -@dangerous +info`;
}

/** The policy of the platform's key, on one line. */
export function keyPolicy(buckets: readonly string[]): string {
  return onOneLine(userPolicy({ buckets }));
}

/** The policy of a bucket that anybody may download from, on one line. */
export function downloadPolicy(bucket: string): string {
  return onOneLine(publicReadPolicy(bucket));
}

function onOneLine(policy: Policy): string {
  return JSON.stringify(policy);
}
