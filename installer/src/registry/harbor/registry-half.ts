import type { RegistryClient } from "../registry-client.ts";

/** What a Harbor's registry half is asked, by tokens: with them no password is looked at for each question. */
export interface RegistryHalf extends Pick<RegistryClient, "hasBlob" | "isGranted"> {
  /** Told of repositories that will be read besides those that are pushed to. */
  alsoRead(repositories: readonly string[]): void;
  /** Told where a blob was found: it is mounted from there. */
  found(repository: string, digest: string): void;
}
