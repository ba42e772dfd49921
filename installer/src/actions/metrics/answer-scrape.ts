import type { HttpServerRequest, HttpServerResponse } from "../../platform/http-server.ts";
import { expositionType, renderExposition } from "./exposition.ts";
import type { MetricsResult } from "./metrics.ts";

/**
 * Answers what Prometheus asks: `/metrics`, and whether anybody is there. Nothing of the platform is told in an error.
 * @param look throws where the records cannot be read
 * @param onFailure is told why
 */
export async function answerScrape(
  { method, target }: HttpServerRequest,
  look: () => Promise<MetricsResult>,
  onFailure: (error: unknown) => void,
): Promise<HttpServerResponse> {
  const [path] = target.split("?");
  if (path !== "/metrics" && path !== "/healthz") return plain(404, "there are /metrics and /healthz\n");
  if (method !== "GET" && method !== "HEAD") return { ...plain(405, "only GET\n"), headers: { allow: "GET, HEAD" } };
  if (path === "/healthz") return plain(200, "ok\n");
  try {
    return answer(200, expositionType, renderExposition((await look()).samples));
  } catch (error) {
    onFailure(error);
    return plain(503, "the records of the install cannot be read; slipway says why on the machine where it runs\n");
  }
}

function plain(status: number, text: string): HttpServerResponse {
  return answer(status, "text/plain; charset=utf-8", text);
}

function answer(status: number, type: string, text: string): HttpServerResponse {
  const body = Buffer.from(text);
  return { status, headers: { "content-type": type, "content-length": String(body.length) }, body };
}
