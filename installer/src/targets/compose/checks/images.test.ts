import { describe, expect, it } from "vitest";
import { findings } from "../../../actions/preflight/checks/testing/findings.ts";

describe("images", () => {
  it("that can be neither built nor pulled name component and ways out", async () => {
    const exec = { "docker manifest": { exitCode: 1, stdout: "", stderr: "x\nno such host\n" } };
    const found = await findings("images.unavailable", { imagesPresent: false, exec });

    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ component: "casdoor", severity: "failure" });
    expect(found[0]?.message).toContain("no such host");
    expect(found[0]?.remedy).toContain("--without casdoor");
  });

  it("name no way out that other values forbid", async () => {
    const exec = { "docker manifest": { exitCode: 1, stdout: "", stderr: "no such host" } };
    const set = ["domain=hub.corp.example", "server.mode=embedded"];
    const found = await findings("images.unavailable", { imagesPresent: false, exec, set });

    expect(found.find(({ component }) => component === "casdoor")?.remedy).not.toContain("--without");
  });

  it("under a name of our own are asked of no registry", async () => {
    // Whoever holds the name at a public registry would answer.
    const exec = { "docker manifest": { exitCode: 0, stdout: "{}", stderr: "" } };
    const set = ["casdoor.mode=off", "nats.image=slipway/nats:1.0"];
    const found = await findings("images.unavailable", { imagesPresent: false, exec, set });

    expect(found.map((finding) => finding.component)).toEqual(["nats"]);
    expect(found[0]?.message).toMatch(/slipway\/nats:1\.0 .*no public registry is asked/);
  });

  it("that their registry has are fine", async () => {
    const exec = { "docker manifest": { exitCode: 0, stdout: "{}", stderr: "" } };

    expect(await findings("images.unavailable", { imagesPresent: false, exec })).toEqual([]);
  });

  it("of ours are missing where the program cannot build", async () => {
    const found = await findings("images.unavailable", {
      imagesPresent: false,
      canBuildImages: false,
      set: ["casdoor.mode=off"],
    });

    expect(found.map((finding) => finding.component)).toContain("postgres");
  });
});
