import { spawn } from "node:child_process";
import { childEnvironment, findProgram } from "./exec.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The browser of the person at this machine. */
export interface Browser {
  /** Hands an address to it; false where there is no screen, no browser, or it could not be opened. */
  open(url: string): Promise<boolean>;
}

/** What says where the screen is, and which browser is meant. */
const screenVariables = ["DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS", "BROWSER"] as const;

/** A program that has not failed by then has found its browser; some go on for as long as that is open. */
const graceMs = 3000;

/** The browser that the desktop opens addresses with. */
export function createBrowser(env: Environment, system: NodeJS.Platform = process.platform): Browser {
  return {
    open: async (url) => {
      const program = system === "darwin" ? "open" : "xdg-open";
      const hasScreen =
        system === "darwin" || [env["DISPLAY"], env["WAYLAND_DISPLAY"]].some((name) => (name ?? "") !== "");
      if (!hasScreen || findProgram(program, env["PATH"]) === undefined) return false;
      return start(program, url, env);
    },
  };
}

/** It outlives this program, and writes nothing between its lines. */
function start(program: string, url: string, env: Environment): Promise<boolean> {
  const screen = Object.fromEntries(screenVariables.map((name) => [name, env[name]]));
  const child = spawn(program, [url], {
    detached: true,
    stdio: "ignore",
    env: { ...childEnvironment(env), ...screen },
  });
  return new Promise((resolve) => {
    const end = (opened: boolean): void => {
      clearTimeout(timer);
      child.unref();
      resolve(opened);
    };
    const timer = setTimeout(() => end(true), graceMs);
    child.once("error", () => end(false));
    child.once("exit", (status) => end(status === 0));
  });
}
