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
});
