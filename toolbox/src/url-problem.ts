/** What is wrong with a URL of one of these protocols; `bare` allows nothing behind the host and port. Undefined: nothing. */
export function urlProblem(value: unknown, protocols: readonly string[], bare: boolean): string | undefined {
  const parsed = typeof value === "string" ? URL.parse(value) : null;
  if (parsed === null || !protocols.includes(parsed.protocol)) {
    return `must be a URL beginning with ${protocols.map((protocol) => `${protocol}//`).join(" or ")}`;
  }
  if (parsed.username !== "" || parsed.password !== "") {
    return "must not hold a user or password, these have fields of their own";
  }
  if (bare && (parsed.pathname.length > 1 || parsed.search !== "" || parsed.hash !== "")) {
    return "must end after host and port, without a path";
  }
  return undefined;
}
