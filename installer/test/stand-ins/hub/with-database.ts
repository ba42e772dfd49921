import type { Client } from "pg";
import { connectPostgres, type Login } from "../../../../toolbox/src/postgres-client.ts";

/** One piece of work on a connection of its own, so that a database that went away is noticed at once. */
export async function withDatabase<T>(login: Login, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await connectPostgres(login);
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
