import { ToolboxError } from "../errors.ts";
import { lastLines } from "./run-program.ts";

const replication = "alter role … replication; only that and LOGIN is needed";

/** What programs of PostgreSQL write when a copy fails, what it means, and what to do. */
const known: readonly (readonly [text: RegExp, meaning: string, advice: string])[] = [
  [
    /permission denied to start WAL sender|must be superuser or replication role/,
    "the role may not copy the server: it lacks REPLICATION",
    replication,
  ],
  [
    /no pg_hba\.conf entry for replication/,
    "the server lets nobody copy it from here: it has no entry for replication",
    "add a line to pg_hba.conf, as: host replication all all scram-sha-256",
  ],
  [
    /password authentication failed/,
    "wrong user or password",
    "the role's password is not the recorded one: set it anew",
  ],
  [
    /max_wal_senders|all replication slots are in use|max_replication_slots/,
    "the server has no place left for a copy",
    "a copy takes two senders and one slot: raise max_wal_senders and max_replication_slots, or end what holds them",
  ],
  [
    /remaining connection slots|too many clients|too many connections/,
    "the server has no connection left",
    "look at max_connections and who holds them",
  ],
  [
    /wal_level must be|WAL level not sufficient/,
    "the server does not write what a copy needs",
    "set wal_level = replica and restart the server",
  ],
  [
    /No space left on device|Disk quota exceeded/,
    "a disk is full",
    "the copy needs as much room as the databases have, beside the last copy",
  ],
  [
    /checksum (?:verification failed|error)/i,
    "pages of the running server are damaged: their checksums are wrong",
    "look at its disk; the tables are named in the output above; the last backup that was proved is still whole",
  ],
  [
    /Connection refused/,
    "nothing listens there",
    "look whether the service is running and on which port (its log, its health)",
  ],
  [
    /could not translate host name|Name or service not known/,
    "the host name is not known here",
    "look at the network that the containers share and at the service's name",
  ],
  [/timeout expired|Connection timed out/, "nothing answered in time", "look at networks and firewalls"],
  [
    /does not support SSL|certificate verify failed|server certificate for|root certificate file/,
    "the server's TLS is not what was asked for",
    "look at the certificate of the server, its names and the authority that was given",
  ],
  [/the database system is (?:starting up|shutting down|not yet)/, "the server is starting or stopping", "try again"],
];

/** The error of a program of PostgreSQL that did not end well, in plain words, from what it wrote. */
export function postgresError(doing: string, output: string): ToolboxError {
  // Of a failure in the middle, the first lines say why and the last ones what that led to.
  const text = lastLines(output, 3);
  const [, meaning, advice] = known.find(([pattern]) => pattern.test(output)) ?? [];
  if (meaning === undefined) {
    return new ToolboxError(`${doing} failed: ${text}`, { advice: "look at the log of the PostgreSQL server" });
  }
  return new ToolboxError(`${doing} failed: ${meaning}: ${text}`, advice === undefined ? {} : { advice });
}
