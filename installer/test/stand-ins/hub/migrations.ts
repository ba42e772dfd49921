import type { Client } from "pg";
import { sqlState } from "../../../../toolbox/src/postgres-client.ts";

/** One change of a database: a name as bun's migrations have it, and what is done. */
export interface Migration {
  readonly name: string;
  readonly statements: readonly string[];
}

/** As many of the hub's tables as the platform's own steps, checks and sign-in touch; columns as csghub-server 2.4 has them. */
export const serverMigrations: readonly Migration[] = [
  {
    name: "20231118022757",
    statements: [
      `CREATE TABLE users (
        id bigserial PRIMARY KEY, git_id bigint NOT NULL DEFAULT 0, name varchar NOT NULL, username varchar NOT NULL UNIQUE,
        email varchar UNIQUE, password varchar NOT NULL DEFAULT '', created_at timestamptz NOT NULL DEFAULT current_timestamp,
        updated_at timestamptz NOT NULL DEFAULT current_timestamp)`,
      `CREATE TABLE repositories (
        id bigserial PRIMARY KEY, user_id bigint NOT NULL, path varchar NOT NULL, git_path varchar NOT NULL UNIQUE, name varchar NOT NULL,
        private boolean NOT NULL DEFAULT true, repository_type varchar NOT NULL)`,
      `CREATE TABLE models (id bigserial PRIMARY KEY, repository_id bigint NOT NULL REFERENCES repositories (id))`,
    ],
  },
  {
    name: "20240603020311",
    statements: [
      `ALTER TABLE users ADD COLUMN uuid varchar, ADD COLUMN reg_provider varchar, ADD COLUMN role_mask varchar`,
      `CREATE TABLE space_resources (id bigserial PRIMARY KEY, name varchar NOT NULL, cluster_id varchar, resources jsonb)`,
      `CREATE TABLE cluster_infos (cluster_id varchar PRIMARY KEY, region varchar, enable boolean NOT NULL DEFAULT true)`,
    ],
  },
  {
    name: "20240914062610",
    statements: [
      `CREATE TABLE datasets (id bigserial PRIMARY KEY, repository_id bigint NOT NULL REFERENCES repositories (id))`,
      `CREATE TABLE access_tokens (
        id bigserial PRIMARY KEY, user_id bigint NOT NULL REFERENCES users (id), name varchar NOT NULL, token varchar NOT NULL UNIQUE)`,
      `CREATE TABLE ssh_keys (
        id bigserial PRIMARY KEY, user_id bigint NOT NULL REFERENCES users (id), name varchar NOT NULL, content text NOT NULL)`,
    ],
  },
  {
    name: "20250106090000",
    statements: [`CREATE EXTENSION IF NOT EXISTS pgcrypto`, `CREATE EXTENSION IF NOT EXISTS hstore`],
  },
];

/** The portal keeps little; columns as csghub-portal 2.4 has them. */
export const portalMigrations: readonly Migration[] = [
  {
    name: "20240902082008",
    statements: [
      `CREATE TABLE users (
        id bigserial, nickname varchar, name varchar, email varchar, login_identity varchar NOT NULL, roles_mask bigint,
        PRIMARY KEY (id, login_identity))`,
      `CREATE TABLE admin_photos (id bigserial PRIMARY KEY, user_id bigint, title varchar, url varchar)`,
    ],
  },
];

/** Makes the tables in which it is kept what was done, if they are not there. */
export async function initialise(client: Client): Promise<void> {
  await client.query(
    `CREATE TABLE IF NOT EXISTS bun_migrations (
      id bigserial PRIMARY KEY, name varchar, group_id bigint, migrated_at timestamptz NOT NULL DEFAULT current_timestamp)`,
  );
  await client.query(
    `CREATE TABLE IF NOT EXISTS bun_migration_locks (id bigserial PRIMARY KEY, table_name varchar UNIQUE)`,
  );
}

/** What is still to be done. */
export async function pending(client: Client, migrations: readonly Migration[]): Promise<readonly Migration[]> {
  const { rows } = await client.query<{ readonly name: string }>("SELECT name FROM bun_migrations");
  const done = new Set(rows.map(({ name }) => name));
  return migrations.filter(({ name }) => !done.has(name));
}

/**
 * Does what is still to be done, each whole or not at all.
 * @returns the names of what was done.
 * @throws what the database says.
 */
export async function migrate(client: Client, migrations: readonly Migration[]): Promise<readonly string[]> {
  const left = await pending(client, migrations);
  for (const { name, statements } of left) {
    const record = `INSERT INTO bun_migrations (name, group_id) SELECT '${name}', coalesce(max(group_id), 0) + 1 FROM bun_migrations`;
    // Statements of one query are one transaction.
    await client.query([...statements, record].join(";\n"));
  }
  return left.map(({ name }) => name);
}

/** Whether the tables of the server are as this version has them. */
export async function isMigrated(client: Client): Promise<boolean> {
  try {
    return (await pending(client, serverMigrations)).length === 0;
  } catch (error) {
    // undefined_table
    if (sqlState(error) === "42P01") return false;
    throw error;
  }
}
