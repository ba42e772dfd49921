import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Server, ServerCredentials, status, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { fromJSON, type ServiceDefinition } from "@grpc/proto-loader";
import { afterEach, beforeEach, expect, it } from "vitest";
import { buildGitBundle } from "../protocols/git-bundle.ts";
import { gitalyDefinitions } from "../protocols/gitaly.ts";
import type { CopyContext } from "./copy.ts";
import { filesOf, type SavedRepository } from "./git-folder.ts";
import { saveGit } from "./git-store.ts";

/** What a repository shows, from the moment that it is there to the moment that it is not. */
interface Shown {
  readonly refs: () => readonly { readonly name: string; readonly target: string }[];
  readonly bundle?: () => Buffer;
}

interface StreamCall {
  readonly request: { readonly repository?: { readonly relativePath: string } };
  readonly write: (message: object) => void;
  readonly end: () => void;
  readonly emit: (event: "error", error: Error & { code: number }) => void;
}

let folder: string;
let server: Server;
let address: string;
let repositories: Map<string, Shown>;
const lines: string[] = [];
const context: CopyContext = { log: (line) => lines.push(line), progress: () => undefined };

function refusal(code: number): Error & { code: number } {
  return Object.assign(new Error("refused"), { code });
}

/** Answers with what the repository shows, or that there is none. */
function streaming(answer: (shown: Shown) => readonly object[]) {
  return (call: StreamCall): void => {
    const shown = repositories.get(call.request.repository?.relativePath ?? "");
    if (shown === undefined) {
      call.emit("error", refusal(status.NOT_FOUND));
      return;
    }
    for (const message of answer(shown)) call.write(message);
    call.end();
  };
}

function implementations(listed: () => readonly string[]): Readonly<Record<string, UntypedServiceImplementation>> {
  return {
    "gitaly.InternalGitaly": {
      WalkRepos: (call: StreamCall) => {
        for (const relativePath of listed()) call.write({ relativePath });
        call.end();
      },
    },
    "gitaly.RefService": {
      ListRefs: streaming(({ refs }) => [
        { references: refs().map(({ name, target }) => ({ name: Buffer.from(name), target })) },
      ]),
      FindDefaultBranchName: (_: unknown, answer: (error: null, value: object) => void) => {
        answer(null, { name: Buffer.from("refs/heads/main") });
      },
    },
    "gitaly.RepositoryService": {
      RepositoryExists: (call: Pick<StreamCall, "request">, answer: (error: null, value: object) => void) => {
        answer(null, { exists: repositories.has(call.request.repository?.relativePath ?? "") });
      },
      GetCustomHooks: streaming(() => []),
      CreateBundle: (call: StreamCall) => {
        const bundle = repositories.get(call.request.repository?.relativePath ?? "")?.bundle?.();
        if (bundle === undefined) {
          call.emit("error", refusal(status.FAILED_PRECONDITION));
          return;
        }
        for (let at = 0; at < bundle.length; at += 50) call.write({ data: bundle.subarray(at, at + 50) });
        call.end();
      },
    },
  };
}

beforeEach(async () => {
  lines.length = 0;
  folder = await mkdtemp(join(tmpdir(), "git-store-"));
  repositories = new Map();
  server = new Server();
  const definitions = fromJSON(gitalyDefinitions as Parameters<typeof fromJSON>[0], { longs: String, defaults: true });
  const listed = (): readonly string[] => [...repositories.keys(), "listed.git", "+gitaly/tmp/x.git"];
  for (const [name, implementation] of Object.entries(implementations(listed))) {
    server.addService(definitions[name] as ServiceDefinition, implementation);
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  address = `127.0.0.1:${port}`;
});

afterEach(async () => {
  server.forceShutdown();
  await rm(folder, { recursive: true });
});

async function recordOf(path: string): Promise<SavedRepository> {
  return JSON.parse(await readFile(filesOf(folder, path).record, "utf8")) as SavedRepository;
}

function bundleAt(unixSeconds: number) {
  return buildGitBundle({ branch: "main", fileName: "f", content: Buffer.from("c"), message: "m", unixSeconds });
}

const access = () => ({ address, token: "t", storage: "s" });

it("writes down the refs that the bundle has, not those that were there before somebody pushed", async () => {
  const [before, after] = [bundleAt(1), bundleAt(2)];
  repositories.set("pushed.git", {
    refs: () => [{ name: "refs/heads/main", target: before.commit }],
    bundle: () => after.bytes,
  });

  const saved = await saveGit(access(), folder, context);

  expect(saved).toEqual({ items: 1, bytes: after.bytes.length, changedBytes: after.bytes.length });
  expect(await recordOf("pushed.git")).toMatchObject({ refs: [{ name: "refs/heads/main", target: after.commit }] });
});

it("keeps a repository whose last ref went while it was copied as an empty one", async () => {
  let looks = 0;
  repositories.set("emptied.git", {
    refs: () => {
      looks += 1;
      return looks === 1 ? [{ name: "refs/heads/main", target: "a".repeat(40) }] : [];
    },
  });

  expect(await saveGit(access(), folder, context)).toEqual({ items: 1, bytes: 0, changedBytes: 0 });
  expect(await recordOf("emptied.git")).toEqual({
    relativePath: "emptied.git",
    defaultBranch: "refs/heads/main",
    refs: [],
  });
});

it("leaves out, and tells, a repository that is gone since it was listed", async () => {
  expect(await saveGit(access(), folder, context)).toMatchObject({ items: 0 });
  expect(lines).toEqual(["repository listed.git was removed meanwhile and is left out"]);
});

it("names a repository of which there is no bundle though it has refs", async () => {
  repositories.set("broken.git", { refs: () => [{ name: "refs/heads/main", target: "a".repeat(40) }] });

  await expect(saveGit(access(), folder, context)).rejects.toMatchObject({
    message: "copying repository broken.git: 9 FAILED_PRECONDITION: refused",
    advice: "look at Gitaly's log at this time; run it again, what was done is kept",
  });
});

it("fetches anew a bundle that is not as long as it was", async () => {
  const { bytes, commit } = bundleAt(1);
  repositories.set("kept.git", { refs: () => [{ name: "refs/heads/main", target: commit }], bundle: () => bytes });
  await saveGit(access(), folder, context);
  await rm(filesOf(folder, "kept.git").bundle);

  expect(await saveGit(access(), folder, context)).toMatchObject({ changedBytes: bytes.length });
  expect(await saveGit(access(), folder, context)).toMatchObject({ changedBytes: 0 });
});
