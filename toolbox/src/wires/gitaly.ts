import { randomBytes } from "node:crypto";
import type { GitalyWire } from "../contract.generated.ts";
import { NotRefusedError, ToolboxError } from "../errors.ts";
import { buildGitBundle } from "../protocols/git-bundle.ts";
import { gitalyAuthorization, gitalyDefinitions } from "../protocols/gitaly.ts";
import type { GrpcChannel } from "../protocols/grpc.ts";
import { grpcCode, grpcStatus, openGrpc } from "../protocols/grpc.ts";
import type { WireCheck, WireContext } from "./wire-check.ts";

export const gitalyCheck: WireCheck<GitalyWire> = {
  address: (wire) => `${wire.address}/${wire.storage}`,
  expectation: () =>
    "creates a repository, commits, reads the commit back and removes it; refused without or with a wrong token",
  prove: proveGitaly,
};

const repositories = "gitaly.RepositoryService";
const commits = "gitaly.CommitService";

async function proveGitaly(wire: GitalyWire, context: WireContext): Promise<void> {
  const gitaly = await openGitaly(wire, wire.token, context);
  const name = randomBytes(12).toString("hex");
  const repository = {
    storageName: wire.storage,
    relativePath: `@slipway-verify/${name}.git`,
    glRepository: `slipway-verify-${name}`,
    glProjectPath: `slipway-verify/${name}`,
  };
  context.atEnd(() => removeIfThere(gitaly, repository));
  await gitaly.call(repositories, "CreateRepository", { repository, defaultBranch: Buffer.from("main") });
  context.note("created a repository");
  await proveCommit(gitaly, repository, context);
  await gitaly.call(repositories, "RemoveRepository", { repository });
  const left = (await gitaly.call(repositories, "RepositoryExists", { repository })) as { readonly exists: boolean };
  if (left.exists) throw new ToolboxError("the repository is still there after its removal");
  context.note("removed the repository");
  await proveRefused(wire, undefined, repository, context);
  await proveRefused(wire, randomBytes(24).toString("hex"), repository, context);
}

async function openGitaly(wire: GitalyWire, token: string | undefined, context: WireContext): Promise<GrpcChannel> {
  const channel = await openGrpc({
    address: wire.address,
    definitions: gitalyDefinitions,
    headers: () =>
      token === undefined ? {} : { authorization: gitalyAuthorization(token, Math.floor(Date.now() / 1000)) },
  });
  context.atEnd(() => {
    channel.close();
  });
  return channel;
}

/**
 * The commit arrives in a bundle: the calls that make one on the server (UserCommitFiles) ask the application's
 * internal API whether they may, and the infrastructure by itself has no application.
 */
async function proveCommit(gitaly: GrpcChannel, repository: object, { note }: WireContext): Promise<void> {
  const content = randomBytes(64);
  const unixSeconds = Math.floor(Date.now() / 1000);
  const bundle = buildGitBundle({ branch: "main", fileName: "proof", content, message: "Prove the wire", unixSeconds });
  await gitaly.call(repositories, "FetchBundle", [{ repository, data: bundle.bytes, updateHead: true }]);
  const found = (await gitaly.call(commits, "FindCommit", {
    repository,
    revision: Buffer.from("refs/heads/main"),
  })) as {
    readonly commit: { readonly id: string; readonly treeId: string } | null;
  };
  if (found.commit?.id !== bundle.commit || found.commit.treeId !== bundle.tree) {
    throw new ToolboxError(`branch main is at ${found.commit?.id ?? "nothing"}, not at ${bundle.commit}`);
  }
  const entry = { repository, revision: Buffer.from(bundle.commit), path: Buffer.from("proof") };
  const parts = (await gitaly.collect(commits, "TreeEntry", entry)) as readonly { readonly data: Buffer }[];
  if (!Buffer.concat(parts.map((part) => part.data)).equals(content)) {
    throw new ToolboxError("the file of the commit was not read back as it was");
  }
  note(`brought in commit ${bundle.commit.slice(0, 12)} as a bundle (no hooks run) and read it back`);
}

async function removeIfThere(gitaly: GrpcChannel, repository: object): Promise<void> {
  try {
    await gitaly.call(repositories, "RemoveRepository", { repository });
  } catch (error) {
    // it is not there, or never was because Gitaly did not take the call that makes it
    const code = grpcCode(error);
    const { notFound, invalidArgument, permissionDenied, unauthenticated, unavailable } = grpcStatus;
    if ([notFound, invalidArgument, permissionDenied, unauthenticated, unavailable].some((known) => known === code))
      return;
    throw error;
  }
}

async function proveRefused(
  wire: GitalyWire,
  token: string | undefined,
  repository: object,
  context: WireContext,
): Promise<void> {
  const how = token === undefined ? "without a token" : "with a wrong token";
  const stranger = await openGitaly(wire, token, context);
  try {
    await stranger.call(repositories, "RepositoryExists", { repository });
  } catch (error) {
    const code = grpcCode(error);
    if (code === grpcStatus.unauthenticated || code === grpcStatus.permissionDenied) {
      context.note(`refused ${how}`);
      return;
    }
    throw error;
  }
  throw new NotRefusedError(
    `Gitaly answers ${how}`,
    "look at [auth] in Gitaly's configuration: token set, transitioning off",
  );
}
