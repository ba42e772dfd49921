import type { IncomingMessage } from "node:http";
import type { EngineLibrary } from "./engine-library.ts";

interface RawCall {
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Statuses that are not errors. */
  readonly accept: readonly number[];
}

/** The answer to a GET as it comes, for what the library's own functions do not give: headers, an end by signal. */
export function get(docker: EngineLibrary, { path, query = {}, signal, accept }: RawCall): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const modem = docker.modem as {
      dial(options: object, callback: (error: Error | null, answer: IncomingMessage) => void): void;
    };
    const statusCodes = Object.fromEntries(accept.map((status) => [status, true]));
    // The library adds the query behind the question mark, and without one takes the last character away.
    const asked = Object.keys(query).length === 0 ? { path } : { path: `${path}?`, options: query };
    modem.dial({ method: "GET", ...asked, abortSignal: signal, isStream: true, statusCodes }, (error, answer) => {
      if (error === null) resolve(answer);
      else reject(error);
    });
  });
}

/** The whole body. */
export async function readBody(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
