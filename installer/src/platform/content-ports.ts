import type { Readable } from "node:stream";

/** What bundles and registries need of the world: large files at any offset, HTTP, and hashing on all cores. */

/** A file open for reading. Ranges are bytes, `end` is not included. */
export interface OpenedFile {
  readonly path: string;
  readonly size: number;
  /** Fewer bytes than asked for only at the end of the file. */
  read(start: number, length: number): Promise<Buffer>;
  stream(start: number, end: number): Readable;
  close(): Promise<void>;
}

/** A file open for writing at any offset. */
export interface WritableFile {
  readonly path: string;
  write(position: number, bytes: Uint8Array): Promise<void>;
  /** Makes the file this long; fails at once when the disk cannot hold it. */
  reserve(size: number): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface BulkFiles {
  /** Undefined when there is no such file. */
  open(path: string): Promise<OpenedFile | undefined>;
  /** Opens for writing, keeping what is there when `keep`; otherwise empty. Mode 0644 unless told. */
  create(path: string, options?: { readonly keep?: boolean; readonly mode?: number }): Promise<WritableFile>;
  /** Renames durably: file and directory are flushed. */
  rename(from: string, to: string): Promise<void>;
}

export interface FileRange {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

export interface HashTask extends FileRange {
  /** Ranges that follow the first one, where the content goes on in other files. */
  readonly then?: readonly FileRange[];
  /** Where the bytes are written while they are hashed: places in files that are there, together as long as the content. */
  readonly copyTo?: readonly FileRange[];
}

/** Hashes on all cores, in threads of its own. */
export interface Hashing {
  /** Says that about so many bytes will be hashed soon: the threads start while the caller still finds out which. */
  expect(bytes: number): void;
  /** `sha256:…` of each range, in the order of the tasks; large ones first inside. */
  sha256(tasks: readonly HashTask[], onBytes: (bytes: number) => void, signal: AbortSignal): Promise<readonly string[]>;
}

export interface HttpSettings {
  /** Most connections to one host at a time. */
  readonly connections: number;
  /** Certificate authorities to trust besides the system's, PEM. */
  readonly ca?: string;
  /** Client certificate and key, PEM. */
  readonly certificate?: { readonly cert: string; readonly key: string };
  /** Proxy variables of the environment (HTTP_PROXY, HTTPS_PROXY, NO_PROXY in either case). */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes, or a stream with its exact length. */
  readonly body?: Uint8Array | { readonly size: number; readonly stream: Readable };
  /** Milliseconds without a byte in either direction after which the request fails. */
  readonly idleTimeoutMs: number;
  readonly signal: AbortSignal;
  /** Bytes of a body that is a stream, as they are handed to the connection. */
  readonly onSent?: (bytes: number) => void;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Must be read to its end or destroyed. */
  readonly body: Readable;
  /** The proxy that may have answered itself, as messages name it: of plain HTTP only, which a proxy reads. */
  readonly proxy?: string;
}

/** Why there was no answer. */
export type TransportFault =
  | "dns"
  | "refused"
  | "reset"
  | "stalled"
  | "tls"
  | "proxy"
  | "aborted"
  | "blocked"
  | "protocol";

/** HTTP/1.1 with kept connections. Redirects are not followed. */
export interface Http {
  /** @throws TransportError (`platform/transport-error.ts`) when there was no whole answer */
  request(request: HttpRequest): Promise<HttpResponse>;
  /** Ends idle connections. */
  close(): void;
}
