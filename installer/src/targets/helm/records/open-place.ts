import { UsageError } from "../../../errors/installer-error.ts";
import { type StateLayout, stateLayout } from "../../../execute/state/layout.ts";
import { readIdentity } from "../../../execute/state/state-store.ts";
import type { Cluster, ClusterChoice } from "../../../platform/cluster-ports.ts";
import { readCopy, type RecordedPlace } from "./copy-record.ts";
import { guardWrites } from "./guard-writes.ts";
import { createNamespaceRecords, type NamespaceRecords, type RecordsPorts } from "./namespace-records.ts";
import { clusterUid } from "./same-cluster.ts";

/** Which place a command is about. */
export interface PlaceRequest {
  /** Name of the install. */
  readonly name: string;
  /** Without one nothing is recorded. */
  readonly stateDir?: string | undefined;
  /** What the person says now, in values files or by `--set`; not what is recorded. */
  readonly asked: AskedPlace;
}

export interface AskedPlace {
  readonly context?: string | undefined;
  readonly namespace?: string | undefined;
}

/** Where an install is, or a new one will be. */
export interface HelmRoom {
  /** Refuses writes of a run that has lost its lock. */
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly records: NamespaceRecords;
}

/**
 * Finds the place of an install: the recorded one; of a new one what is asked for, else the current context and a namespace of the install's
 * name. The cluster is asked for nothing yet, but where another context is named than the recorded one.
 * @throws UsageError when another place is asked for than the install is in; PreflightError when there is no such context, or the record is
 * damaged
 */
export async function openHelmPlace(
  request: PlaceRequest,
  ports: RecordsPorts,
  connect: (choice: ClusterChoice) => Cluster,
): Promise<HelmRoom> {
  const { name, stateDir, asked } = request;
  const layout = stateDir === undefined ? undefined : stateLayout(stateDir);
  const recorded = layout === undefined ? nowhere : await recordedPlace(layout, ports);
  if (recorded.namespace !== undefined && asked.namespace !== undefined && asked.namespace !== recorded.namespace) {
    throw elsewhere(recorded, `the namespace ${asked.namespace}`, "cluster.namespace");
  }
  const context = asked.context ?? recorded.place?.context;
  const cluster = connect(context === undefined ? {} : { context });
  if (recorded.place !== undefined && asked.context !== undefined && asked.context !== recorded.place.context) {
    await requireOtherName(recorded.place, asked.context, cluster);
  }
  const namespace = recorded.namespace ?? asked.namespace ?? name;
  const records = createNamespaceRecords({ cluster, namespace, install: name }, ports);
  return { cluster: guardWrites(cluster, () => records.requireHeld()), namespace, records };
}

interface Recorded {
  readonly place: RecordedPlace | undefined;
  readonly namespace: string | undefined;
}

const nowhere: Recorded = { place: undefined, namespace: undefined };

async function recordedPlace(layout: StateLayout, { fs }: Pick<RecordsPorts, "fs">): Promise<Recorded> {
  const [copy, identity] = await Promise.all([readCopy(fs, layout), readIdentity(fs, layout)]);
  return { place: copy?.place, namespace: copy?.place.namespace ?? identity?.target.namespace };
}

/** Names of contexts are each machine's own: another name for the same cluster is no other place. */
async function requireOtherName(recorded: RecordedPlace, asked: string, cluster: Cluster): Promise<void> {
  const uid = await clusterUid(cluster);
  const isSame = uid === undefined ? cluster.place().server === recorded.server : uid === recorded.cluster;
  if (!isSame)
    throw elsewhere({ place: recorded, namespace: recorded.namespace }, `the context ${asked}`, "cluster.context");
}

function elsewhere({ place, namespace = "" }: Recorded, asked: string, key: string): UsageError {
  const where = place === undefined ? namespace : `${namespace} of the context ${place.context}`;
  return new UsageError(`this install is in the namespace ${where}, and the values name ${asked}`, {
    hint: `leave ${key} as it was, or give another --name for an install there: one that is installed cannot be moved`,
  });
}
