import { describe, expect, it } from "vitest";
import { createMemoryFileSystem, createSeededRandom } from "../../../test/support/memory-ports.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import type { Install } from "../../execute/state/install.ts";
import type { Exec } from "../../platform/ports.ts";
import type { AttachOptions } from "../../platform/terminal.ts";
import type { LiveService } from "../live-platform.ts";
import { execInContainer, runConsole } from "./attached.ts";

const service = { component: "app", id: "abc123" } as LiveService;
const install = { name: "p", layout: stateLayout("/state") } as Install;

/** Ports whose terminal only writes down what it is asked to run. */
function world({ interactive = false, config = "{}", refuses = false } = {}) {
  const calls: { readonly words: string; readonly options: AttachOptions }[] = [];
  const commands: (readonly string[])[] = [];
  const exec: Exec = {
    run: (command, args) => {
      commands.push([command, ...args]);
      if (refuses) return Promise.reject(new Error("no shell there"));
      return Promise.resolve({ exitCode: 0, stdout: "", stderr: "" });
    },
  };
  const terminal = {
    isInteractive: () => interactive,
    run: (command: string, args: readonly string[], options: AttachOptions = {}) => {
      calls.push({ words: [command, ...args].join(" "), options });
      return Promise.resolve(5);
    },
  };
  const fs = createMemoryFileSystem({ "/home/ann/.docker/config.json": config });
  const environment = { HOME: "/home/ann" };
  const ports = { terminal, exec, fs, environment, random: createSeededRandom() };
  return { calls, commands, ports: ports as unknown as Parameters<typeof runConsole>[2] };
}

describe("a program in a container", () => {
  it("has the terminal where a person sits, and its status is ours", async () => {
    const { calls, ports } = world({ interactive: true });

    expect(await execInContainer(service, ["ls", "-l"], ports)).toBe(5);
    expect(calls).toEqual([{ words: "docker exec --interactive --tty abc123 ls -l", options: {} }]);
  });

  it("without one is found again by a mark, when a signal is for it", async () => {
    const { calls, commands, ports } = world();
    await execInContainer(service, ["sleep", "9"], ports);
    const [call] = calls;
    const mark = /--env SLIPWAY_RUN=(\w+) abc123 sleep 9$/.exec(call?.words ?? "")?.[1];
    call?.options.onSignal?.("SIGINT", () => {
      throw new Error("the docker program is not to be ended");
    });

    expect(call?.words).not.toContain("--tty");
    expect(commands.map((words) => words.toSpliced(5, 1, "SCRIPT"))).toEqual([
      ["docker", "exec", "abc123", "sh", "-c", "SCRIPT", "sh", mark, "INT"],
    ]);
  });

  it("that no signal can be brought to is left, rather than waited for", async () => {
    const { calls, ports } = world({ refuses: true });
    await execInContainer(service, ["/pause"], ports);

    await new Promise<void>((resolve) => calls[0]?.options.onSignal?.("SIGTERM", resolve));
  });
});

describe("a console", () => {
  const run = { job: "db-console", args: ["admin", "-c", "select 1"] };

  it("runs in a container of its own from the live files, labelled as in use", async () => {
    const { calls, ports } = world({ interactive: true });

    expect(await runConsole(install, run, ports)).toBe(5);
    expect(calls[0]?.words).toBe(
      "docker compose --project-name p --file /state/live/compose.yaml --profile jobs --progress quiet run --rm --no-deps --label dev.slipway.role=console db-console admin -c select 1",
    );
  });

  it("gets no terminal where a file stands for one", async () => {
    const { calls, ports } = world({ interactive: true });
    await runConsole(install, { ...run, input: "/tmp/a" }, ports);

    expect(calls[0]?.words).toContain(" --no-TTY db-console ");
    expect(calls[0]?.options).toEqual({ input: "/tmp/a" });
  });

  it("has no proxies of the user's configuration", async () => {
    const config = JSON.stringify({ proxies: { default: { httpProxy: "http://p:3128" } } });
    const { calls, ports } = world({ config });
    await runConsole(install, run, ports);

    expect(calls[0]?.words).toContain(" --env HTTP_PROXY= --env http_proxy= ");
  });
});
