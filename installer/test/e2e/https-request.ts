import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

export interface HttpRequest {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** PEM of the authority to trust; the system's without it. */
  readonly ca?: string;
  /** Whom to ask; loopback unless told. */
  readonly address?: string;
}

/** Sends a request to loopback whatever the URL's host is, as a name server of the test's own would; names and TLS stay the URL's. */
export function sendToLoopback(options: HttpRequest): Promise<HttpAnswer> {
  const url = new URL(options.url);
  const tls = url.protocol === "https:";
  return new Promise((resolve, reject) => {
    const request = (tls ? httpsRequest : httpRequest)({
      host: options.address ?? "127.0.0.1",
      port: url.port === "" ? (tls ? 443 : 80) : Number(url.port),
      path: `${url.pathname}${url.search}`,
      method: options.method ?? "GET",
      headers: { host: url.host, ...options.headers },
      ...(tls && { servername: url.hostname, ...(options.ca !== undefined && { ca: options.ca }) }),
      agent: false,
      timeout: 20_000,
    });
    request.once("error", reject);
    request.once("timeout", () => request.destroy(new Error(`no answer from ${options.url}`)));
    request.once("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.end(options.body);
  });
}
