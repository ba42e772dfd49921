import type { Target } from "../target.ts";
import { immutableChanges } from "../../render/helm/immutable-changes.ts";
import { openingsOf } from "../../render/helm/openings.ts";
import type { HelmPorts } from "./helm-ports.ts";
import { acceptPlaces } from "./own-places.ts";
import { withRightsTold } from "./records/rights-told.ts";

export const helmKind = "helm";

/** A namespace of a Kubernetes cluster: one release of the chart, applied by helm and watched through the API. Parts are loaded when used. */
export function createHelmTarget(ports: HelmPorts): Target {
  const { cluster, place, records } = ports;
  return {
    render: async (plan, facts) => (await import("./rules.ts")).rules.render(plan, facts),
    accept: acceptPlaces,
    openings: openingsOf,
    impossible: immutableChanges,
    identity: { kind: helmKind, namespace: place.namespace },
    isolates: false,
    unattended: async () => (await import("./unattended.ts")).unattendedEnvironment(ports),
    ...(records !== undefined && { records: withRightsTold(records, ports) }),
    hosts: () => [new URL(cluster.place().server).hostname],
    facts: async () => (await import("./facts.ts")).clusterFacts(cluster),
    dataPlace: () => Promise.resolve(undefined),
    observe: async (install, question) => (await import("./observe.ts")).observeCluster(install, question, ports),
    isAsWanted: async (install, wanted, live) =>
      (await import("./as-wanted.ts")).isAsWanted(install, wanted, live, ports),
    inspectStores: async (install, plan, stores) =>
      (await import("./inspect-stores.ts")).inspectStores(install, plan, stores, ports),
    rehearse: async (install, change) => (await import("./rehearse.ts")).rehearseRelease(install, change, ports),
    apply: async (change, io) => (await import("./apply.ts")).applyRelease(change, io, ports),
    putNotices: async (install, component, texts) =>
      (await import("./notices.ts")).putNotices(ports, install.name, component, texts),
    runJob: async (install, job, io) => (await import("./run-job.ts")).runReleaseJob(install, job, io, ports),
    exec: async (service, command) => (await import("./attached.ts")).execInPod(service, command, ports),
    ask: async (service, command) => (await import("./attached.ts")).askInPod(service, command, ports),
    copies: async (install) => (await import("./copies.ts")).copiesOf(install, ports),
    askCopies: async (install, component, command) =>
      (await import("./attached.ts")).askPods(install.name, component, command, ports),
    openConsole: async (install, run) => (await import("./attached.ts")).runConsole(install, run, ports),
    logs: async (service, options, signal) => (await import("./logs.ts")).readLogs(service, options, signal, ports),
    touch: async (verb, service) => (await import("./touch.ts")).touchWorkload(cluster, place, verb, service),
    watch: async (install, signal) => (await import("./service-watch.ts")).watchServices(install.name, ports, signal),
    remains: async (install) => (await import("./remove.ts")).clusterRemains(install, ports),
    installs: async () => (await import("./installs.ts")).clusterInstalls(cluster, place),
    remove: async (install, request, io) => (await import("./remove.ts")).removeRelease(install, request, io, ports),
    logNodesIn: async (plan, login) => (await import("./pull-secret.ts")).logNodesIn(cluster, place, plan, login),
    checks: async () => (await import("./checks/all.ts")).clusterChecks(ports),
  };
}
