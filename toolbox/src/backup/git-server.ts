import { createReadStream } from "node:fs";
import type { BackupGit } from "../contract.generated.ts";
import { errorText, ToolboxError } from "../errors.ts";
import { gitalyAuthorization, gitalyDefinitions } from "../protocols/gitaly.ts";
import { grpcCode, grpcStatus, openGrpc } from "../protocols/grpc.ts";
import { type GitRef, sortRefs } from "./bundle-header.ts";
import { readSize } from "./folder-files.ts";

/** The calls of Gitaly that copying needs; paths are relative to the storage. */
export interface GitServer {
  /** All repositories but those of Slipway's checks and of Gitaly itself, sorted. */
  readonly list: () => Promise<readonly string[]>;
  readonly exists: (path: string) => Promise<boolean>;
  /** Sorted by name. */
  readonly refs: (path: string) => Promise<readonly GitRef[]>;
  /** The full name of the branch that HEAD stands for; empty when it stands for none. */
  readonly head: (path: string) => Promise<string>;
  readonly bundle: (path: string, signal: AbortSignal) => AsyncIterable<Uint8Array>;
  /** A tar archive; nothing at all where there are no hooks. */
  readonly hooks: (path: string, signal: AbortSignal) => AsyncIterable<Uint8Array>;
  readonly create: (path: string, head: string) => Promise<void>;
  readonly setHead: (path: string, head: string) => Promise<void>;
  readonly fetchBundle: (path: string, file: string, signal: AbortSignal) => Promise<void>;
  readonly setHooks: (path: string, file: string, signal: AbortSignal) => Promise<void>;
  readonly close: () => void;
}

const repositories = "gitaly.RepositoryService";
const refService = "gitaly.RefService";
const branchPrefix = "refs/heads/";

/** A large repository on a slow disk takes hours; a dead server is noticed by other means. */
const longMs = 12 * 3600_000;
const callMs = 120_000;
const long = (signal: AbortSignal) => ({ signal, deadlineMs: longMs });

/** Opens one storage of Gitaly; nothing is sent before the first call. */
export async function openGitServer(access: BackupGit): Promise<GitServer> {
  const gitaly = await openGrpc({
    address: access.address,
    definitions: gitalyDefinitions,
    deadlineMs: callMs,
    keepAlive: true,
    headers: () => ({ authorization: gitalyAuthorization(access.token, Math.floor(Date.now() / 1000)) }),
  });
  const at = (relativePath: string) => ({ repository: { storageName: access.storage, relativePath } });
  const upload = async (method: string, path: string, file: string, signal: AbortSignal): Promise<void> => {
    await gitaly.upload(repositories, method, messagesOf(at(path), file), long(signal));
  };
  return {
    list: async () => {
      const found: string[] = [];
      const options = { deadlineMs: longMs };
      const walk = gitaly.download("gitaly.InternalGitaly", "WalkRepos", { storageName: access.storage }, options);
      for await (const message of walk) found.push((message as { readonly relativePath: string }).relativePath);
      return found.filter((path) => !isOfOthers(path)).toSorted();
    },
    exists: async (path) =>
      ((await gitaly.call(repositories, "RepositoryExists", at(path))) as { readonly exists: boolean }).exists,
    refs: async (path) => {
      const refs: GitRef[] = [];
      const request = { ...at(path), patterns: [Buffer.from("refs/")] };
      for await (const message of gitaly.download(refService, "ListRefs", request)) {
        for (const { name, target } of (message as RefsMessage).references) {
          refs.push({ name: name.toString("utf8"), target });
        }
      }
      return sortRefs(refs);
    },
    head: async (path) => {
      const found = await gitaly.call(refService, "FindDefaultBranchName", { ...at(path), headOnly: true });
      return (found as { readonly name: Buffer }).name.toString("utf8");
    },
    bundle: (path, signal) => dataOf(gitaly.download(repositories, "CreateBundle", at(path), long(signal))),
    hooks: (path, signal) => dataOf(gitaly.download(repositories, "GetCustomHooks", at(path), long(signal))),
    create: async (path, head) => {
      const defaultBranch = head.startsWith(branchPrefix) ? Buffer.from(head.slice(branchPrefix.length)) : undefined;
      await gitaly.call(repositories, "CreateRepository", { ...at(path), defaultBranch });
    },
    setHead: async (path, head) => {
      await gitaly.call(repositories, "WriteRef", {
        ...at(path),
        ref: Buffer.from("HEAD"),
        revision: Buffer.from(head),
      });
    },
    fetchBundle: async (path, file, signal) => upload("FetchBundle", path, file, signal),
    setHooks: async (path, file, signal) => upload("SetCustomHooks", path, file, signal),
    close: gitaly.close,
  };
}

interface RefsMessage {
  readonly references: readonly { readonly name: Buffer; readonly target: string }[];
}

/** Repositories of Slipway's own checks, which end with them, and Gitaly's place for what it is about to remove. */
function isOfOthers(path: string): boolean {
  return path.startsWith("@slipway-verify/") || path === "+gitaly" || path.startsWith("+gitaly/");
}

async function* dataOf(messages: AsyncIterable<unknown>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const message of messages) yield (message as { readonly data: Buffer }).data;
}

/** The repository comes with the first message only, and with an empty file too. */
async function* messagesOf(first: object, file: string): AsyncGenerator<object, void, undefined> {
  yield first;
  for await (const data of createReadStream(file, { highWaterMark: readSize })) yield { data: data as Buffer };
}

export function isNotFound(error: unknown): boolean {
  return grpcCode(error) === grpcStatus.notFound;
}

/** An error of one repository with its name and what to look at, whatever it was before. */
export function repositoryError(doing: string, path: string, error: unknown): ToolboxError {
  if (error instanceof ToolboxError) {
    return new ToolboxError(`${doing} ${path}: ${error.message}`, { ...adviceOf(error), cause: error });
  }
  return new ToolboxError(`${doing} ${path}: ${errorText(error)}`, { ...adviceFor(error), cause: error });
}

function adviceOf({ advice }: ToolboxError): { readonly advice?: string } {
  return advice === undefined ? {} : { advice };
}

function adviceFor(error: unknown): { readonly advice?: string } {
  const code = grpcCode(error);
  if (code === grpcStatus.unauthenticated || code === grpcStatus.permissionDenied) {
    return {
      advice: "Gitaly does not take the token: compare it with [auth] in Gitaly's configuration, and the clocks",
    };
  }
  if (code === grpcStatus.unavailable) return { advice: "Gitaly cannot be reached or is starting: look at its log" };
  if (code === undefined) return {};
  return { advice: "look at Gitaly's log at this time; run it again, what was done is kept" };
}
