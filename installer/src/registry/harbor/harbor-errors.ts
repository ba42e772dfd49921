import { InstallerError, RegistryError } from "../../errors/installer-error.ts";
import { Refusal } from "../refusal.ts";
import { explainFailure } from "../registry-errors.ts";

/** What was asked of Harbor, for the message. */
export interface HarborErrand {
  readonly host: string;
  /** `making the project ai-infra`. */
  readonly what: string;
  /** Name of the user or robot account. */
  readonly user: string | undefined;
  /** What it takes to be allowed this: `a project administrator of ai-infra`. */
  readonly needs: string;
}

/** What Harbor's API answered, or why it did not, as an error that says what to do. */
export function explainHarbor(error: unknown, errand: HarborErrand): Error {
  if (error instanceof InstallerError) return error;
  const { host, what, user, needs } = errand;
  if (!(error instanceof Refusal)) {
    return explainFailure(error, {
      host,
      object: what,
      repository: host,
      action: "read",
      signedIn: user !== undefined,
    });
  }
  const who = user ?? "nobody";
  const details = error.reported.map(({ code, message }) => `Harbor says: ${code}: ${message}`);
  const refuse = (problem: string, hint: string): RegistryError =>
    new RegistryError(`${what} on ${host}: ${problem}`, { cause: error, hint, details });
  if (/read.?only/i.test(error.words)) return readOnlyError(host, error, details);
  switch (error.status) {
    case 401:
      return refuse(
        `Harbor does not know ${who} by this password (401)`,
        `run docker login ${host} again, or give --username and --password-file; robot accounts expire, and their names start with robot$`,
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
      return refuse(
        error.status >= 500 ? `Harbor keeps failing (${error.status})` : `Harbor refuses (${error.status})`,
        error.status >= 500
          ? "look at the logs of its core service, then run the same command again"
          : "see what it says",
      );
  }
}

/** The whole of Harbor accepts no writes: an administrator's setting, or a garbage collection of old versions. */
export function readOnlyError(host: string, cause?: unknown, details: readonly string[] = []): RegistryError {
  return new RegistryError(`Harbor on ${host} is in read-only mode: nothing can be pushed`, {
    cause,
    details,
    hint: readOnlyRemedy,
  });
}

export const readOnlyRemedy =
  "have an administrator switch it off (Configuration, System Settings, Repository Read Only), then run the same command again";
