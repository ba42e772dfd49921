/** What a registry wants to see: RFC 9110, section 11.6.1; the bearer form is that of the distribution project. */
export type Challenge =
  | { readonly scheme: "basic" }
  | {
      readonly scheme: "bearer";
      readonly realm: string;
      readonly service: string | undefined;
      /** What was wrong with the token that was shown: `invalid_token`, `insufficient_scope`. */
      readonly error: string | undefined;
    };

/** Reads WWW-Authenticate; bearer wins where several are offered. Undefined when none is understood. */
export function parseChallenge(header: string): Challenge | undefined {
  if (header.length > 4096) return undefined;
  let basic = false;
  let scheme = "";
  const bearer = new Map<string, string>();
  // A word is a scheme, unless an equals sign makes it the name of a parameter of the last one.
  const pattern = /([A-Za-z][A-Za-z0-9_-]*)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?\s*,?/g;
  for (const [, word = "", quoted, bare] of header.matchAll(pattern)) {
    const value = quoted?.replace(/\\(.)/g, "$1") ?? bare;
    if (value === undefined) {
      scheme = word.toLowerCase();
      basic ||= scheme === "basic";
    } else if (scheme === "bearer" && !bearer.has(word.toLowerCase())) {
      bearer.set(word.toLowerCase(), value);
    }
  }
  const realm = bearer.get("realm");
  if (realm !== undefined) {
    return { scheme: "bearer", realm, service: bearer.get("service"), error: bearer.get("error") };
  }
  return basic ? { scheme: "basic" } : undefined;
}
