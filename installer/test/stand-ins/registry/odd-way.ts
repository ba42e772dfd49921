import { type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";

/** One thing that a proxy before a registry, or the registry itself, was reported to do. */
export type Oddity =
  /** Every path outside /v2/ is a web page. */
  | "web-page"
  /** Every path outside /v2/ leads to a page for signing in. */
  | "login-page"
  /** No answer has Docker-Content-Digest. */
  | "no-digest"
  /** Location headers name no host. */
  | "relative-location"
  /** Location headers end in an empty query. */
  | "empty-query"
  /** Negotiate is offered before Basic, on a line of its own. */
  | "negotiate-first"
  /** BASIC in capitals, and a realm with commas and the word Bearer in it. */
  | "loud-basic"
  /** 401 with a page and without a challenge. */
  | "no-challenge"
  /** The first two writes are answered 429, with a date to wait for. */
  | "dated-429"
  /** Manifests come compressed to who takes that. */
  | "gzip-manifest";

export interface OddWay {
  readonly host: string;
  /** Method and target of each request that came, with what it said of itself. */
  readonly seen: readonly { readonly line: string; readonly authorization: string | undefined }[];
  readonly close: () => Promise<void>;
}

const challenges: Partial<Readonly<Record<Oddity, readonly string[]>>> = {
  "negotiate-first": ["Negotiate", 'Basic realm="corp"'],
  "loud-basic": ['BASIC realm="Corp, Inc. (no Bearer realm=here)"'],
  "no-challenge": [],
};
const page = "<!doctype html><title>Artifacts</title>";

/** A way to a registry on which one thing is odd; where it asks for a password, `login` is the right one. */
export async function startOddWay(
  target: string,
  oddity: Oddity,
  login: { readonly user: string; readonly password: string },
): Promise<OddWay> {
  const seen: OddWay["seen"][number][] = [];
  const right = `Basic ${Buffer.from(`${login.user}:${login.password}`).toString("base64")}`;
  let refusedWrites = 0;

  /** What is answered without the registry; undefined where it is asked. */
  function answerAlone({ method = "", url = "", headers }: IncomingMessage): Answer | undefined {
    if (!url.startsWith("/v2/") && oddity === "web-page") return { status: 200, headers: html, body: page };
    if (!url.startsWith("/v2/") && oddity === "login-page") return { status: 302, headers: { location: "/ui/login" } };
    const offers = challenges[oddity];
    if (offers !== undefined && headers.authorization !== right) {
      return { status: 401, headers: { ...html, "www-authenticate": [...offers] }, body: page };
    }
    if (oddity === "dated-429" && !["GET", "HEAD"].includes(method) && refusedWrites < 2) {
      refusedWrites += 1;
      return { status: 429, headers: { "retry-after": new Date(Date.now() + 2000).toUTCString() } };
    }
    return undefined;
  }

  // What an empty query stood for, by path.
  const queries = new Map<string, string>();

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = "", url = "", headers } = incoming;
    seen.push({ line: `${method} ${url}`, authorization: headers.authorization });
    const body = await buffer(incoming);
    const alone = answerAlone(incoming);
    if (alone !== undefined) {
      outgoing.writeHead(alone.status, alone.headers).end(method === "HEAD" ? undefined : alone.body);
      return;
    }
    const passed = { ...without(headers, "authorization"), host: target };
    const found = await ask(target, { method, path: restore(url), headers: passed, body });
    const answered = disguise(found.headers);
    if (method === "HEAD") {
      outgoing.writeHead(found.status, answered).end();
      return;
    }
    const squeezed = isSqueezed(incoming);
    const sent = squeezed ? gzipSync(found.body) : found.body;
    outgoing
      .writeHead(found.status, {
        ...answered,
        "content-length": sent.length,
        ...(squeezed && { "content-encoding": "gzip" }),
      })
      .end(sent);
  }

  /** The target with the query that was taken out of a location. */
  function restore(url: string): string {
    const [path = "", query = ""] = url.split("?");
    const whole = [queries.get(path), query].filter((part) => part !== undefined && part !== "").join("&");
    return whole === "" ? path : `${path}?${whole}`;
  }

  function isSqueezed({ method, url = "", headers }: IncomingMessage): boolean {
    const takes = headers["accept-encoding"]?.includes("gzip") === true;
    return oddity === "gzip-manifest" && method === "GET" && url.includes("/manifests/") && takes;
  }

  function disguise(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
    const { location } = headers;
    const kept = without(headers, "transfer-encoding", ...(oddity === "no-digest" ? ["docker-content-digest"] : []));
    if (typeof location !== "string") return kept;
    return { ...kept, location: locationFrom(new URL(location, `http://${target}`)) };
  }

  function locationFrom(at: URL): string {
    if (oddity === "relative-location") return `${at.pathname}${at.search}`;
    if (oddity === "empty-query") {
      queries.set(at.pathname, at.search.slice(1));
      return `http://${host}${at.pathname}?`;
    }
    return `http://${host}${at.pathname}${at.search}`;
  }

  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function without(headers: OutgoingHttpHeaders, ...names: readonly string[]): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));
}

const html = { "content-type": "text/html" };

interface Answer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body?: string;
}

interface Question {
  readonly method: string;
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
}

async function ask(
  target: string,
  { method, path, headers, body }: Question,
): Promise<{ readonly status: number; readonly headers: OutgoingHttpHeaders; readonly body: Buffer }> {
  const [host, port] = target.split(":");
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const onward = request({ host, port, method, path, headers }, resolve);
    onward.on("error", reject);
    onward.end(body);
  });
  return { status: answer.statusCode ?? 502, headers: answer.headers, body: await buffer(answer) };
}
