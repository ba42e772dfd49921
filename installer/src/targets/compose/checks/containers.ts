import type { CheckFinding } from "../../check.ts";
import type { LiveService } from "../../live-platform.ts";
import type { ComposeCheck, ComposeCheckContext } from "./compose-check.ts";

const recentMs = 3_600_000;

function servicesOf({ live }: ComposeCheckContext): readonly LiveService[] {
  return [...(live?.services.values() ?? [])];
}

/** The engine counts how often it started a container again by itself. */
export const restarts: ComposeCheck = {
  id: "live.restarts",
  title: "no component was started again within the last hour",
  why: "one that ends again and again looks healthy in between, and serves nobody meanwhile",
  severity: "warning",
  run: async (context) => {
    const now = context.clock.now().getTime();
    const found = await Promise.all(
      servicesOf(context).map(async ({ component, id }): Promise<readonly CheckFinding[]> => {
        // One that is gone by now is told by its health.
        const state = await context.docker.inspect(id).catch(() => undefined);
        const at = Date.parse(state?.startedAt ?? "");
        if (state === undefined || (state.restarts ?? 0) === 0 || !(now - at < recentMs)) return [];
        return [
          {
            component,
            message: `it ended and was started again ${state.restarts} times, last at ${state.startedAt ?? ""}`,
            remedy: `slipway logs ${component} shows what it said before it ended`,
          },
        ];
      }),
    );
    return found.flat();
  },
};

/** Where the kernel counts for a container: cgroup v2 and v1, made by systemd or by the engine itself. */
function countersOf(id: string): readonly string[] {
  const scopes = [`system.slice/docker-${id}.scope`, `docker/${id}`];
  return scopes.flatMap((scope) => [
    `/sys/fs/cgroup/${scope}/memory.events`,
    `/sys/fs/cgroup/memory/${scope}/memory.oom_control`,
  ]);
}

/** A server whose workers are ended goes on; only its kernel's counter tells. */
export const memoryKills: ComposeCheck = {
  id: "live.memory-kills",
  title: "the kernel ended no process of a component for lack of memory",
  why: "a server goes on when one of its workers is ended, and what people did with it fails now and then",
  severity: "warning",
  run: async (context) => {
    const found = await Promise.all(
      servicesOf(context).map(async ({ component, id }): Promise<readonly CheckFinding[]> => {
        const texts = await Promise.all(
          countersOf(id).map((path) => context.fs.readTextIfPresent(path).catch(() => undefined)),
        );
        const kills = Math.max(0, ...texts.map((text) => Number(/^oom_kill (\d+)$/m.exec(text ?? "")?.[1] ?? 0)));
        if (kills === 0) return [];
        return [
          {
            component,
            message: `the kernel ended ${kills === 1 ? "one of its processes" : `${kills} of its processes`} since it started: it used more memory than its limit`,
            remedy: "raise its resources.memory in the values",
          },
        ];
      }),
    );
    return found.flat();
  },
};

/** What an engine was cleaned of: nobody runs the image of a job in between. */
export const imagesKept: ComposeCheck = {
  id: "live.images",
  title: "the engine still has every image of the platform",
  why: "a clean-up takes the images of jobs, which no container uses in between: the next backup or restart fails",
  severity: "warning",
  run: async ({ live, install, engine, docker }) => {
    const units = install?.applied.units ?? [];
    if (live === undefined || !engine.reachable || units.length === 0) return [];
    const users = new Map<string, string[]>();
    for (const { image, id } of units) users.set(image, [...(users.get(image) ?? []), id]);
    const present = await docker.imageIds([...users.keys()]);
    return [...users]
      .filter(([image]) => !present.has(image))
      .map(([image, ids]) => ({
        message: `the image ${image} is gone, and ${ids.join(", ")} cannot be started from it`,
        remedy: "slipway install has it again; docker system prune --all takes what no container uses just then",
      }));
  },
};

export const imageTags: ComposeCheck = {
  id: "live.image-tags",
  title: "the names of images stand for what runs",
  why: "a name that was given to another image brings that into the platform at the next change, unasked",
  severity: "warning",
  run: async (context) => {
    const { engine, docker } = context;
    const services = servicesOf(context);
    if (!engine.reachable || services.length === 0) return [];
    const ids = await docker.imageIds([...new Set(services.map(({ image }) => image))]);
    return services.flatMap(({ component, image, imageId }) => {
      const now = ids.get(image);
      if (now === undefined || now === imageId) return [];
      return [
        {
          component,
          message: `${image} is another image by now than the one that runs`,
          remedy: "slipway plan shows what would change; slipway install starts the component from it",
        },
      ];
    });
  },
};
