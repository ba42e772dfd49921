import type { Login } from "../../../../toolbox/src/postgres-client.ts";
import { placeOf, readRefs, receivePack } from "./gitaly-repository.ts";
import { bodyOf, empty, json, onPath, type Answer, type Exchange, type Route } from "./http.ts";
import { signLargeFile } from "./large-files.ts";
import { findRepository, mayRead, mayWrite, type Repository } from "./repositories.ts";
import { personOf, type Person } from "./people.ts";
import type { Settings } from "./settings.ts";

const authenticate = empty(401, { "WWW-Authenticate": 'Basic realm="Git"' });
const missing = empty(404);

/** Git over HTTP and large files. It takes what is pushed and tells what is there; packs it gives by SSH alone, which is not its own work. */
export function gitRoutes(settings: Settings, login: Login): readonly Route[] {
  /** Of a repository that somebody may not see it is not even said that it is there. */
  const allowed = async (
    exchange: Exchange,
    path: string,
    right: (repository: Repository, person: Person | undefined) => boolean,
  ): Promise<{ readonly repository: Repository; readonly person: Person | undefined } | Answer> => {
    const [repository, person] = [await findRepository(login, path), await personOf(exchange, settings, login)];
    if (repository !== undefined && right(repository, person)) return { repository, person };
    return person === undefined ? authenticate : missing;
  };
  return [
    onPath("GET", /^\/([a-z]+\/[^/]+\/[^/]+)\.git\/info\/refs$/, async (exchange, [path = ""]) => {
      const service = exchange.url.searchParams.get("service") ?? "";
      const pushes = service === "git-receive-pack";
      const found = await allowed(exchange, path, pushes ? mayWrite : mayRead);
      if ("status" in found) return found;
      const place = placeOf(settings, found.repository);
      const second = !pushes && exchange.headers["git-protocol"] === "version=2";
      const body = second ? secondVersion : await readRefs(settings, place, pushes ? "ReceivePack" : "UploadPack");
      return gitAnswer(`${service}-advertisement`, body);
    }),
    onPath("POST", /^\/([a-z]+\/[^/]+\/[^/]+)\.git\/git-receive-pack$/, async (exchange, [path = ""]) => {
      const found = await allowed(exchange, path, mayWrite);
      if ("status" in found) return found;
      const { repository, person = { id: 0, name: "" } } = found;
      const pushed = exchange.body ?? Buffer.alloc(0);
      return gitAnswer(
        "git-receive-pack-result",
        await receivePack(settings, placeOf(settings, repository), person, pushed),
      );
    }),
    onPath("POST", /^\/([a-z]+\/[^/]+\/[^/]+)\.git\/git-upload-pack$/, async (exchange, [path = ""]) => {
      const found = await allowed(exchange, path, mayRead);
      if ("status" in found) return found;
      if (exchange.body?.includes("command=ls-refs") !== true) return empty(501);
      const refs = await readRefs(settings, placeOf(settings, found.repository), "UploadPack");
      return gitAnswer("git-upload-pack-result", listRefs(refs));
    }),
    onPath("POST", /^\/([a-z]+\/[^/]+\/[^/]+)\.git\/info\/lfs\/objects\/batch$/, async (exchange, [path = ""]) => {
      const wanted = bodyOf(exchange) as Batch;
      const uploads = wanted.operation === "upload";
      const found = await allowed(exchange, path, uploads ? mayWrite : mayRead);
      if ("status" in found) return found;
      return answerBatch(settings, found.repository, wanted);
    }),
  ];
}

interface Batch {
  readonly operation: "upload" | "download";
  readonly objects: readonly { readonly oid: string; readonly size: number }[];
}

async function answerBatch(settings: Settings, repository: Repository, { operation, objects }: Batch): Promise<Answer> {
  const method = operation === "upload" ? "PUT" : "GET";
  const rows = objects.map(async ({ oid, size }) => {
    const href = await signLargeFile(settings, repository, oid, method);
    return { oid, size, authenticated: true, actions: { [operation]: { href, expires_in: 3600 } } };
  });
  const { status, body } = json(200, { transfer: "basic", objects: await Promise.all(rows) });
  return { status, body, headers: { "Content-Type": "application/vnd.git-lfs+json" } };
}

function gitAnswer(type: string, body: Buffer): Answer {
  return { status: 200, body, headers: { "Content-Type": `application/x-${type}`, "Cache-Control": "no-cache" } };
}

/** A line of Git's protocol: its length and that of the digits before it. */
function line(text: string): string {
  return `${(Buffer.byteLength(text) + 4).toString(16).padStart(4, "0")}${text}`;
}

/** Only in the second version of the protocol a client learns the branch of a repository that has none yet. */
const secondVersion = Buffer.from(
  [
    line("# service=git-upload-pack\n"),
    "0000",
    ...["version 2\n", "agent=stand-in\n", "ls-refs=unborn\n", "object-format=sha1\n"].map(line),
    "0000",
  ].join(""),
);

/** The same branches and tags as the first version tells them, in the words of the second. */
function listRefs(first: Buffer): Buffer {
  const refs = [...first.toString("latin1").matchAll(/[0-9a-f]{4}([0-9a-f]{40}) (HEAD|refs\/[^\0\n]+)/g)];
  const head = refs.some(([, , name]) => name === "HEAD") ? [] : [line("unborn HEAD symref-target:refs/heads/main\n")];
  const rows = refs.map(([, oid = "", name = ""]) =>
    line(`${oid} ${name}${name === "HEAD" ? " symref-target:refs/heads/main" : ""}\n`),
  );
  return Buffer.from([...head, ...rows, "0000"].join(""), "latin1");
}
