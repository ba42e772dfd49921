import { describe, expect, it } from "vitest";
import { findings, severities } from "../../../actions/preflight/checks/testing/findings.ts";

describe("resources", () => {
  const gib = 1024 ** 3;

  it("warn when the limits together are more than there is, and fail far below", async () => {
    expect(severities(await findings("resources.memory", { info: { memoryBytes: 6 * gib } }))).toEqual(["warning"]);
    expect(severities(await findings("resources.memory", { info: { memoryBytes: 1.2 * gib } }))).toEqual(["failure"]);
  });

  it("name the component whose limit no memory can hold", async () => {
    const found = await findings("resources.memory", { set: ["postgres.resources.memory=64Gi"] });

    expect(found).toMatchObject([{ component: "postgres", severity: "failure" }]);
  });

  it("name each component with more processors than there are", async () => {
    const found = await findings("resources.cpu", { info: { cpus: 1 } });

    expect(found.map((finding) => finding.component)).toContain("postgres");
    expect(found[0]?.remedy).toContain("resources.cpus to 1");
  });

  it("fail when a place has too little disk", async () => {
    const engine = await findings("resources.disk", { free: { "/var/lib/docker": gib } });
    const state = await findings("resources.disk", { free: { "/var/lib": 10 * 1024 * 1024 } });
    const data = await findings("resources.disk", { set: ["dataDir=/srv/slipway"], free: { "/srv": gib } });

    expect(engine).toMatchObject([
      { severity: "failure", message: expect.stringContaining("/var/lib/docker has 1.0 GiB free") as unknown },
    ]);
    expect(state).toMatchObject([
      { severity: "failure", message: expect.stringContaining("records and secrets") as unknown },
    ]);
    expect(data).toMatchObject([
      { severity: "failure", message: expect.stringContaining("/srv/slipway has 1.0 GiB free") as unknown },
    ]);
  });

  it("warn when the stores may outgrow the disk", async () => {
    const found = await findings("resources.disk", { free: { "/var/lib/docker": 100 * gib } });

    expect(found).toMatchObject([{ severity: "warning" }]);
    expect(found[0]?.message).toMatch(
      /^the volumes may grow to 7\d\d\.0 GiB and \/var\/lib\/docker has 100\.0 GiB free$/,
    );
  });

  it("warn when inodes run out, and ignore file systems that have no fixed number", async () => {
    const df = (line: string) => ({
      "df -Pi /var/lib/docker": {
        exitCode: 0,
        stdout: `Filesystem Inodes IUsed IFree IUse% Mounted\n${line}\n`,
        stderr: "",
      },
    });

    expect(await findings("resources.inodes", { exec: df("/dev/sda 100000 99000 1000 99% /") })).toHaveLength(1);
    expect(await findings("resources.inodes", { exec: df("btrfs 0 0 0 - /") })).toEqual([]);
  });
});
