import type { RegistryClient } from "../registry-client.ts";
import type { WorkQueue } from "./work-queue.ts";

/** What is known of the target's repositories, learned with as few questions as there can be. */
export interface TargetKnowledge {
  /** Whether the repository did not exist when it was looked at, so that nothing in it need be asked for. */
  isNew(repository: string): Promise<boolean>;
  /** Whether the repository has the blob, as part of an image that is there. */
  holds(repository: string, digest: string): boolean;
  /** A repository that has the blob. */
  holderOf(digest: string): string | undefined;
  noteExisting(repository: string): void;
  noteAbsent(repository: string): void;
  noteHolder(repository: string, digest: string): void;
}

/** Starts with nothing known. */
export function createTargetKnowledge(client: RegistryClient, queue: WorkQueue): TargetKnowledge {
  const news = new Map<string, Promise<boolean>>();
  const holders = new Map<string, Set<string>>();

  async function ask(repository: string): Promise<boolean> {
    try {
      const tags = await queue.run({ rank: 0, weight: 0 }, () => client.tags(repository));
      return tags.length === 0;
    } catch {
      // Who may push need not be allowed to list: then each blob is asked for.
      return false;
    }
  }

  return {
    isNew: (repository) => {
      const known = news.get(repository) ?? ask(repository);
      news.set(repository, known);
      return known;
    },
    holds: (repository, digest) => holders.get(digest)?.has(repository) === true,
    holderOf: (digest) => holders.get(digest)?.values().next().value,
    noteExisting: (repository) => void news.set(repository, Promise.resolve(false)),
    noteAbsent: (repository) => void news.set(repository, Promise.resolve(true)),
    noteHolder: (repository, digest) => {
      const repositories = holders.get(digest) ?? new Set<string>();
      holders.set(digest, repositories.add(repository));
    },
  };
}
