import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BackupRepository, BackupSftp } from "../contract.generated.ts";
import { assertNever, errorText, ToolboxError } from "../errors.ts";
import { sendHttp } from "../http-request.ts";
import { callS3 } from "../s3-client.ts";
import type { RepositoryDoor } from "./reach-repository.ts";
import { bucketAccess, bucketKey, restRequest } from "./repository-calls.ts";
import { RepositoryCredentialError } from "./repository-errors.ts";
import { type RepositoryFiles, sftpWords } from "./restic-repository.ts";
import { lastLines, runProgram } from "./run-program.ts";

type LockPlace = Pick<RepositoryDoor, "repository" | "shown" | "files">;

/**
 * Removes one lock of a repository, whose holder is dead for certain; one that is gone already is no error. Restic itself knows no such command:
 * it removes either every lock, also one that somebody took a moment ago, or those of whom it takes for dead.
 * @param id what restic calls the lock: 64 digits
 * @throws RepositoryCredentialError where the server does not allow it; ToolboxError
 */
export async function removeLock({ repository, shown, files }: LockPlace, id: string): Promise<void> {
  const path = `locks/${id}`;
  try {
    const refusal = await refusalOf(repository, files, path);
    if (refusal === undefined) return;
    if (refusal.status === 401 || refusal.status === 403) throw new RepositoryCredentialError(shown, refusal.said);
    throw new ToolboxError(refusal.said);
  } catch (error) {
    if (error instanceof RepositoryCredentialError) throw error;
    throw new ToolboxError(`the lock of a dead run could not be removed from ${shown}: ${errorText(error)}`, {
      advice: "look whether the storage of the backups lets the platform write",
      cause: error,
    });
  }
}

interface Refusal {
  readonly said: string;
  /** What a server of HTTP answered. */
  readonly status?: number;
}

async function refusalOf(
  repository: BackupRepository,
  files: RepositoryFiles,
  path: string,
): Promise<Refusal | undefined> {
  switch (repository.kind) {
    case "directory":
      await rm(join(repository.path, path), { force: true });
      return undefined;
    case "rest":
      return refusalIn(await sendHttp(restRequest(repository, files, { method: "DELETE", path })));
    case "s3": {
      const key = bucketKey(repository, path);
      return refusalIn(
        await callS3(bucketAccess(repository, files), { method: "DELETE", path: `/${repository.bucket}/${key}` }),
      );
    }
    case "sftp":
      return refusalOverSsh(repository, files, path);
    default:
      return assertNever(repository);
  }
}

function refusalIn({ status }: { readonly status: number }): Refusal | undefined {
  return (status >= 200 && status < 300) || status === 404 ? undefined : { said: `it answers ${status}`, status };
}

async function refusalOverSsh(
  repository: BackupSftp,
  files: RepositoryFiles,
  path: string,
): Promise<Refusal | undefined> {
  const quoted = `${repository.path}/${path}`.replaceAll(/["\\]/g, "\\$&");
  await writeFile(files.commands, `rm "${quoted}"\n`, { mode: 0o600 });
  const { code, errors } = await runProgram("sftp", sftpWords(repository, files), { environment: {} });
  if (code === 0 || /no such file/i.test(errors)) return undefined;
  const said = lastLines(errors);
  return /permission denied \(/i.test(errors) ? { said, status: 401 } : { said };
}
