import type { KubeKind, KubeObject, ObjectQuery } from "../cluster-ports.ts";
import type { ApiConnection } from "./api-connection.ts";
import { ClusterRefusal } from "./cluster-errors.ts";
import type { ClusterLimits } from "./cluster-limits.ts";
import { collectionPath, describeQuery, type Kinds, type KindResource, query, selectors } from "./kinds.ts";
import { listedObject } from "./received-object.ts";

export interface Page {
  readonly items: readonly KubeObject[];
  /** Of the whole list: where a watch goes on. */
  readonly version: string;
}

export interface Pages {
  /** Nothing where the server does not have the kind. */
  all(
    kind: KubeKind,
    wanted: ObjectQuery,
    options?: { readonly metadataOnly?: boolean },
  ): Promise<readonly KubeObject[]>;
  /** One page after the other. Throws ClusterRefusal with status 410 when the rest is gone by now: begin anew. */
  each(listing: Listing): AsyncGenerator<Page, void, undefined>;
}

export interface Listing {
  readonly kind: KubeKind;
  readonly wanted: ObjectQuery;
  readonly resource: KindResource;
  readonly metadataOnly?: boolean;
  readonly signal?: AbortSignal;
}

interface ListAnswer {
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items: readonly KubeObject[] | null;
}

const metadataList = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

export function createPages(connection: ApiConnection, kinds: Kinds, { pageSize }: ClusterLimits): Pages {
  const pages: Pages = {
    all: async (kind, wanted, options) => {
      const resource = await kinds.find(kind);
      if (resource === undefined) return [];
      for (let begun = 1; ; begun += 1) {
        const found: KubeObject[] = [];
        try {
          for await (const { items } of pages.each({ kind, wanted, resource, ...options })) found.push(...items);
          return found;
        } catch (error) {
          if (isGone(error) && begun < 5) continue;
          // It was there when it was asked for and has been taken away since.
          if (error instanceof ClusterRefusal && error.status === 404) return [];
          throw error;
        }
      }
    },
    each: async function* ({ kind, wanted, resource, metadataOnly, signal }) {
      let rest: string | undefined;
      do {
        const parameters = { ...selectors(wanted), limit: pageSize, continue: rest };
        const answer: ListAnswer = await connection.json<ListAnswer>({
          what: `to list ${describeQuery(kind, wanted)}`,
          method: "GET",
          path: `${collectionPath(kind, resource, wanted.namespace)}${query(parameters)}`,
          ...(metadataOnly === true ? { accept: metadataList } : {}),
          signal,
        });
        const items = (answer.items ?? []).map((item) => listedObject(item, kind));
        yield { items, version: answer.metadata.resourceVersion ?? "" };
        rest = answer.metadata.continue === "" ? undefined : answer.metadata.continue;
      } while (rest !== undefined);
    },
  };
  return pages;
}

/** What was asked for is too old for the server by now. */
export function isGone(error: unknown): boolean {
  return (
    error instanceof ClusterRefusal && (error.status === 410 || error.reason === "Expired" || error.reason === "Gone")
  );
}
