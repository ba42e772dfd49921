import { setTimeout as pause } from "node:timers/promises";
import type { Cluster, KubeKind, KubeObject, ObjectEvent, ObjectQuery } from "../cluster-ports.ts";
import { lineSplitter } from "../line-splitter.ts";
import type { ApiConnection } from "./api-connection.ts";
import { ClusterRefusal, readStatus } from "./cluster-errors.ts";
import type { ClusterLimits } from "./cluster-limits.ts";
import { collectionPath, describeQuery, type KindResource, type Kinds, query, selectors } from "./kinds.ts";
import { unknownKind } from "./object-calls.ts";
import { isGone, type Pages } from "./pages.ts";
import { listedObject } from "./received-object.ts";

interface WatchPorts {
  readonly connection: ApiConnection;
  readonly kinds: Kinds;
  readonly pages: Pages;
  readonly limits: ClusterLimits;
}

/** What is kept of each object that has been handed over, to tell changes from what is known and to tell what has gone. */
interface Known {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly version: string | undefined;
}

interface Watched extends WatchPorts {
  readonly kind: KubeKind;
  readonly wanted: ObjectQuery;
  readonly resource: KindResource;
  readonly known: Map<string, Known>;
  readonly onEvent: (event: ObjectEvent) => void;
  readonly signal: AbortSignal;
}

/** Hands over what is there, then follows it; only what is needed to compare is kept. */
export function watchCall(ports: WatchPorts): Cluster["watch"] {
  return async (kind, wanted, onEvent, { signal, onLost }) => {
    const resource = await ports.kinds.find(kind);
    if (resource === undefined) throw unknownKind(kind, `to watch ${describeQuery(kind, wanted)}`);
    const watched: Watched = { ...ports, kind, wanted, resource, known: new Map(), onEvent, signal };
    const version = await listAnew(watched);
    void follow(watched, version, onLost);
  };
}

/** Lists, tells the differences to what is known, and says which version the list is of. */
async function listAnew(watched: Watched): Promise<string> {
  const { kind, known, onEvent } = watched;
  const { seen, version } = await listWhole(watched);
  for (const [uid, { name, namespace }] of known) {
    if (seen.has(uid)) continue;
    known.delete(uid);
    const metadata = { name, uid, ...(namespace === undefined ? {} : { namespace }) };
    onEvent({ type: "DELETED", object: { ...kind, metadata } });
  }
  return version;
}

interface Listed {
  /** Keys of what is there. */
  readonly seen: ReadonlySet<string>;
  readonly version: string;
}

async function listWhole(watched: Watched): Promise<Listed> {
  for (let begun = 1; ; begun += 1) {
    try {
      return await listOnce(watched);
    } catch (error) {
      if (!isGone(error) || begun >= 5) throw error;
    }
  }
}

async function listOnce(watched: Watched): Promise<Listed> {
  const seen = new Set<string>();
  let version = "";
  for await (const page of watched.pages.each(watched)) {
    version = page.version;
    for (const object of page.items) {
      const key = keyOf(object);
      seen.add(key);
      handOver(watched, watched.known.has(key) ? "MODIFIED" : "ADDED", object);
    }
  }
  return { seen, version };
}

function handOver({ known, onEvent }: Watched, type: ObjectEvent["type"], object: KubeObject): void {
  const key = keyOf(object);
  const { name, namespace, resourceVersion } = object.metadata;
  if (type === "DELETED") known.delete(key);
  else {
    // Listed again, and nothing happened to it in between.
    if (known.get(key)?.version === resourceVersion && resourceVersion !== undefined) return;
    known.set(key, { name, namespace, version: resourceVersion });
  }
  onEvent({ type, object });
}

/** Of two objects of one name, one after the other, each has its own. */
function keyOf({ metadata: { uid, namespace = "", name } }: KubeObject): string {
  return uid ?? `${namespace}/${name}`;
}

/** Until the signal aborts. Never rejects. */
async function follow(watched: Watched, from: string, onLost?: (error: unknown) => void): Promise<void> {
  const { signal, limits } = watched;
  let version: string | undefined = from;
  let failingSince: number | undefined;
  let pauseMs = limits.firstPauseMs;
  let isLost = false;
  const heard = (reached: string): void => {
    version = reached;
    failingSince = undefined;
    pauseMs = limits.firstPauseMs;
    isLost = false;
  };
  while (!signal.aborted) {
    try {
      version ??= await listAnew(watched);
      await watchOnce(watched, version, heard);
    } catch (error) {
      if (aborted(signal)) return;
      if (isGone(error)) version = undefined;
      failingSince ??= performance.now();
      if (!isLost && performance.now() - failingSince >= limits.lostMs) {
        isLost = true;
        onLost?.(error);
      }
      // Not all who lost the same server come back at the same moment.
      await pause(pauseMs * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, limits.lastPauseMs);
    }
  }
}

/** Asked anew: what an await changes, the compiler does not see. */
function aborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

interface WatchLine {
  readonly type: ObjectEvent["type"] | "BOOKMARK" | "ERROR";
  readonly object: KubeObject;
}

/** One request, until the server ends it. Throws when it is not answered, breaks, falls silent, or ends at once. */
async function watchOnce(watched: Watched, version: string, heard: (reached: string) => void): Promise<void> {
  const { kind, wanted, resource, connection, limits, signal } = watched;
  const what = `to watch ${describeQuery(kind, wanted)}`;
  const seconds = Math.ceil(limits.watchMs / 1000);
  const begun = performance.now();
  const answer = await connection.stream({
    what,
    method: "GET",
    path: `${collectionPath(kind, resource, wanted.namespace)}${query({
      ...selectors(wanted),
      ...{ watch: true, resourceVersion: version, allowWatchBookmarks: true, timeoutSeconds: seconds },
    })}`,
    signal,
  });
  let count = 0;
  const lines = lineSplitter((line) => {
    if (line === "") return;
    const { type, object } = JSON.parse(line) as WatchLine;
    count += 1;
    if (type === "ERROR") throw refusedInStream(object, what);
    if (type !== "BOOKMARK") handOver(watched, type, listedObject(object, kind));
    heard(object.metadata.resourceVersion ?? version);
  });
  const silence = setTimeout(
    () => answer.destroy(new Error("nothing came any more")),
    limits.watchMs + limits.connectMs,
  );
  try {
    for await (const chunk of answer) {
      silence.refresh();
      lines.push(chunk as Buffer);
    }
  } finally {
    clearTimeout(silence);
  }
  if (count === 0 && performance.now() - begun < Math.min(1000, limits.watchMs / 2))
    throw new Error(`the server ended at once what it was asked: ${what}`);
}

/** A `Status` in place of an object. */
function refusedInStream(status: object, what: string): ClusterRefusal {
  const { code = 500 } = status as { readonly code?: number };
  return new ClusterRefusal(what, code, readStatus(code, JSON.stringify(status)));
}
