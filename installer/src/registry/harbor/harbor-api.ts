import { RegistryError } from "../../errors/installer-error.ts";
import { type Fields, fieldsOf } from "../../language/fields.ts";
import type { Authorization } from "../authorization.ts";
import { basicHeader, type Credentials } from "../credentials.ts";
import { drain, isPage, readBounded, readRefusal } from "../refusal.ts";
import { createConnection, type ConnectionOptions } from "../registry-connection.ts";
import type { Retrier } from "../retry.ts";

export const apiRoot = "/api/v2.0";
const answerLimit = 8 * 1024 * 1024;
/** Harbor gives at most this many rows a page, however many are asked for. */
const pageSize = 100;
const mostPages = 200;

export interface HarborRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  /** Below the API, with query: `/projects/ai-infra`. */
  readonly path: string;
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

/** Harbor's API as JSON in and out. Throws Refusal with what Harbor said when the status is not a success. */
export interface HarborApi {
  readonly host: string;
  /** The answer's document, or its text where it is plain; undefined when it has none. */
  send(request: HarborRequest): Promise<unknown>;
  /** Every row of a list, over all its pages. */
  list(path: string, signal: AbortSignal): Promise<readonly Fields[]>;
  /**
   * Makes something. Not sent twice: a lost answer must not become two of it.
   * @returns its number, where the answer tells it
   */
  make(request: Omit<HarborRequest, "method">): Promise<number | undefined>;
}

export interface HarborApiOptions extends ConnectionOptions {
  readonly credentials: Extract<Credentials, { kind: "password" }> | undefined;
  readonly retrier: Retrier;
}

/**
 * Opens nothing yet. User and password go along with every request. Cookies are never kept: with a session cookie Harbor
 * takes a request for one of its pages and demands its anti-forgery token for every change.
 */
export function createHarborApi(options: HarborApiOptions): HarborApi {
  const { host, retrier } = options;
  const connection = createConnection(options, () => passwordAlways(options.credentials));

  async function once({ method, path, body, signal }: HarborRequest): Promise<Answer> {
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const response = await connection.send({
      method,
      target: `${apiRoot}${path}`,
      headers: {
        accept: "application/json",
        // A project may be called 2024; without this Harbor would take that for an id.
        "x-is-resource-name": "true",
        ...(bytes === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(bytes === undefined ? {} : { body: () => Promise.resolve(bytes) }),
      scopes: [],
      signal,
    });
    if (response.status < 200 || response.status > 299) throw await readRefusal(response);
    if (method === "HEAD") drain(response.body);
    const text = method === "HEAD" ? "" : (await readBounded(response.body, answerLimit)).toString();
    if (isPage(response.headers, text)) throw notTheApi(host);
    return { headers: response.headers, text };
  }

  // What changes something is not sent twice: a lost answer must not become two robot accounts.
  const send = (request: HarborRequest): Promise<Answer> =>
    request.method === "GET" || request.method === "HEAD"
      ? retrier.run(`${request.method} ${request.path}`, request.signal, () => once(request))
      : once(request);

  return {
    host,
    send: async (request) => {
      const { headers, text } = await send(request);
      return /^text\/plain\b/i.test(headers["content-type"] ?? "") ? text : parse(text, host);
    },
    list: async (path, signal) => {
      const rows: Fields[] = [];
      for (let page = 1; page <= mostPages; page += 1) {
        const separator = path.includes("?") ? "&" : "?";
        const paged = `${path}${separator}page=${page}&page_size=${pageSize}`;
        const { headers, text } = await send({ method: "GET", path: paged, signal });
        const found = rowsOf(parse(text, host), host);
        rows.push(...found);
        if (isLast(headers["x-total-count"], rows.length, found.length)) return rows;
      }
      throw new RegistryError(`${host} lists more than ${mostPages * pageSize} entries under ${path}`, {
        hint: "remove what is not needed any more",
      });
    },
    make: async (request) => {
      const { headers } = await send({ ...request, method: "POST" });
      const number = /\/(\d{1,15})$/.exec(headers["location"] ?? "")?.[1];
      return number === undefined ? undefined : Number(number);
    },
  };
}

interface Answer {
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

function passwordAlways(credentials: HarborApiOptions["credentials"]): Authorization {
  const header = credentials === undefined ? undefined : basicHeader(credentials);
  return {
    header: () => Promise.resolve(header),
    answered: () => Promise.resolve(false),
    unanswered: () => undefined,
    signedIn: () => header !== undefined,
  };
}

function isLast(total: string | undefined, have: number, got: number): boolean {
  if (got === 0) return true;
  return total !== undefined && /^\d+$/.test(total) ? have >= Number(total) : got < pageSize;
}

function parse(text: string, host: string): unknown {
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw notTheApi(host);
  }
}

function notTheApi(host: string): RegistryError {
  return new RegistryError(`${host} answers Harbor's API with something that is not JSON`, {
    hint: "look at the proxy before Harbor: /api/ must go to its core service",
  });
}

function rowsOf(value: unknown, host: string): readonly Fields[] {
  // An empty list of Go is null.
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw notTheApi(host);
  return value.map(fieldsOf);
}
