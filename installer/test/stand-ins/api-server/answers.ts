import type { IncomingMessage } from "node:http";

/** A request as the API server got it. */
export interface ApiServerRequest {
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  /** Common name of the client certificate that it came with. */
  readonly client: string | undefined;
  /** Parsed from JSON; undefined when there was none. */
  readonly body: unknown;
}

export interface ApiServerAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text as it stands, anything else as JSON. */
  readonly body?: unknown;
}

/** A `Status`, as the API server writes its refusals. */
export function refusal(code: number, reason: string, message: string, details?: object): ApiServerAnswer {
  const body = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, details, code };
  return { status: code, body };
}
