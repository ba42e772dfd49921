import { X509Certificate } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { errorText } from "../../../../toolbox/src/errors.ts";
import { grpcCode, grpcStatus, openGrpc } from "../../../../toolbox/src/protocols/grpc.ts";
import { temporalDefinitions, temporalService } from "../../../../toolbox/src/protocols/temporal.ts";
import type { Reach } from "./conditions.ts";
import { parseDsn } from "./dsn.ts";
import { isMigrated } from "./migrations.ts";
import { openRedis } from "./redis.ts";
import type { Settings } from "./settings.ts";
import { withDatabase } from "./with-database.ts";

/** The only namespace that the hub's programs know. */
export const namespace = "default";

const seconds = 8;

/** Finds things out with what the program was given. */
export function reachOf(): Reach {
  return {
    database: async (settings) => {
      await withDatabase(dsnOf(settings), (client) => client.query("SELECT 1"));
    },
    tables: async (settings) => {
      const migrated = await withDatabase(dsnOf(settings), isMigrated);
      if (!migrated)
        throw new Error(
          "the tables are not there or old: migration init and migrate come before a start (strictness of the stand-in)",
        );
    },
    redis: async (settings) => {
      const client = await openRedis(settings);
      await client.ping();
      client.destroy();
    },
    nats: async (settings) => {
      const connection = await openNats(settings);
      await connection.close();
    },
    temporal: (settings) => describeNamespace(settings, { mayBeMissing: true }),
    namespace: (settings) => describeNamespace(settings, { mayBeMissing: false }),
    certificate: async (settings) => {
      await readCertificate(settings);
    },
    home: async (settings) => {
      await requireWritable(settings.text("OPENCSG_DATAVIEWER_CACHE_DIR"));
    },
  };
}

export function dsnOf(settings: Settings): ReturnType<typeof parseDsn> {
  return parseDsn(settings.text("STARHUB_DATABASE_DSN"));
}

/** Where NATS is, and the login that stands in its URL. */
export function natsLogin(settings: Settings): {
  readonly url: string;
  readonly user: string;
  readonly password: string;
} {
  const url = new URL(settings.text("OPENCSG_ACCOUNTING_NATS_URL"));
  const { username, password } = url;
  return {
    url: `nats://${url.host}`,
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
  };
}

async function openNats(settings: Settings) {
  const { connect } = await import("@nats-io/transport-node");
  const { url, user, password } = natsLogin(settings);
  return connect({ servers: [url], timeout: seconds * 1000, reconnect: false, user, pass: password });
}

/** Without the namespace Temporal is there all the same. */
async function describeNamespace(
  settings: Settings,
  { mayBeMissing }: { readonly mayBeMissing: boolean },
): Promise<void> {
  const address = settings.text("OPENCSG_WORKFLOW_SERVER_ENDPOINT");
  const channel = await openGrpc({ address, definitions: temporalDefinitions, deadlineMs: seconds * 1000 });
  try {
    await channel.call(temporalService, "DescribeNamespace", { namespace });
  } catch (error) {
    const missing = grpcCode(error) === grpcStatus.notFound;
    if (missing && mayBeMissing) return;
    throw missing
      ? new Error(`Namespace ${namespace} is not found.`)
      : new Error(`failed reaching server: ${errorText(error)}`);
  } finally {
    channel.close();
  }
}

/** @throws what the file system or the parser says. */
export async function readCertificate(settings: Settings): Promise<X509Certificate> {
  return new X509Certificate(await readFile(settings.text("STARHUB_SERVER_CASDOOR_CERTIFICATE")));
}

async function requireWritable(directory: string): Promise<void> {
  const file = join(directory, ".stand-in");
  await mkdir(directory, { recursive: true });
  await writeFile(file, "");
  await rm(file);
}
