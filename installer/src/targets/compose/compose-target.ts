import { join } from "node:path";
import type { Docker } from "../../platform/ports.ts";
import type { Target } from "../target.ts";
import type { LiveService } from "../live-platform.ts";
import { engineEndpoint } from "../../platform/docker/engine-endpoint.ts";
import type { ComposePorts } from "./compose-ports.ts";
import { composeFacts } from "./facts.ts";
import { movedData } from "./moved-data.ts";
import { acceptOneHost } from "./one-host.ts";

export const composeKind = "compose";

/** One Docker host: containers made by `docker compose`, started and watched through the engine. Parts are loaded when used. */
export function createComposeTarget(ports: ComposePorts): Target {
  const { docker } = ports;
  const hosts = (): readonly string[] => {
    const endpoint = engineEndpoint(ports.environment);
    return "host" in endpoint ? [endpoint.host] : [];
  };
  return {
    identity: { kind: composeKind },
    isolates: true,
    hosts,
    facts: () => composeFacts(docker),
    dataPlace: async () => (hosts().length > 0 ? undefined : (await docker.info()).dataRoot),
    render: async (plan, facts) => (await import("./rules.ts")).rules.render(plan, facts),
    accept: acceptOneHost,
    impossible: movedData,
    observe: async (install, question) => (await import("./observe.ts")).observeCompose(install, question, ports),
    isAsWanted: async (install, wanted, live) =>
      (await import("./as-wanted.ts")).isAsWanted(install, wanted, live, ports),
    inspectStores: async (install, plan, stores) =>
      (await import("./inspect-stores.ts")).inspectStores(install, plan, stores, ports),
    apply: async (change, io) => (await import("./apply.ts")).applyChange(change, io, ports),
    putNotices: async (install, component, texts) => {
      const [{ writeNotices }, { noticesFolder }] = await Promise.all([
        import("./live-tree.ts"),
        import("../../render/compose/compose-service.ts"),
      ]);
      await writeNotices(ports.fs, join(install.layout.live, noticesFolder(component)), texts);
    },
    runJob: async (install, job, io) => (await import("./run-job.ts")).runRenderedJob(install, job, io, ports),
    exec: async (service, command) => (await import("./attached.ts")).execInContainer(service, command, ports),
    ask: (service, command) => docker.exec(service.id, command),
    copies: async (install) => (await import("./copies.ts")).copiesOf(install, docker),
    askCopies: async (install, component, command) => {
      const { isOurs } = await import("./live-containers.ts");
      const found = (await docker.containers(install.name)).filter(
        (one) => one.service === component && one.state === "running" && isOurs(one),
      );
      return Promise.all(found.map(async ({ id, name }) => ({ name, ...(await docker.exec(id, command)) })));
    },
    openConsole: async (install, run) => (await import("./attached.ts")).runConsole(install, run, ports),
    logs: async (service, { follow, tail, since, onLine }, signal) => {
      const options = { tail, signal, onLine, ...(since === undefined ? {} : { since }) };
      await (follow ? docker.followLogs(service.id, options) : docker.readLogs(service.id, options));
    },
    touch: (verb, service, stopSeconds) => touch(docker, verb, service, stopSeconds),
    watch: async (install, signal) => {
      const { watchHealth } = await import("./health-watch.ts");
      const watch = await watchHealth({ docker, clock: ports.clock }, install.name, signal);
      return {
        serving: async (service, limitSeconds) => {
          await watch.healthy({ id: service.id, service: service.component }, limitSeconds);
        },
        close: () => watch.close(),
      };
    },
    remains: async (install) => (await import("./remove.ts")).composeRemains(install, ports),
    installs: async () => (await import("./installs.ts")).composeInstalls(ports),
    remove: async (install, request, io) => (await import("./remove.ts")).removeCompose(install, request, io, ports),
    keeper: {
      measure: async (install, data) => (await import("./keeper.ts")).measureStores(install, data, ports),
      keep: async (install, data, io) => (await import("./keeper.ts")).keepStores(install, data, io, ports),
      lacks: async (install, data) => (await import("./keeper.ts")).findLacking(install, data, ports),
      putBack: async (install, data, io) => (await import("./keeper.ts")).putStoresBack(install, data, io, ports),
      discard: async (install, plan) => (await import("./keeper.ts")).discardKept(install, plan, ports),
    },
    images: docker,
    checks: async () => (await import("./checks/all.ts")).composeChecks(docker),
  };
}

async function touch(docker: Docker, verb: "stop" | "start" | "restart", service: LiveService, seconds: number) {
  switch (verb) {
    case "stop":
      return docker.stop(service.id, seconds);
    case "start":
      return docker.start(service.id);
    case "restart":
      return docker.restart(service.id, seconds);
  }
}
