import { RegistryError } from "../errors/installer-error.ts";
import type { Credentials } from "./credentials.ts";
import type { Refusal } from "./refusal.ts";
import { SignInError } from "./registry-errors.ts";

/** User and password, or a stored token, were refused, or there are none. */
export function signInRefused(host: string, credentials: Credentials | undefined, cause?: Refusal): RegistryError {
  if (credentials === undefined) {
    return new RegistryError(`${host} asks for a user and password`, {
      cause,
      hint: `run docker login ${host}, or give --username and --password-file`,
    });
  }
  const who = credentials.kind === "password" ? `user ${credentials.username}` : "stored token";
  return new SignInError(`${host} does not accept the ${who}: the password is wrong or the account is locked`, {
    cause,
    hint: `run docker login ${host} again, or give --username and --password-file; on Harbor robot accounts expire and their names start with robot$, and single sign-on users take the CLI secret of their user profile`,
  });
}

/** Nothing is known of user and password, and they are not shown to find out. */
export function failsToSignIn(host: string): RegistryError {
  return new RegistryError(
    `${host} keeps failing when it is given user and password, so it is not known whether they are right`,
    {
      hint: "look at its logs, then run the same command again; a password that may be wrong is not sent more than twice, so that no account is locked",
    },
  );
}
