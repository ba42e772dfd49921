import { ToolboxError } from "../errors.ts";
import { excerpt, type HttpAnswer, jsonOf, sendHttp } from "../http-request.ts";

/** How the hub is reached through the gateway. */
export interface HubAccess {
  /** Public address without a trailing slash. */
  readonly hubUrl: string;
  readonly caFile?: string;
  readonly signal: AbortSignal;
}

/** Somebody who is signed in. */
export interface HubPerson {
  readonly name: string;
  /** The hub's own token for browsers. */
  readonly token: string;
}

export interface HubCall {
  readonly method?: "GET" | "POST" | "DELETE";
  /** Below the hub's address, with query. */
  readonly path: string;
  readonly token?: string;
  readonly body?: object;
}

/** One call, with an answer of any status. */
export async function callHub(access: HubAccess, { method = "GET", path, token, body }: HubCall): Promise<HttpAnswer> {
  return await sendHttp({
    method,
    url: `${access.hubUrl}${path}`,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    caFile: access.caFile,
    signal: access.signal,
    timeoutMs: 60_000,
  });
}

/**
 * The data of a call that has to succeed.
 * @throws ToolboxError with what the hub says.
 */
export async function requireHub(access: HubAccess, call: HubCall): Promise<unknown> {
  const answer = await callHub(access, call);
  if (answer.status >= 200 && answer.status < 300) {
    const parsed = jsonOf(answer, `the answer to ${call.path}`) as { readonly data?: unknown };
    return parsed.data ?? parsed;
  }
  throw new ToolboxError(`${call.method ?? "GET"} ${call.path} answered ${answer.status}: ${excerpt(answer.body)}`, {
    advice: "look at the log of the hub's server",
  });
}

/**
 * Ends a sign-in: the hub takes the code to Casdoor and sends the browser on with a token of its own.
 * @param code what Casdoor gave for the sign-in
 * @throws ToolboxError when the hub sends the browser to its page for failures.
 */
export async function enterHub(access: HubAccess, code: string, state: string): Promise<string> {
  const query = new URLSearchParams({ code, state }).toString();
  const { status, headers, body } = await callHub(access, { path: `/api/v1/callback/casdoor?${query}` });
  if (status !== 302 || headers.location === undefined)
    throw new ToolboxError(`the hub's sign-in answered ${status}: ${excerpt(body)}`);
  const target = new URL(headers.location, access.hubUrl);
  const token = target.searchParams.get("jwt");
  if (target.origin === new URL(access.hubUrl).origin && token !== null && token !== "") return token;
  throw new ToolboxError(`the hub does not sign in: ${target.searchParams.get("error_message") ?? target.pathname}`, {
    advice:
      "client id, secret, certificate or addresses differ between the hub and Casdoor: slipway run casdoor-bootstrap sets Casdoor's",
  });
}
