import type { Cluster } from "../../../platform/cluster-ports.ts";

/** The cluster, which refuses every change once another run has taken over the lock: it might undo what that one does. */
export function guardWrites(cluster: Cluster, requireHeld: () => Promise<void>): Cluster {
  const held = async <T>(write: () => Promise<T>): Promise<T> => {
    await requireHeld();
    return write();
  };
  return {
    place: () => cluster.place(),
    version: () => cluster.version(),
    knows: (kind) => cluster.knows(kind),
    get: (ref) => cluster.get(ref),
    list: (kind, query) => cluster.list(kind, query),
    listMetadata: (kind, query) => cluster.listMetadata(kind, query),
    apply: (object, options) => held(() => cluster.apply(object, options)),
    create: (object, options) => held(() => cluster.create(object, options)),
    replace: (object) => held(() => cluster.replace(object)),
    merge: (ref, patch, options) => held(() => cluster.merge(ref, patch, options)),
    remove: (ref, options) => held(() => cluster.remove(ref, options)),
    watch: (kind, query, onEvent, options) => cluster.watch(kind, query, onEvent, options),
    logs: (container, options) => cluster.logs(container, options),
    readLogs: (container, options) => cluster.readLogs(container, options),
    followLogs: (container, options) => cluster.followLogs(container, options),
    exec: (container, command, streams, signal) => cluster.exec(container, command, streams, signal),
    attach: (container, streams, signal) => cluster.attach(container, streams, signal),
    close: () => cluster.close(),
  };
}
