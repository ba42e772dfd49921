import type { IncomingMessage, ServerResponse } from "node:http";
import type { Caller, HarborState } from "./state.ts";

/** One request to the API, its body read. */
export interface ApiCall {
  readonly state: HarborState;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly caller: Caller;
  readonly body: Readonly<Record<string, unknown>>;
  readonly parts: readonly string[];
}

/** Every handler answers: a path that forgets to is a type error. */
export type Answered = "answered";

/** Harbor's error document. */
export function refuseHarbor(response: ServerResponse, status: number, code: string, message: string): Answered {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" });
  response.end(response.req.method === "HEAD" ? undefined : `${JSON.stringify({ errors: [{ code, message }] })}\n`);
  return "answered";
}

/** A document, or nothing. */
export function answer(
  call: ApiCall,
  status: number,
  document?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Answered {
  call.response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers });
  call.response.end(document === undefined || call.request.method === "HEAD" ? undefined : JSON.stringify(document));
  return "answered";
}

/** To who shows no password, or a wrong one. */
export function unauthorized(call: ApiCall): Answered {
  return refuseHarbor(call.response, 401, "UNAUTHORIZED", "unauthorized");
}

/** To who is known and lacks the right. */
export function forbidden(call: ApiCall, message = "forbidden"): Answered {
  return refuseHarbor(call.response, 403, "FORBIDDEN", message);
}

/** Rows of one page, 10 of them unless asked and 100 at most, with the headers that tell of the others. */
export function page(call: ApiCall, rows: readonly unknown[]): Answered {
  const { url } = call;
  const size = Number(url.searchParams.get("page_size") ?? 10);
  const number = Number(url.searchParams.get("page") ?? 1);
  if (size > 100 || size < 0) {
    return refuseHarbor(
      call.response,
      422,
      "UNPROCESSABLE_ENTITY",
      "page_size in query should be less than or equal to 100",
    );
  }
  const link = (at: number, rel: string): string => {
    const next = new URL(url);
    next.searchParams.set("page", String(at));
    return `<${next.pathname}${next.search}>; rel="${rel}"`;
  };
  const links = [
    ...(number > 1 ? [link(number - 1, "prev")] : []),
    ...(number * size < rows.length ? [link(number + 1, "next")] : []),
  ];
  const headers = { "x-total-count": String(rows.length), ...(links.length > 0 ? { link: links.join(", ") } : {}) };
  return answer(call, 200, rows.slice((number - 1) * size, number * size), headers);
}
