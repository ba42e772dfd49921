import { PreflightError } from "../../errors/installer-error.ts";

/**
 * A record of the state directory as JSON.
 * @throws PreflightError when it is not whole, or a newer version of Slipway wrote it
 */
export function parseRecord(path: string, text: string, newest: string): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw damaged(path, "it is not JSON", error);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw damaged(path, "it is not a JSON object");
  const record = parsed as Readonly<Record<string, unknown>>;
  const { apiVersion } = record;
  if (typeof apiVersion === "string" && versionOf(apiVersion) > versionOf(newest)) {
    throw new PreflightError(`${path} has version ${apiVersion}, and this version of slipway reads ${newest}`, {
      hint: "use the version of slipway that wrote it, or a newer one; nothing was changed",
    });
  }
  return record;
}

/** The error for a record that cannot be used. */
export function damaged(path: string, why: string, cause?: unknown): PreflightError {
  return new PreflightError(`${path} is damaged: ${why}`, {
    hint: "put it back from a backup of the state directory; nothing was changed, and what runs goes on running",
    cause,
  });
}

/** `slipway/v2` is 2; any other form counts as newer. */
function versionOf(apiVersion: string): number {
  const found = /^slipway\/v(\d+)$/.exec(apiVersion)?.[1];
  return found === undefined ? Infinity : Number(found);
}
