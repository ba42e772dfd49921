import { describe, expect, it } from "vitest";
import { findings } from "../../../actions/preflight/checks/testing/findings.ts";

describe("ports", () => {
  // A listening socket on port 80 (0x50) with inode 4711.
  const tcp =
    "  sl  local_address rem_address   st\n   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1\n";

  it("that are taken name who holds them and another port", async () => {
    const found = await findings("ports.bindable", {
      taken: { 80: "EADDRINUSE" },
      files: { "/proc/net/tcp": tcp, "/proc/812/comm": "apache2\n" },
      exec: { find: { exitCode: 0, stdout: "/proc/812/fd/4\n", stderr: "" } },
    });

    expect(found).toHaveLength(1);
    expect(found[0]?.message).toMatch(/port 127\.0\.0\.1:80 .* is taken by apache2 \(process 812\)/);
    expect(found[0]?.remedy).toContain("--set ports.http=8080");
  });

  it.each([
    [2222, "ports.ssh=12222"],
    [9000, "ports.s3=19000"],
  ])("name their own key of the values: %i", async (port, remedy) => {
    const hex = port.toString(16).toUpperCase().padStart(4, "0");
    const files = { "/proc/net/tcp": tcp.replace(":0050", `:${hex}`) };

    const found = await findings("ports.bindable", { taken: { [port]: "EADDRINUSE" }, files });

    expect(found[0]?.remedy).toContain(remedy);
  });

  it("that this install holds are free", async () => {
    const containers = [{ service: "gateway", labels: { "dev.slipway.name": "slipway" }, ports: [{ hostPort: 80 }] }];

    expect(await findings("ports.bindable", { taken: { 80: "EADDRINUSE" }, containers })).toEqual([]);
  });

  it("that the engine is about to hold for a container of this install are free", async () => {
    const gateway = { service: "gateway", labels: { "dev.slipway.name": "slipway" } };
    const looks = [
      { ...gateway, state: "created" as const, ports: [] },
      { ...gateway, state: "running" as const, ports: [{ hostPort: 80 }] },
    ];

    const world = { taken: { 80: "EADDRINUSE" }, containersInTurn: looks.map((look) => [look]) };

    expect(await findings("ports.bindable", world)).toEqual([]);
  });

  it("that only root may bind are no fault when nobody listens there", async () => {
    expect(await findings("ports.bindable", { taken: { 80: "EACCES" } })).toEqual([]);
    expect(await findings("ports.bindable", { taken: { 80: "EACCES" }, files: { "/proc/net/tcp": tcp } })).toHaveLength(
      1,
    );
  });

  it("on a foreign address are a fault of the address", async () => {
    const found = await findings("ports.bindable", { taken: { 80: "EADDRNOTAVAIL" } });

    expect(found[0]?.message).toContain("is not an address of this host");
  });
});
