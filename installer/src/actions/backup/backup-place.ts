import { PreflightError } from "../../errors/installer-error.ts";
import type { Plan } from "../../plan/model.ts";

/** Where backups are kept: a directory of this machine, by its absolute path, or a claim of the platform's namespace. */
export type BackupPlace = { readonly directory: string } | { readonly claim: string };

const claimPrefix = "claim:";

/** A place as a person writes it: `claim:NAME`, else a directory. */
export function parsePlace(text: string, toAbsolute: (path: string) => string): BackupPlace {
  return text.startsWith(claimPrefix) ? { claim: text.slice(claimPrefix.length) } : { directory: toAbsolute(text) };
}

export function describePlace(place: BackupPlace): string {
  return "claim" in place ? `the claim ${place.claim}` : place.directory;
}

/** What values have to say of it, in place of what they said. */
export function placeSettings(place: BackupPlace): readonly string[] {
  const { directory = "", claim = "" } = { directory: undefined, claim: undefined, ...place };
  return ["backup.mode=embedded", `backup.directory=${directory}`, `backup.claim=${claim}`];
}

/**
 * Where a platform keeps its backups.
 * @throws PreflightError when it keeps none
 */
export function placeOf({ components }: Plan): BackupPlace {
  for (const { directory, claim } of components.flatMap(({ volumes }) => volumes)) {
    if (directory !== undefined) return { directory };
    if (claim !== undefined) return { claim };
  }
  throw new PreflightError("this platform keeps no backups in a place of its own");
}
