import { describe, expect, it } from "vitest";
import { findings } from "../../../actions/preflight/checks/testing/findings.ts";

describe("confinement", () => {
  it("by SELinux needs labels on what containers mount, data directory or not", async () => {
    const world = {
      info: { securityOptions: ["name=seccomp,profile=builtin", "name=selinux"] },
      files: { "/sys/fs/selinux/enforce": "1" },
    };

    expect((await findings("kernel.confinement", world))[0]?.remedy).toContain("/var/lib/slipway/slipway/live");
    expect((await findings("kernel.confinement", { ...world, set: ["dataDir=/srv/slipway"] }))[0]?.remedy).toContain(
      "/srv/slipway",
    );
  });
});

describe("the kernel", () => {
  it("warns about narrow limits and missing confinement", async () => {
    expect(await findings("kernel.limits", { files: { "/proc/sys/fs/file-max": "1000\n" } })).toHaveLength(1);
    expect(await findings("kernel.confinement", { info: { securityOptions: ["name=apparmor"] } })).toHaveLength(1);
  });

  it("that gives only the memory it has is told, and the usual one is not", async () => {
    const mode = (text: string) => ({ files: { "/proc/sys/vm/overcommit_memory": `${text}\n` } });

    expect(await findings("kernel.overcommit", mode("2"))).toHaveLength(1);
    expect(await findings("kernel.overcommit", mode("0"))).toEqual([]);
    expect(await findings("kernel.overcommit")).toEqual([]);
  });

  it("whose table of connections is nearly full is told, with a size that would do", async () => {
    const table = (count: number) => ({
      files: {
        "/proc/sys/net/netfilter/nf_conntrack_count": `${count}\n`,
        "/proc/sys/net/netfilter/nf_conntrack_max": "65536\n",
      },
    });

    expect((await findings("kernel.connections", table(60_000)))[0]?.remedy).toContain("nf_conntrack_max=131072");
    expect(await findings("kernel.connections", table(940))).toEqual([]);
    expect(await findings("kernel.connections")).toEqual([]);
  });
});
