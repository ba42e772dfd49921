import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { describeUnless } from "../support/unless.ts";
import type { LoadOutcome } from "../../src/actions/bundle/load-images.ts";
import { mustRun } from "../support/child.ts";
import { type PrivateEngine, privateEngineObstacle, startPrivateEngine } from "../support/private-engine.ts";

const obstacle = await privateEngineObstacle();

/** The engine of the tests has a graph driver; this one is told to use the containerd store. */
const prepare = `echo '{"features":{"containerd-snapshotter":true}}' > daemon.json
dockerd() { command dockerd --config-file "$PWD/daemon.json" "$@" --storage-driver overlayfs; }`;
const program = [process.execPath, fileURLToPath(new URL("./load-inside.ts", import.meta.url))] as const;

describeUnless(obstacle, "loading into an engine with the containerd store", () => {
  let engine: PrivateEngine;
  beforeEach(async () => {
    engine = await startPrivateEngine([], prepare);
  });
  afterEach(async () => {
    await engine.dispose();
  });

  it.for(["registry", "archive"])("keeps the manifests as they are and leaves no other name (%s)", async (way) => {
    const env = { ...process.env, ...engine.environment };
    const command = way === "registry" ? [...engine.inside, ...program] : program;
    const load = async (): Promise<LoadOutcome> => {
      const [file = "", ...args] = command;
      return JSON.parse(await mustRun(file, args, { env })) as LoadOutcome;
    };

    const first = await load();
    const second = await load();

    const names = await mustRun(
      "docker",
      ["images", "--digests", "--no-trunc", "--format", "{{.Repository}} {{.Digest}}"],
      {
        env,
      },
    );
    expect(first).toMatchObject({ way, images: [{ state: "loaded" }, { state: "loaded" }] });
    expect(second).toMatchObject({ way: "none", images: [{ state: "present" }, { state: "present" }] });
    expect(names.trim().split("\n").toSorted()).toEqual([
      `slipway-load-test/one ${first.images[0]?.imageId ?? ""}`,
      `slipway-load-test/two ${first.images[1]?.imageId ?? ""}`,
    ]);
  });
});
