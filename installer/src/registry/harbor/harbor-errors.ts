import { InstallerError, RegistryError } from "../../errors/installer-error.ts";
import { Refusal } from "../refusal.ts";
import { explainFailure, refusedBehind } from "../registry-errors.ts";

/** What was asked of Harbor, for the message. */
export interface HarborErrand {
  readonly host: string;
  /** `making the project ai-infra`. */
  readonly what: string;
  /** Name of the user or robot account. */
  readonly user: string | undefined;
  /** What it takes to be allowed this: `a project administrator of ai-infra`. */
  readonly needs: string;
  /** It changes something, and so was sent once: after a lost answer it may have been done. */
  readonly once?: boolean;
}

/** What Harbor's API answered, or why it did not, as an error that says what to do. */
export function explainHarbor(error: unknown, errand: HarborErrand): Error {
  if (error instanceof InstallerError) return error;
  const { host, what, user, needs, once = false } = errand;
  if (!(error instanceof Refusal)) {
    return explainFailure(error, {
      host,
      object: what,
      repository: host,
      action: "read",
      signedIn: user !== undefined,
      once,
    });
  }
  const who = user ?? "nobody";
  const details = error.reported.map(({ code, message }) => `Harbor says: ${code}: ${message}`);
  const refuse = (problem: string, hint: string): RegistryError =>
    new RegistryError(`${what} on ${host}: ${problem}`, { cause: error, hint, details });
  if (error.isReadOnly()) return readOnlyError(host, error, details);
  switch (error.status) {
    case 401:
      return refuse(
        `Harbor does not know ${who} by this password (401)`,
        `run docker login ${host} again, or give --username and --password-file; robot accounts expire, and their names begin with robot$ or what Harbor is set to`,
      );
    case 403:
      return refuse(`${who} may not do this (403)`, `it takes ${needs}`);
    case 404:
      return refuse(
        "Harbor does not have it (404)",
        "check the name of the project; it may have been removed meanwhile",
      );
    case 409:
      return refuse("there is one of that name already (409)", "choose another name, or remove the one that is there");
    case 412:
      return refuse("something there does not allow it (412)", "see what Harbor says, and change that first");
    default:
      return error.status >= 500
        ? refuse(once ? `Harbor failed (${error.status})` : `Harbor keeps failing (${error.status})`, failingHint(once))
        : refuse(`Harbor refuses (${error.status})`, "see what it says");
  }
}

function failingHint(once: boolean): string {
  const logs = "look at the logs of its core service";
  return once
    ? `it was not asked again, so that nothing is made twice: ${logs}, then run the same command again`
    : `${logs}, then run the same command again`;
}

/** The whole of Harbor accepts no writes: an administrator's setting, or a garbage collection of old versions. */
export function readOnlyError(host: string, cause?: unknown, details: readonly string[] = []): RegistryError {
  return new RegistryError(readOnlyMessage(host), {
    cause,
    details,
    hint: readOnlyRemedy,
  });
}

export function readOnlyMessage(host: string): string {
  return `Harbor on ${host} is in read-only mode: nothing can be pushed`;
}

export const readOnlyRemedy =
  "have an administrator switch it off (Configuration, System Settings, Repository Read Only), then run the same command again";

/** A project that is there, and is closed to a user who is no member of it. */
export function notAMember(host: string, user: string | undefined, project: string): RegistryError {
  return new RegistryError(`looking at the project ${project} on ${host}: ${user ?? "nobody"} may not do this (403)`, {
    hint: `it takes a member of ${project}; to push, one with the role developer or higher`,
  });
}

/** Harbor answers, and no image can be pushed: said before a project is made that would stay empty. */
export function explainBlocked(reason: Error, host: string, missing: readonly string[]): RegistryError {
  const refusal = refusedBehind(reason)?.refusal;
  const hint = reason instanceof InstallerError ? reason.hint : undefined;
  const isTold = refusal === undefined || refusal.status < 500;
  return new RegistryError(reason.message, {
    cause: reason,
    details: [
      `Harbor on ${host} answers; the project ${missing.join(", ")} is not there, and was not made`,
      ...(reason instanceof InstallerError ? reason.details : []),
    ],
    hint: isTold
      ? hint
      : "look at the logs of Harbor's core service and of the proxy before it, then run the same command again",
  });
}

/** An image that was refused for want of a right, by a Harbor that knows the user and has the project. */
export function explainRights(
  error: Error,
  { host, user }: Pick<HarborErrand, "host" | "user">,
  project: string,
): Error {
  const refused = refusedBehind(error);
  if (refused?.errand.host !== host || refused.errand.action !== "write") return error;
  const { refusal } = refused;
  if (!refusal.isAboutRights()) return error;
  return new RegistryError(
    `${user ?? "nobody"} may not push to the project ${project} on ${host} (${refusal.status})`,
    {
      cause: error,
      hint: `it takes the role developer or higher in ${project}; of a robot account, the right to push to its repositories`,
      details: refusal.reported.map(({ code, message }) => `Harbor says: ${code}: ${message}`),
    },
  );
}
