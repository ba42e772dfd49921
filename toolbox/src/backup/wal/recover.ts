import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { escapeIdentifier, escapeLiteral } from "pg";
import { ToolboxError } from "../../errors.ts";
import { storedPassword } from "../../scram-verifier.ts";
import type { CopyContext } from "../copy.ts";
import type { Restic } from "../restic.ts";
import { EndedServerError, withScratchServer } from "../scratch-server.ts";
import { parsePosition } from "./segments.ts";
import { piecesFor, reachOf, startIn, storedWal, type StoredWal, type WalPiece, type WalStart } from "./stored-wal.ts";

export interface RecoveryPlace {
  readonly restic: Restic;
  /** The backup whose databases lie in `data`. */
  readonly snapshot: string;
  /** As the copy was restored: no server was started on it. */
  readonly data: string;
  /** For the write-ahead log, while it is needed. */
  readonly folder: string;
  /** Whoever is to administer the server; by then it may have known them by another password than the backup's. */
  readonly administrator?: { readonly user: string; readonly password: string };
}

/** What a server writes that has played back all there is, and met nothing that was committed after the moment. */
const endOfLog = "recovery ended before configured recovery target was reached";

/**
 * Brings restored databases to a moment, with the write-ahead log that was stored since the backup, as a server of its own history that has
 * ended in order.
 * @throws ToolboxError when the log does not lead there; the data are then of no use
 */
export async function recoverTo(asked: string, place: RecoveryPlace, context: CopyContext): Promise<void> {
  const moment = new Date(asked).toISOString();
  const { folder, data, restic } = place;
  const { pieces, upto } = await choosePieces(moment, place);
  const segments = join(folder, "segments");
  await rm(folder, { recursive: true, force: true });
  await mkdir(segments, { recursive: true, mode: 0o700 });
  context.log(`fetching the write-ahead log up to ${moment}`);
  for (const piece of pieces) await fetchPiece(piece, restic, { segments, fetched: join(folder, "fetched") });
  await writeFile(join(data, "recovery.signal"), "", { mode: 0o600 });
  // A server that starts knows no names of time zones yet, not even Z.
  const target = `recovery_target_time = '${moment.replace("T", " ").replace("Z", "+00")}'\nrecovery_target_action = promote\n`;
  await playBack(place, segments, target, context).catch(async (error: unknown) => {
    // Nothing was committed between the moment and the end of what was stored after it: the end is what was so at the moment.
    if (!(error instanceof EndedServerError && error.log.includes(endOfLog))) throw error;
    requireAll(await playBack(place, segments, "", context), upto);
  });
  await rm(folder, { recursive: true, force: true });
}

/** What the server had written may end in the middle of a record, which is none yet. */
const longestRecord = 1024n * 1024n;

/** @throws ToolboxError when playing back ended before all that was written until the moment */
function requireAll(played: string, upto: string): void {
  if (parsePosition(played) + longestRecord >= parsePosition(upto)) return;
  throw new ToolboxError(`the write-ahead log could be played back up to ${played}, and it was written up to ${upto}`, {
    advice: "it is damaged: restore to an earlier moment, or to a backup that was made later",
  });
}

async function choosePieces(moment: string, { restic, snapshot }: RecoveryPlace) {
  const all = await restic.snapshots();
  const backup = all.find(({ id }) => id === snapshot);
  const start = startIn(backup?.tags ?? []);
  const of = backup?.tags.find((tag) => tag.startsWith("of:"))?.slice("of:".length) ?? "";
  if (start === undefined)
    throw new ToolboxError(`the backup ${snapshot} does not say where the write-ahead log goes on`);
  const stored = storedWal(all, of);
  const chosen = piecesFor(start, stored, moment);
  if (chosen === undefined) throw outOfReach(moment, start, stored);
  return chosen;
}

function outOfReach(moment: string, start: WalStart, stored: readonly StoredWal[]): ToolboxError {
  const reach = reachOf(start, stored);
  const gap = reach?.gap === undefined ? "" : `; the segment ${reach.gap} is missing`;
  return new ToolboxError(
    `the write-ahead log that was stored does not lead to ${moment}${reach === undefined ? "" : `, but to ${reach.through}`}${gap}`,
    { advice: "restore to an earlier moment, or to a backup that was made later" },
  );
}

/** A snapshot is restored as a whole, and what is wanted of it is taken. */
async function fetchPiece(
  { id, folder, files }: WalPiece,
  restic: Restic,
  { segments, fetched }: { readonly segments: string; readonly fetched: string },
): Promise<void> {
  await rm(fetched, { recursive: true, force: true });
  await mkdir(fetched, { recursive: true, mode: 0o700 });
  await restic.restore(id, folder, fetched, () => undefined);
  for (const file of files) await rename(join(fetched, file), join(segments, file.replace(/\.partial$/, "")));
  await rm(fetched, { recursive: true });
}

/**
 * Nobody can connect before the server has played the log back and begun a history of its own.
 * @returns the position up to which it was played back
 */
async function playBack(
  { data, folder, administrator }: RecoveryPlace,
  segments: string,
  target: string,
  context: CopyContext,
): Promise<string> {
  const settings = `restore_command = 'cp "${segments}/%f" "%p"'
recovery_target_timeline = current
${target}hot_standby = off
wal_level = replica
full_page_writes = on
`;
  const scratch = join(folder, "server");
  return withScratchServer(data, { scratch, settings }, context, async (server) => {
    const [row] = await server.query(
      "template1",
      "select pg_is_in_recovery() as waits, pg_last_wal_replay_lsn()::text as played",
    );
    const played = row?.["played"];
    if (row?.["waits"] !== false || typeof played !== "string") {
      throw new ToolboxError("the server on the copy has not ended its recovery");
    }
    if (administrator !== undefined) await server.query("template1", settingPassword(administrator));
    await server.query("template1", "checkpoint");
    return played;
  });
}

function settingPassword({ user, password }: NonNullable<RecoveryPlace["administrator"]>): string {
  return `alter role ${escapeIdentifier(user)} password ${escapeLiteral(storedPassword(password))}`;
}
