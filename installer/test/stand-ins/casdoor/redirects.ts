import type { Application } from "./records.ts";

/** Whether Casdoor would send a code there: the loopback names always, else an address the application lists. */
export function isRedirectAllowed(application: Application, redirectUri: string): boolean {
  const target = parsed(redirectUri);
  if (target !== undefined && isAlwaysAllowed(target)) return true;
  return (application.redirectUris ?? []).some((listed) => matches(redirectUri, target, listed));
}

/** Addresses of this machine, and of Casdoor's own programs. */
export function isAlwaysAllowed(url: URL): boolean {
  const origin = `${url.protocol}//${url.hostname}`;
  return (
    ["http://localhost", "https://localhost", "http://127.0.0.1", "http://casdoor-authenticator"].includes(origin) ||
    url.hostname.endsWith(".chromiumapp.org")
  );
}

function matches(redirectUri: string, target: URL | undefined, listed: string): boolean {
  if (listed === "") return false;
  if (redirectUri === listed) return true;
  const pattern = parsed(listed);
  if (target === undefined || pattern === undefined) return false;
  return (
    target.protocol === pattern.protocol &&
    target.port === pattern.port &&
    (target.hostname === pattern.hostname || target.hostname.endsWith(`.${pattern.hostname}`)) &&
    target.pathname === pattern.pathname
  );
}

function parsed(text: string): URL | undefined {
  try {
    const url = new URL(text);
    return url.host === "" ? undefined : url;
  } catch {
    return undefined;
  }
}
