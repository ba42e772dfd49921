import { type HttpAnswer, sendHttp } from "../../../../toolbox/src/http-request.ts";
import type { Exchange } from "./exchange.ts";
import type { Provider } from "./records.ts";
import { Refusal } from "./signin.ts";

/** What the page sends when somebody comes back from a provider. */
export interface ProviderForm {
  readonly application: string;
  readonly provider: string;
  readonly code: string;
  readonly state: string;
  readonly redirectUri: string;
  readonly method: string;
  readonly codeVerifier: string;
}

/** What a provider says of a person, by the names that Casdoor has for it. */
export interface ProviderPerson {
  readonly id: string;
  readonly username: string;
  readonly displayName: string;
  readonly email: string;
  readonly phone: string;
  readonly avatarUrl: string;
}

/** The code against a token, the token against what the provider says of the person; over TLS that the image's authorities vouch for. */
export async function askProvider(
  { caFile }: Exchange,
  provider: Provider,
  form: ProviderForm,
): Promise<ProviderPerson> {
  const token = await exchangeCode(caFile, provider, form);
  const answer = await sendHttp({
    url: provider.customUserInfoUrl,
    headers: { authorization: `Bearer ${token}` },
    caFile,
  });
  const claims = JSON.parse(answer.body.toString("utf8")) as Record<string, unknown>;
  return toPerson(claims, provider.userMapping ?? {});
}

/** The secret in a header first, then, when that is refused, in the form, as Go's client does. */
async function exchangeCode(caFile: string | undefined, provider: Provider, form: ProviderForm): Promise<string> {
  const { clientId, clientSecret } = provider;
  const fields = {
    grant_type: "authorization_code",
    code: form.code,
    redirect_uri: form.redirectUri,
    ...(form.codeVerifier === "" ? {} : { code_verifier: form.codeVerifier }),
  };
  const login = Buffer.from([clientId, clientSecret].map(encodeURIComponent).join(":")).toString("base64");
  const post = async (body: Readonly<Record<string, string>>, headers = {}): Promise<HttpAnswer> =>
    sendHttp({
      method: "POST",
      url: provider.customTokenUrl,
      headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
      body: new URLSearchParams(body).toString(),
      caFile,
    });
  const first = await post(fields, { authorization: `Basic ${login}` });
  const isFine = first.status >= 200 && first.status <= 299;
  const answer = isFine ? first : await post({ ...fields, client_id: clientId, client_secret: clientSecret });
  const {
    access_token: token,
    error,
    error_description: why,
  } = JSON.parse(answer.body.toString("utf8")) as Partial<
    Record<"access_token" | "error" | "error_description", string>
  >;
  if (answer.status > 299 || error !== undefined)
    throw new Refusal(`oauth2: "${error ?? ""}" ${why === undefined ? "" : `"${why}"`}`.trim());
  if (token === undefined || token === "") throw new Refusal("oauth2: server response missing access_token");
  return token;
}

/** Every field that is mapped must be there. */
function toPerson(claims: Record<string, unknown>, mapping: Readonly<Record<string, string>>): ProviderPerson {
  for (const field of ["id", "username", "displayName"])
    if (mapping[field] === undefined)
      throw failed(`cannot find ${field} in userMapping, please check your configuration in custom provider`);
  for (const [field, path] of Object.entries(mapping)) claims[field] = claimAt(claims, path);
  const text = (field: keyof ProviderPerson): string => {
    const value = claims[field] ?? "";
    if (typeof value === "string") return value;
    if (field === "id" && typeof value === "number") return String(value);
    throw failed(`'${field}' expected type 'string', got unconvertible type`);
  };
  return {
    id: text("id"),
    username: text("username"),
    displayName: text("displayName"),
    email: text("email"),
    phone: text("phone"),
    avatarUrl: text("avatarUrl"),
  };
}

function claimAt(claims: Readonly<Record<string, unknown>>, path: string): unknown {
  let value: unknown = claims;
  for (const key of path.split(".")) {
    const holder = value as Readonly<Record<string, unknown>>;
    if (typeof value !== "object" || value === null || !(key in holder))
      throw failed(`cannot find ${path} in user from custom provider: key '${key}' not found in path '${path}'`);
    value = holder[key];
  }
  return value;
}

function failed(message: string): Refusal {
  return new Refusal(`Failed to login in: ${message}`);
}
