import { fieldsOf } from "../language/fields.ts";
import { rightsOf } from "./token-scopes.ts";

/** What a token says of itself. It is not checked, which is the registry's part: it is only read for advice. */
export interface TokenClaims {
  /** Who signed in; empty where nobody did, undefined where it does not say. */
  readonly subject: string | undefined;
  /** `push team/app`. */
  readonly rights: ReadonlySet<string>;
  /** Those that it names, also the ones it gives no right in. */
  readonly repositories: ReadonlySet<string>;
  /** `push team`: what it is good for in every repository of a project. Undefined where it is good for what it names alone. */
  readonly projects?: ReadonlySet<string>;
}

/**
 * Of Harbor's tokens: the subject is left out where the specification has an empty one, and what a token says of one
 * repository its core takes as said of the whole project (since Harbor 2.0).
 */
const harbor = "harbor-token-issuer";

/**
 * Reads a JSON Web Token of the distribution project's form. Undefined where it is another kind of token: many mean something
 * to the registry alone.
 */
export function readClaims(token: string): TokenClaims | undefined {
  const parts = token.split(".");
  if (parts.length !== 3) return undefined;
  try {
    const fields = fieldsOf(JSON.parse(Buffer.from(parts[1] ?? "", "base64url").toString("utf8")));
    const { access, iss, sub } = fields;
    if (!Array.isArray(access)) return undefined;
    const entries = access.map(readEntry);
    const rights = entries.flatMap(({ name, actions }) => actions.map((action) => `${action} ${name}`));
    return {
      subject: typeof sub === "string" ? sub : iss === harbor ? "" : undefined,
      rights: new Set(rights),
      ...(iss === harbor ? { projects: new Set(rights.map(inProject)) } : {}),
      repositories: new Set(entries.map(({ name }) => name)),
    };
  } catch {
    return undefined;
  }
}

/** Whether a token with these claims is good for the scopes. */
export function grants({ rights, projects }: TokenClaims, scopes: readonly string[]): boolean {
  const has = (right: string): boolean => rights.has(right) || projects?.has(inProject(right)) === true;
  return rightsOf(scopes).every((right) => has(right) || has(right.replace(/^\w+/, "*")));
}

/** `push team` of `push team/app`. */
export function inProject(right: string): string {
  return right.split("/", 1)[0] ?? "";
}

/** @throws TypeError where it is not of the specification's form */
function readEntry(value: unknown): { readonly name: string; readonly actions: readonly string[] } {
  const { name, actions } = fieldsOf(value);
  // A list of Go that is empty may be null.
  const list: unknown = actions ?? [];
  if (typeof name !== "string" || !Array.isArray(list)) throw new TypeError("not an entry of a token");
  return { name, actions: list.filter((action) => typeof action === "string") };
}
