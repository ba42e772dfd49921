import { ApplyError } from "../errors/installer-error.ts";

const reasons: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  EACCES: ["permission denied", "run as the user who owns it, or give another place (--state-dir, --out)"],
  EPERM: ["permission denied", "run as the user who owns it, or give another place (--state-dir, --out)"],
  ENOENT: ["no such file or directory", "make the directory first, or give another place (--state-dir, --out)"],
  ENOTDIR: ["a part of the path is not a directory", "give another place (--state-dir, --out)"],
  EISDIR: ["it is a directory", "name a file"],
  EROFS: ["the file system is read-only", "give another place (--state-dir, --out)"],
  ENOSPC: ["the disk is full", "make room; the same command goes on from here"],
  EDQUOT: ["the disk quota is used up", "make room; the same command goes on from here"],
};

/** What the file system refused is a matter of the place and no defect; any other error stays as it is. */
export function explainFileSystemError(error: unknown): unknown {
  if (!isSystemError(error)) return error;
  const known = reasons[error.code];
  if (known === undefined) return error;
  const [reason, hint] = known;
  return new ApplyError(`cannot use ${withoutTemporary(error.path)}: ${reason}`, { hint, cause: error });
}

interface SystemError extends Error {
  readonly code: string;
  readonly path: string;
}

function isSystemError(error: unknown): error is SystemError {
  if (!(error instanceof Error) || !("code" in error && "path" in error)) return false;
  // A program that cannot be started has a path too.
  const started = "syscall" in error && String(error.syscall).startsWith("spawn");
  return typeof error.code === "string" && typeof error.path === "string" && !started;
}

/** A file is written beside its place first: `/a/.b.80b01ac191fc.tmp` is `/a/b`. */
function withoutTemporary(path: string): string {
  return path.replace(/\/\.([^/]+)\.[0-9a-f]+\.tmp$/, "/$1");
}
