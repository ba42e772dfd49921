import { readFile } from "node:fs/promises";
import { mustRun, runChild } from "../support/child.ts";

/** The way out of a private engine. */
export interface EngineNetwork {
  dispose(): Promise<void>;
}

const subnet = "10.213.77";
const [outside, inside] = ["slipway-b0", "slipway-b1"];
const masquerade = ["POSTROUTING", "-s", `${subnet}.0/30`, "-j", "MASQUERADE"];
const forward = ["FORWARD", "-s", `${subnet}.0/30`, "-j", "ACCEPT"];
const back = ["FORWARD", "-d", `${subnet}.0/30`, "-j", "ACCEPT"];

/**
 * Connects the network namespace of a private engine, which has loopback alone, with this machine's network: builds in it reach package
 * registries, and nothing of it is published here. One at a time.
 * @param pid a process in the namespace
 */
export async function connectToNetwork(pid: number): Promise<EngineNetwork> {
  const within = (...args: readonly string[]): Promise<string> =>
    mustRun("nsenter", ["--target", String(pid), "--net", "--", "ip", ...args]);
  const forwarded = (await readFile("/proc/sys/net/ipv4/ip_forward", "utf8")).trim();
  const network: EngineNetwork = {
    dispose: async () => {
      for (const [table, rule] of rules) await runChild("iptables", ["-t", table, "-D", ...rule]);
      await runChild("ip", ["link", "delete", outside]);
      // Docker needs it too: only what was changed here is put back.
      if (forwarded === "0") await mustRun("sysctl", ["-qw", "net.ipv4.ip_forward=0"]);
    },
  };
  try {
    await mustRun("ip", ["link", "add", outside, "type", "veth", "peer", "name", inside, "netns", String(pid)]);
    await mustRun("ip", ["address", "add", `${subnet}.1/30`, "dev", outside]);
    await mustRun("ip", ["link", "set", outside, "up"]);
    await within("address", "add", `${subnet}.2/30`, "dev", inside);
    await within("link", "set", inside, "up");
    await within("route", "add", "default", "via", `${subnet}.1`);
    await mustRun("sysctl", ["-qw", "net.ipv4.ip_forward=1"]);
    for (const [table, rule] of rules) await mustRun("iptables", ["-t", table, "-I", ...rule]);
    return network;
  } catch (error) {
    await network.dispose();
    throw error;
  }
}

const rules: readonly (readonly [table: string, rule: readonly string[]])[] = [
  ["nat", masquerade],
  ["filter", forward],
  ["filter", back],
];
