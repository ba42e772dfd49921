import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { PostgresLogin } from "../contract.generated.ts";
import { connectPostgres, tablesOf } from "../postgres-client.ts";
import { removeVersions, type S3Access } from "../s3-client.ts";

/** What a person made who is forgotten. */
export interface Belongings {
  readonly name: string;
  /** Numbers of repositories in the hub, which are deleted already. */
  readonly repositories: readonly number[];
}

/** Rows that stay behind when the hub deletes a repository, by their table. */
const ofRepository: readonly { readonly table: string; readonly column: string }[] = [
  ...["recom_repo_scores", "repository_downloads", "repository_statistics", "repository_tags"].map((table) => ({
    table,
    column: "repository_id",
  })),
  ...["dataviewer_jobs", "dataviewers"].map((table) => ({ table, column: "repo_id" })),
];

type Mark = "name" | "id" | "uuid";

/** Rows of a person: by what they are found, and how. */
const ofPerson: readonly { readonly table: string; readonly by: Mark; readonly where: string }[] = [
  { table: "access_tokens", by: "id", where: "user_id = $1" },
  { table: "ssh_keys", by: "id", where: "user_id = $1" },
  {
    table: "notification_messages",
    by: "uuid",
    where: `msg_uuid in (select msg_uuid from notification_user_messages group by msg_uuid having bool_and(user_uuid = $1))`,
  },
  { table: "notification_user_messages", by: "uuid", where: "user_uuid = $1" },
  { table: "namespaces", by: "name", where: "path = $1" },
  { table: "users", by: "id", where: "id = $1" },
];

/** Removes a person from the hub's database: its own way to do it keeps names, tokens and records. */
export async function forgetPerson(login: PostgresLogin, { name, repositories }: Belongings): Promise<void> {
  const client = await connectPostgres(login);
  try {
    const tables = await tablesOf(client);
    for (const { table, column } of ofRepository.filter((row) => tables.has(row.table)))
      await client.query(`delete from ${table} where ${column} = any($1)`, [repositories]);
    const { rows } = await client.query<{ id: string; uuid: string }>(
      "select id, uuid from users where username = $1",
      [name],
    );
    for (const person of rows) {
      for (const { table, by, where } of ofPerson.filter((row) => tables.has(row.table)))
        await client.query(`delete from ${table} where ${where}`, [{ ...person, name }[by]]);
    }
  } finally {
    await client.end();
  }
}

/** The hub writes what people did some seconds after they did it, so this comes last. */
const recordsAfterMs = 6500;

/** Waits for the records of what these people did, and removes them. */
export async function forgetRecords(login: PostgresLogin, names: readonly string[]): Promise<void> {
  await sleep(recordsAfterMs);
  const client = await connectPostgres(login);
  try {
    const tables = await tablesOf(client);
    if (tables.has("activity_logs")) await client.query("delete from activity_logs where username = any($1)", [names]);
  } finally {
    await client.end();
  }
}

/** Removes a large file of a deleted repository, which the hub leaves in the object store under a hash of the repository's number. */
export async function forgetLargeFile(
  access: S3Access & { readonly bucket: string },
  repository: number,
  digest: string,
): Promise<void> {
  const place = createHash("sha256").update(String(repository)).digest("hex");
  const key = `repos/${place.slice(0, 2)}/${place.slice(2, 4)}/${place}/${digest}`;
  await removeVersions(access, access.bucket, key);
}
