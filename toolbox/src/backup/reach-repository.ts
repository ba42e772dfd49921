import type { BackupBucket, BackupRepository, BackupRest, BackupSftp } from "../contract.generated.ts";
import { errorText, ToolboxError } from "../errors.ts";
import { sendHttp } from "../http-request.ts";
import { requireS3, S3Error } from "../s3-client.ts";
import { isConnectionFailure, waitForServer } from "../wait-for-server.ts";
import {
  isCertificateFault,
  NoBucketError,
  RepositoryCredentialError,
  RepositoryUnreachableError,
  RepositoryUntrustedError,
  trustAdvice,
} from "./repository-errors.ts";
import { bucketAccess, bucketKey, restRequest } from "./repository-calls.ts";
import { type RepositoryFiles, sshWords } from "./restic-repository.ts";
import { lastLines, runProgram } from "./run-program.ts";

/** What is asked before restic is, which goes on for a quarter of an hour where nobody will ever let it in. */
export interface RepositoryDoor {
  readonly repository: BackupRepository;
  readonly shown: string;
  readonly files: RepositoryFiles;
  /** Seconds in which a server may come back that is not there; 30 unless told. */
  readonly patienceSeconds?: number;
}

/**
 * Asks the server of a repository whether it is there, the right one, and lets one in. A directory has none.
 * @throws RepositoryUnreachableError, RepositoryUntrustedError, RepositoryCredentialError, NoBucketError
 */
export async function reachRepository(door: RepositoryDoor): Promise<void> {
  const { repository, shown, files, patienceSeconds = 30 } = door;
  if (repository.kind === "directory") return;
  const waiting = { what: "the server of the backup repository", isTransient, seconds: patienceSeconds };
  try {
    await waitForServer(waiting, async () => {
      if (repository.kind === "rest") await askRest(repository, shown, files);
      else if (repository.kind === "s3") await askBucket(repository, shown, files);
      else await askSsh(repository, shown, files);
    });
  } catch (error) {
    if (isCertificateFault(error)) throw new RepositoryUntrustedError(shown, errorText(error), trustAdvice);
    if (isNamed(error)) throw error;
    const { cause } = error as { readonly cause?: unknown };
    throw new RepositoryUnreachableError(shown, cause ?? error);
  }
}

/** A server that says that it cannot now. */
class UnwellError extends ToolboxError {}

function isTransient(error: unknown): boolean {
  return error instanceof UnwellError || isConnectionFailure(error);
}

function isNamed(error: unknown): boolean {
  return (
    error instanceof NoBucketError ||
    error instanceof RepositoryCredentialError ||
    error instanceof RepositoryUntrustedError
  );
}

async function askRest(repository: BackupRest, shown: string, files: RepositoryFiles): Promise<void> {
  const { status } = await sendHttp(restRequest(repository, files, { method: "HEAD", path: "config" }));
  if (status === 401 || status === 403) throw new RepositoryCredentialError(shown, `it answers ${status}`);
  if (status >= 500 || status === 429) throw new UnwellError(`it answers ${status}`);
  if (status !== 200 && status !== 404) {
    throw new ToolboxError(`it answers ${status}, as no server of restic repositories does`, {
      advice: "look at the port and the path in backup.repository.url",
    });
  }
}

async function askBucket(repository: BackupBucket, shown: string, files: RepositoryFiles): Promise<void> {
  const { bucket } = repository;
  const query = { "list-type": "2", "max-keys": "1", prefix: bucketKey(repository, "config") };
  try {
    await requireS3(bucketAccess(repository, files), { method: "GET", path: `/${bucket}`, query });
  } catch (error) {
    if (!(error instanceof S3Error)) throw error;
    const { status, code } = error;
    if (code === "NoSuchBucket") throw new NoBucketError(shown, bucket);
    if (status >= 500 || status === 429) throw new UnwellError(`it answers ${code}`);
    if (status === 401 || status === 403) throw new RepositoryCredentialError(shown, error.message);
    throw error;
  }
}

async function askSsh(repository: BackupSftp, shown: string, files: RepositoryFiles): Promise<void> {
  // With nothing to read, the file server on the other side ends by itself.
  const { code, errors } = await runProgram("ssh", sshWords(repository, files), { environment: {} });
  if (code === 0) return;
  const said = lastLines(errors);
  if (/host key verification failed|no .* host key is known/i.test(errors)) {
    const why = /host key is known/i.test(errors) ? said : "it shows another host key than the known one";
    throw new RepositoryUntrustedError(
      shown,
      why,
      "ask whoever looks after the server; a new key is set in backup.repository.hostKey",
    );
  }
  if (/permission denied|too many authentication/i.test(errors)) throw new RepositoryCredentialError(shown, said);
  if (/error in libcrypto|invalid format|load key/i.test(errors)) {
    throw new RepositoryCredentialError(shown, `the private key cannot be read: ${said}`);
  }
  throw new UnwellError(said === "" ? `ssh ended with ${code}` : said);
}
