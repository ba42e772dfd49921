import { json, at, type Answer, type Exchange, type Route } from "./http.ts";
import { readHmacToken } from "./hmac-token.ts";

/** Callbacks of Gitaly's hooks and GitLab Shell. The stand-in has no repositories, so nobody may do anything with one. */
const callbacks: readonly (readonly [string, string, Answer])[] = [
  ["GET", "/api/v4/internal/authorized_keys", json(404, { message: "404 Not found" })],
  ["POST", "/api/v4/internal/allowed", json(404, { status: false, message: "no such repository" })],
  ["POST", "/api/v4/internal/pre_receive", json(200, { reference_counter_increased: false })],
  ["POST", "/api/v4/internal/post_receive", json(200, { reference_counter_decreased: false, messages: [] })],
  ["POST", "/api/v4/internal/lfs_authenticate", json(404, { message: "404 Not found" })],
  ["POST", "/api/v1/internal/allowed", json(404, { status: false, message: "no such repository" })],
  ["POST", "/api/v1/internal/pre_receive", json(200, { reference_counter_increased: false })],
  ["POST", "/api/v1/internal/post_receive", json(200, { reference_counter_decreased: false, messages: [] })],
];

const header = "gitlab-shell-api-request";

/** Each wants a token signed with the callback secret, in a header of its own or as a bearer's. */
export function gitCallbackRoutes(secret: string): readonly Route[] {
  return callbacks.map(([method, path, answer]) => at(method, path, (exchange) => checked(exchange, secret) ?? answer));
}

function checked({ headers }: Exchange, secret: string): Answer | undefined {
  const own = headers[header];
  const token = typeof own === "string" && own !== "" ? own : headers.authorization?.slice("Bearer ".length);
  // The real one cuts the word from what is not there, and panics.
  if (token === undefined) throw new Error("neither Gitlab-Shell-Api-Request nor Authorization");
  try {
    readHmacToken(token, secret, new Date());
    return undefined;
  } catch (error) {
    return json(401, { error: `invilid JWT token,${error instanceof Error ? error.message : String(error)}` });
  }
}
