import { errorText, ToolboxError } from "../errors.ts";
import { excerpt, jsonOf, sendHttp } from "../http-request.ts";
import { likelyCause } from "../likely-cause.ts";

/** Where a provider is, and what it must say that it is. */
export interface ProviderAddress {
  readonly issuer: string;
  readonly discoveryUrl: string;
  readonly caFile?: string | undefined;
}

export interface ProviderDiscovery {
  readonly authorizationUrl: string;
  readonly tokenUrl: string;
  readonly userInfoUrl: string;
  /** What it lists of what it can do; undefined for what it does not list. */
  readonly scopes: readonly string[] | undefined;
  readonly challengeMethods: readonly string[] | undefined;
  /** Its clock, where it tells. */
  readonly date: Date | undefined;
}

type Document = Readonly<Record<string, unknown>>;

/** Length of the columns in which Casdoor keeps the addresses. */
const longestUrl = 200;

/**
 * Reads the discovery document.
 * @throws ToolboxError that says what of it does not fit, and what to change
 */
export async function discoverProvider(
  { issuer, discoveryUrl, caFile }: ProviderAddress,
  signal?: AbortSignal,
): Promise<ProviderDiscovery> {
  const answer = await sendHttp({ url: discoveryUrl, caFile, signal, timeoutMs: 8000 }).catch((error: unknown) => {
    throw new ToolboxError(`the discovery document at ${discoveryUrl} cannot be read: ${errorText(error)}`, {
      cause: error,
      advice: likelyCause(error),
    });
  });
  const advice = "casdoor.provider.issuer is what stands before /.well-known/openid-configuration at the provider";
  if (answer.status !== 200)
    throw new ToolboxError(`${discoveryUrl} answered ${answer.status}: ${excerpt(answer.body)}`, { advice });
  const document = jsonOf(answer, "the discovery document") as Document;
  if (document["issuer"] !== issuer)
    throw new ToolboxError(`the discovery document names the issuer ${String(document["issuer"])}, not ${issuer}`, {
      advice: "set casdoor.provider.issuer to exactly what it names, or read it by its public name",
    });
  refuseUnusable(document);
  const date = new Date(answer.headers.date ?? "");
  return {
    authorizationUrl: endpointOf(document, "authorization_endpoint"),
    tokenUrl: endpointOf(document, "token_endpoint"),
    userInfoUrl: endpointOf(document, "userinfo_endpoint"),
    scopes: listOf(document, "scopes_supported"),
    challengeMethods: listOf(document, "code_challenge_methods_supported"),
    date: Number.isNaN(date.getTime()) ? undefined : date,
  };
}

function refuseUnusable(document: Document): void {
  const types = listOf(document, "response_types_supported");
  if (types?.includes("code") === false)
    throw new ToolboxError("the provider gives no codes (response_types_supported)", {
      advice: "allow the authorization code flow at the provider",
    });
  const methods = listOf(document, "token_endpoint_auth_methods_supported");
  if (methods?.some((method) => method === "client_secret_basic" || method === "client_secret_post") === false)
    throw new ToolboxError("the provider takes no client secret (token_endpoint_auth_methods_supported)", {
      advice: "Casdoor knows client_secret_basic and client_secret_post: allow one of them at the provider",
    });
}

function endpointOf(document: Document, key: string): string {
  const value = document[key];
  const url = typeof value === "string" ? URL.parse(value) : null;
  if (typeof value !== "string" || url === null)
    throw new ToolboxError(`the discovery document names no ${key}`, { advice: "the provider must have one" });
  if (url.protocol !== "https:")
    throw new ToolboxError(`the ${key} ${value} is not https`, {
      advice: "passwords and codes would be readable on the way: give the provider its public https address",
    });
  if (value.length > longestUrl)
    throw new ToolboxError(`the ${key} has ${value.length} characters, of which Casdoor keeps ${longestUrl}`, {
      advice: "give the provider a shorter address",
    });
  return value;
}

function listOf(document: Document, key: string): readonly string[] | undefined {
  const value = document[key];
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : undefined;
}
