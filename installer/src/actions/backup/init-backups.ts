import { PreflightError, UsageError } from "../../errors/installer-error.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "../context.ts";
import { askRecordsJob, eventsIn, requireBackups } from "./backup-job.ts";
import { makeRecoveryKey, parseRecoveryKey } from "./recovery-key.ts";
import { alone } from "../alone.ts";

export interface BackupKeygenRequest {
  /** Absolute path of the file that the key is written to. */
  readonly output: string;
}

export interface BackupKeygenResult extends ResultHead<"BackupKeygenResult"> {
  readonly file: string;
}

export interface BackupInitRequest extends InstallTarget {
  /** Absolute path of a file with the recovery key. */
  readonly recoveryKeyFile?: string;
  /** Shows a new recovery key once, and gives back what the person typed. */
  readonly askBack?: (key: string) => Promise<string>;
}

export interface BackupInitResult extends ResultHead<"BackupInitResult"> {
  readonly name: string;
  /** False when the repository was there before; the key opens it since in either case. */
  readonly made: boolean;
}

/**
 * Makes a recovery key for where nobody can type one back.
 * @throws PreflightError when the file is there already
 */
export async function generateRecoveryKey(
  { output }: BackupKeygenRequest,
  ports: Pick<ActionPorts, "fs" | "random">,
): Promise<BackupKeygenResult> {
  if (await ports.fs.exists(output)) {
    throw new PreflightError(`${output} exists already and is not replaced: backups may open with it alone`, {
      hint: "choose another name with -o",
    });
  }
  await ports.fs.writeAtomic(output, `${makeRecoveryKey(ports.random)}\n`, { mode: 0o600 });
  return { apiVersion: "slipway/v1", kind: "BackupKeygenResult", file: output };
}

/**
 * Makes the repository of backups, or lets one more recovery key open it. A key that nobody has kept would be worth nothing, so that it is
 * typed back before anything is made.
 * @throws PreflightError when nothing is installed or without backups; UsageError for a key with a typing error, or not the one that was
 * shown; ApplyError; LockedError
 */
export async function initBackups(request: BackupInitRequest, ports: ActionPorts): Promise<BackupInitResult> {
  return alone(request, { command: "backup init", required: requireBackups }, ports, async ({ plan, install }) => {
    const key = await agreeOnKey(request, ports);
    const answer = await askRecordsJob(plan, install, ["prepare"], { ...ports, input: key });
    const made = eventsIn(answer).some((event) => event.event === "ready" && event.made);
    return { apiVersion: "slipway/v1", kind: "BackupInitResult", name: request.name, made };
  });
}

async function agreeOnKey(
  { recoveryKeyFile, askBack }: BackupInitRequest,
  { fs, random }: Pick<ActionPorts, "fs" | "random">,
): Promise<string> {
  if (recoveryKeyFile !== undefined) return readRecoveryKey(recoveryKeyFile, fs);
  if (askBack === undefined) {
    throw new UsageError("a recovery key has to be typed back, and nobody can be asked", {
      hint: "slipway backup keygen -o FILE makes one: keep it away from here, and give it with --recovery-key-file FILE",
    });
  }
  const key = makeRecoveryKey(random);
  if (parseRecoveryKey(await askBack(key)) === key) return key;
  throw new UsageError("what was typed is another recovery key than the one that was shown; nothing was made", {
    hint: "run the same command again: it shows a new one",
  });
}

/**
 * The recovery key in a file.
 * @throws UsageError when there is no such file, or no such key in it
 */
export async function readRecoveryKey(path: string, fs: Pick<ActionPorts["fs"], "readTextIfPresent">): Promise<string> {
  const text = await fs.readTextIfPresent(path);
  if (text !== undefined) return parseRecoveryKey(text);
  throw new UsageError(`there is no file ${path}`, {
    hint: "--recovery-key-file names the file with the recovery key",
  });
}
