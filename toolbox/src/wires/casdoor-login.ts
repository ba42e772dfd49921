import { ToolboxError } from "../errors.ts";
import { jsonOf, sendHttp } from "../http-request.ts";
import type { CasdoorAccess, Visitor } from "./casdoor-visitor.ts";
import type { WireContext } from "./wire-check.ts";

interface LoginAnswer {
  readonly status?: string;
  readonly msg?: string;
  readonly data?: unknown;
}

/** Casdoor's login page posts this (controllers/auth.go, form/auth.go); the answer holds the code. */
export async function postLogin(
  wire: CasdoorAccess,
  { name, password, marked }: Visitor,
  context: WireContext,
): Promise<LoginAnswer> {
  const url = new URL("/api/login", wire.issuer);
  url.search = new URLSearchParams({
    clientId: wire.clientId,
    responseType: "code",
    redirectUri: wire.redirectUri,
    scope: "openid profile",
  }).toString();
  const answer = await sendHttp({
    method: "POST",
    url: marked(url.toString()),
    headers: { "content-type": "application/json", "accept-language": "en" },
    body: JSON.stringify({
      type: "code",
      application: wire.application,
      organization: wire.organization,
      username: name,
      password,
      signinMethod: "Password",
      autoSignin: false,
    }),
    caFile: wire.caFile,
    resolve: wire.resolve,
    signal: context.signal,
  });
  return jsonOf(answer, "the answer to the login") as LoginAnswer;
}

/** Casdoor's words for a right password where an administrator made a second factor the rule, object/mfa.go. */
const secondFactor: readonly unknown[] = ["RequiredMfa", "NextMfa"];

/** A code, or what Casdoor asks for besides the password: only a person has it, and to ask for it is an administrator's right. */
export async function login(
  wire: CasdoorAccess,
  visitor: Visitor,
  context: WireContext,
): Promise<{ readonly code: string } | { readonly asks: string }> {
  const { status, msg = "no reason given", data } = await postLogin(wire, visitor, context);
  if (status === "ok" && typeof data === "string" && data !== "")
    return secondFactor.includes(data) ? { asks: data } : { code: data };
  if (/turing test/i.test(msg)) return { asks: msg };
  throw new ToolboxError(`the login is refused: ${msg}`, {
    advice: /client_?id|redirect/i.test(msg)
      ? "client id or redirect URI differ from Casdoor's: slipway run casdoor-bootstrap sets them"
      : `look in Casdoor at the settings of application ${wire.application} and organization ${wire.organization}, and at its log`,
  });
}
