import { describe, expect, it } from "vitest";
import { createMemoryFileSystem, createSeededRandom, createStillClock } from "../../../test/support/memory-ports.ts";
import { PreflightError, UsageError } from "../../errors/installer-error.ts";
import { requireOwnDirectory } from "../../execute/state/own-directory.ts";
import type { ActionPorts } from "../context.ts";
import { makeRecoveryKey } from "./recovery-key.ts";
import { restore, type RestoreRequest } from "./restore.ts";

const recoveryKey = makeRecoveryKey(createSeededRandom());
const asked: RestoreRequest = { name: "hub", stateDir: "/state", from: "/mnt/backups", set: [], recoveryKey };

/** Nothing but files: whatever is refused here is refused before anything is made. */
function portsWith(files: Readonly<Record<string, string>>) {
  const fs = createMemoryFileSystem(files);
  const ports = { fs, clock: createStillClock(), random: createSeededRandom() } as unknown as ActionPorts;
  return { fs, ports };
}

const begun = { from: asked.from, set: [], backup: { id: "0123abcd" } };

describe("a restore", () => {
  it.each([
    ["that does not exist", {}],
    ["with something else in it", { "/mnt/backups/photos/1.jpg": "x" }],
  ])("names a directory %s, and makes nothing", async (_, files) => {
    const { fs, ports } = portsWith(files);

    const refused = await restore(asked, ports).catch((error: unknown) => error);

    expect(refused).toBeInstanceOf(PreflightError);
    expect((refused as Error).message).toBe("there are no backups in /mnt/backups");
    expect(fs.operations).toEqual([]);
    expect(await fs.exists("/state")).toBe(false);
  });

  it("that named a wrong directory is begun anew with another one", async () => {
    const { fs, ports } = portsWith({
      "/state/restore.json": JSON.stringify({ from: "/mnt/wrong", set: ["a=b"] }),
    });

    const refused = await restore(asked, ports).catch((error: unknown) => error);

    expect((refused as Error).message).toBe("there are no backups in /mnt/backups");
    expect(fs.operations).toEqual([]);
  });

  it.each([
    ["another directory", { from: "/mnt/others" }],
    ["a claim", { from: "claim:backups" }],
    ["another backup", { backup: "ffff" }],
    ["another moment", { toTime: "2020-01-01T00:00:00Z" }],
    ["other values", { set: ["domain=hub.test"] }],
  ])("that is half done is not gone on with from %s, and can be given up", async (_, other) => {
    const { fs, ports } = portsWith({ "/state/restore.json": JSON.stringify(begun) });

    const refused = await restore({ ...asked, ...other }, ports).catch((error: unknown) => error);

    expect(refused).toBeInstanceOf(UsageError);
    expect(refused).toMatchObject({
      message: "another restore of hub was begun and is not complete",
      hint: expect.stringContaining("slipway uninstall --purge --yes-i-mean hub") as string,
      details: ["it is from /mnt/backups, backup 0123abcd"],
    });
    expect(fs.operations).toEqual([]);
  });

  it("that was killed as soon as it had begun does not stand in its own way", async () => {
    const { fs } = portsWith({ "/state/restore.json": "{}", "/state/.restore.json.1a2b.tmp": "" });

    await expect(requireOwnDirectory("/state", { fs })).resolves.toBeUndefined();
  });
});
