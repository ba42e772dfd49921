import { type OpenedBundle, openBundle } from "../../bundle/open-bundle.ts";
import type { ActionPorts } from "../context.ts";
import { readTrustedKeys } from "./trusted-keys.ts";

/** A bundle as it is named on a command line. */
export interface GivenBundle {
  /** Absolute paths: the bundle, its header when it is split; a delta first and what it builds on after it. */
  readonly paths: readonly string[];
  /** Folders in which parts are looked for, too. */
  readonly partFolders?: readonly string[];
  /** Public keys; the recorded ones without any. */
  readonly keyFiles: readonly string[];
  readonly allowUnsigned: boolean;
}

/**
 * Opens a bundle with the keys that are trusted here; trust and structure are checked when this returns.
 * @throws BundleError, UsageError
 */
export async function openGivenBundle(
  given: GivenBundle,
  ports: Pick<ActionPorts, "fs" | "host" | "environment" | "bulkFiles" | "hashing" | "signal">,
): Promise<OpenedBundle> {
  return openBundle(
    {
      paths: given.paths,
      partFolders: given.partFolders ?? [],
      trustedKeys: await readTrustedKeys(given, ports),
      allowUnsigned: given.allowUnsigned,
    },
    ports,
  );
}
