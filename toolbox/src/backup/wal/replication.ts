import { postgresError } from "../postgres-errors.ts";
import { runProgram } from "../run-program.ts";
import type { WalSource } from "./stored-wal.ts";

type Environment = Readonly<Record<string, string>>;

/** Keeps what a receiver has not got yet. One platform has one. */
export const slotName = "slipway_wal";

export interface ServerState extends WalSource {
  /** Everything before it is written. */
  readonly position: string;
}

/** Which server it is, and how far it has written. A role that may replicate is enough. */
export async function identifyServer(environment: Environment): Promise<ServerState> {
  const [systemIdentifier = "", timeline = "", position = ""] = await say("IDENTIFY_SYSTEM", environment);
  return { systemIdentifier, timeline: Number(timeline), position };
}

/** Up to where the receiver has said that all is on its disk; undefined where there is no slot. */
export async function readSlot(environment: Environment): Promise<string | undefined> {
  const [kind = "", position = ""] = await say(`READ_REPLICATION_SLOT ${slotName}`, environment);
  return kind === "" ? undefined : position;
}

/** From here on nothing is lost, as long as it is not more than the server may keep. */
export async function makeSlot(environment: Environment): Promise<void> {
  await say(`CREATE_REPLICATION_SLOT ${slotName} PHYSICAL (RESERVE_WAL)`, environment);
}

export async function dropSlot(environment: Environment): Promise<void> {
  await say(`DROP_REPLICATION_SLOT ${slotName} WAIT`, environment);
}

async function say(command: string, environment: Environment): Promise<readonly string[]> {
  const args = ["-XAtqw", "-F", "|", "-d", "replication=true", "-c", command];
  const { code, output, errors } = await runProgram("psql", args, { environment });
  if (code !== 0) throw postgresError("archiving the write-ahead log", errors);
  return output.toString("utf8").trim().split("|");
}
