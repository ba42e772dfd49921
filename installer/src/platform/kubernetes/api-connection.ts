import { type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders, request as plainRequest } from "node:http";
import { request as secureRequest } from "node:https";
import { setTimeout as pause } from "node:timers/promises";
import { type CallLimit, limitCall } from "./call-limit.ts";
import type { ClusterAccess } from "./cluster-access.ts";
import {
  ClusterRefusal,
  explainAnswer,
  explainConnectionError,
  notAnApiServer,
  notReachable,
  placeOf,
} from "./cluster-errors.ts";
import type { ClusterLimits } from "./cluster-limits.ts";
import { type Credentials, openCredentials, type RequestCredentials } from "./credentials.ts";

export interface ApiRequest {
  /** For messages: `to list secrets in the namespace demo`. */
  readonly what: string;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With its query: `/api/v1/pods?limit=10`. */
  readonly path: string;
  readonly accept?: string;
  /** Sent as JSON; `type` is its content type. */
  readonly body?: { readonly type: string; readonly content: unknown };
  /** The caller's own; the request ends when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** One API server; nothing is read, loaded or opened before the first request. Everything throws what a person can act on. */
export interface ApiConnection {
  access(): ClusterAccess;
  json<T>(request: ApiRequest): Promise<T>;
  /** As `json` does; undefined for 404. */
  jsonIfPresent<T>(request: ApiRequest): Promise<T | undefined>;
  text(request: ApiRequest): Promise<string>;
  /** An answer that goes on for as long as it goes on; has to be read to its end or destroyed. */
  stream(request: ApiRequest): Promise<IncomingMessage>;
  /** For what is no request: gives it credentials, and others after it was refused (401). */
  withCredentials<T>(
    run: (credentials: RequestCredentials) => Promise<T>,
    isRefused: (error: unknown) => boolean,
  ): Promise<T>;
  close(): void;
}

export interface ConnectionOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readAccess: () => ClusterAccess;
  readonly limits: ClusterLimits;
  /** Aborts at Ctrl-C. */
  readonly interrupted: AbortSignal;
}

export function createApiConnection({ env, readAccess, limits, interrupted }: ConnectionOptions): ApiConnection {
  let known: ClusterAccess | undefined;
  let opened: Credentials | undefined;
  const access = (): ClusterAccess => (known ??= readAccess());
  const forget = (end: "retire" | "close" = "retire"): void => {
    opened?.[end]();
    opened = known = undefined;
  };
  const credentials = async (): Promise<RequestCredentials> => {
    const asked = (opened ??= openCredentials(access(), env, limits));
    try {
      return await asked.forRequest();
    } catch (error) {
      if (opened === asked) forget();
      throw error;
    }
  };
  const withCredentials: ApiConnection["withCredentials"] = async (run, isRefused) => {
    const given = await credentials();
    const used = opened;
    try {
      return await run(given);
    } catch (error) {
      if (!isRefused(error)) throw error;
    }
    // Whoever renews credentials does so in the kubeconfig, or is asked anew. Others may be under way with the old ones.
    if (opened === used) forget();
    return await run(await credentials());
  };

  /** Until an answer begins that is a success. */
  async function ask(request: ApiRequest, limit: CallLimit): Promise<IncomingMessage> {
    for (;;) {
      const answer = await withCredentials(
        async (given) => refuse401(await exchange(request, limit.signal, given), limit.signal),
        (error) => error instanceof Unauthorized,
      ).catch((error: unknown) => {
        throw error instanceof Unauthorized ? explainAnswer({ status: 401, body: "" }, request.what, access()) : error;
      });
      const { statusCode: status = 0 } = answer;
      if (status >= 200 && status < 300) return answer;
      const body = await readText(answer, limit.signal);
      const retryMs = retryAfter(answer);
      if (retryMs === undefined || retryMs > limit.left())
        throw explainAnswer({ status, body }, request.what, access());
      await pause(retryMs, undefined, { signal: limit.signal }).catch(() => limit.signal.throwIfAborted());
    }
  }

  async function exchange(
    request: ApiRequest,
    signal: AbortSignal,
    given: RequestCredentials,
  ): Promise<IncomingMessage> {
    for (let isFirst = true; ; isFirst = false) {
      const { sent, answer } = start(request, signal, given);
      try {
        return await answer;
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        const { code } = error as NodeJS.ErrnoException;
        // The server had closed a kept connection while the request was on its way.
        const isSpent = sent.reusedSocket && (code === "ECONNRESET" || code === "EPIPE");
        if (!isFirst || !isSpent) throw explainConnectionError(error, access());
      }
    }
  }

  function start(request: ApiRequest, signal: AbortSignal, given: RequestCredentials) {
    const { method, path, body, accept = "application/json" } = request;
    const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body.content));
    const headers: OutgoingHttpHeaders = {
      ...{ accept, "user-agent": "slipway", ...given.headers },
      ...(content === undefined ? {} : { "content-type": body?.type, "content-length": content.length }),
    };
    const { server } = access();
    const open = server.startsWith("http:") ? plainRequest : secureRequest;
    signal.throwIfAborted();
    const sent: ClientRequest = open(`${server}${path}`, { method, headers, agent: given.agent, signal });
    const late = setTimeout(() => sent.destroy(notConnected()), limits.connectMs);
    // Once it has been sent, there is a connection.
    for (const event of ["finish", "close"]) sent.once(event, () => clearTimeout(late));
    const answer = new Promise<IncomingMessage>((resolve, reject) => {
      sent.once("response", resolve).on("error", reject).end(content);
    });
    return { sent, answer };
  }

  function notConnected(): Error {
    return notReachable(`no connection within ${limits.connectMs / 1000} s`, access());
  }

  async function refuse401(answer: IncomingMessage, signal: AbortSignal): Promise<IncomingMessage> {
    if (answer.statusCode !== 401) return answer;
    await readText(answer, signal);
    throw new Unauthorized();
  }

  async function readText(answer: IncomingMessage, signal: AbortSignal): Promise<string> {
    try {
      return Buffer.concat((await answer.toArray({ signal })) as Buffer[]).toString("utf8");
    } catch (error) {
      throw signal.aborted ? signal.reason : explainConnectionError(error, access());
    }
  }

  async function limited<T>(request: ApiRequest, run: (limit: CallLimit) => Promise<T>): Promise<T> {
    const { what, method, signal } = request;
    const kind = method === "GET" ? "question" : "change";
    const limit = limitCall({ what, kind, signal }, { place: placeOf(access()), limits, interrupted });
    try {
      return await run(limit);
    } finally {
      limit.lift();
    }
  }

  function parse(body: string): unknown {
    try {
      return JSON.parse(body);
    } catch {
      throw notAnApiServer(access());
    }
  }

  const whole = (request: ApiRequest): Promise<string> =>
    limited(request, async (limit) => readText(await ask(request, limit), limit.signal));
  return {
    access,
    withCredentials,
    text: whole,
    json: async <T>(request: ApiRequest) => parse(await whole(request)) as T,
    jsonIfPresent: async <T>(request: ApiRequest) => {
      try {
        return parse(await whole(request)) as T;
      } catch (error) {
        if (error instanceof ClusterRefusal && error.status === 404) return undefined;
        throw error;
      }
    },
    stream: (request) => limited(request, (limit) => ask(request, limit)),
    close: () => forget("close"),
  };
}

/** 401, before it is known whether other credentials would do. */
class Unauthorized extends Error {}

/** What the server asks to wait for before it is asked again; undefined for an answer that is final. */
function retryAfter({ statusCode = 0, headers }: IncomingMessage): number | undefined {
  if (statusCode !== 429 && statusCode < 500) return undefined;
  const given = Number(headers["retry-after"]);
  if (Number.isInteger(given) && given >= 0) return Math.max(given, 1) * 1000;
  return statusCode === 429 ? 1000 : undefined;
}
