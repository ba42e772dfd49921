import { Readable } from "node:stream";
import { RegistryError } from "../errors/installer-error.ts";
import type { HttpResponse } from "../platform/content-ports.ts";

/** One error as registries report it: OCI distribution specification 1.1, "Error Codes". */
export interface ReportedError {
  readonly code: string;
  readonly message: string;
}

/** An answer, and where it came from. */
type Answer = HttpResponse & { readonly url?: URL };

const errorBodyLimit = 64 * 1024;
/** More than this of an answer costs more than a new connection. */
const unreadLimit = 1024 * 1024;

/** The registry answered, and said no. Becomes a RegistryError once nothing more is tried. */
export class Refusal extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly reported: readonly ReportedError[];
  /** The start of an answer that is not a list of errors. */
  readonly text: string;
  /** The proxy that may have said it instead of the registry, as messages name it. */
  readonly proxy: string | undefined;
  /** Host and port of who said it: the registry, or where it sent the request on to. */
  readonly host: string | undefined;

  constructor(response: Pick<Answer, "status" | "headers" | "proxy" | "url">, body: string) {
    const reported = parseErrors(body);
    const first = reported[0];
    super(first === undefined ? `status ${response.status}` : `status ${response.status} ${first.code}`);
    this.name = "Refusal";
    this.status = response.status;
    this.headers = response.headers;
    this.proxy = response.proxy;
    this.host = response.url?.host;
    this.reported = reported;
    this.text = reported.length > 0 || isPage(response.headers, body) ? "" : printable(body).slice(0, 200);
  }

  has(code: string): boolean {
    return this.reported.some((error) => error.code === code);
  }

  /** What it wants to see, of a 401. */
  get challenge(): string | undefined {
    return this.headers["www-authenticate"];
  }

  /** All that was said, for looking for words in. */
  get words(): string {
    return [...this.reported.map((error) => `${error.code} ${error.message}`), this.text].join(" ");
  }

  /** Disk full or quota used up: time does not help. */
  isFull(): boolean {
    return this.status === 507 || this.isQuota() || /no space left|insufficient storage/i.test(this.words);
  }

  /** A right is missing, or nobody is signed in who could have it. */
  isAboutRights(): boolean {
    const isOther = this.isFull() || this.isReadOnly() || this.isImmutable();
    return (this.status === 401 || this.status === 403) && !isOther;
  }

  /** A rule forbids to move the tag. */
  isImmutable(): boolean {
    return /immutab|ImageTagAlreadyExists|TAG_ALREADY_EXISTS/i.test(this.words);
  }

  /** No writes at all are taken. */
  isReadOnly(): boolean {
    return /read.?only/i.test(this.words);
  }

  /** A quota is used up. Harbor says it without the word: "… will exceed the configured upper limit of …". */
  isQuota(): boolean {
    return /quota|exceed the configured upper limit/i.test(this.words);
  }
}

/** A redirect that is not followed; the caller adds what it asked for. */
export class RedirectError extends RegistryError {}

/** Reads what the registry said with a status that is not a success. */
export async function readRefusal(response: Answer): Promise<Refusal> {
  let body = "";
  try {
    body = (await readBounded(response.body, errorBodyLimit, true)).toString("utf8");
  } catch {
    // The status is the message; what went with it is only colour.
  }
  return new Refusal(response, body);
}

/** The same answer with its body read, as far as anybody looks at it: its connection is free for what is asked because of it. */
export async function readAside<Response extends HttpResponse>(response: Response): Promise<Response> {
  const bytes = await readBounded(response.body, errorBodyLimit, true).catch(() => Buffer.alloc(0));
  return { ...response, body: Readable.from([bytes]) };
}

/**
 * Reads a small body whole.
 * @throws RangeError when it is longer than the limit and may not be cut
 */
export async function readBounded(body: Readable, limit: number, cut = false): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length <= limit) continue;
    if (!cut) throw new RangeError(`the answer is longer than ${limit} bytes`);
    break;
  }
  return Buffer.concat(chunks).subarray(0, limit);
}

/** What is left of an answer nobody reads, so that its connection can be used again; of one that does not end, not. */
export function drain(body: Readable): void {
  let left = unreadLimit;
  body.on("data", (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) body.destroy();
  });
  body.resume();
}

/** A web page instead of an answer: a portal, a proxy, or something that is not a registry. */
export function isPage(headers: Readonly<Record<string, string>>, body = ""): boolean {
  return /^text\/html\b/i.test(headers["content-type"] ?? "") || /^\s*<(!doctype|html)/i.test(body);
}

function parseErrors(body: string): readonly ReportedError[] {
  try {
    const parsed = JSON.parse(body) as { errors?: unknown };
    if (!Array.isArray(parsed.errors)) return [];
    return parsed.errors.slice(0, 10).map((entry: unknown) => {
      const { code, message, detail } = (entry ?? {}) as Record<string, unknown>;
      const more = detail === undefined || detail === null ? "" : ` ${short(detail)}`;
      return { code: short(code).slice(0, 60), message: `${short(message)}${more}`.slice(0, 300) };
    });
  } catch {
    return [];
  }
}

function short(value: unknown): string {
  if (value === undefined || value === null) return "";
  return printable(typeof value === "string" ? value : JSON.stringify(value));
}

/** What a registry says ends up on a terminal: without control characters. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
}
