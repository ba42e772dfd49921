import { rmSync } from "node:fs";
import { join } from "node:path";
import { fixtureImage } from "../support/fixture-plan.ts";
import { containerIds, newPlace } from "../support/fixture-engine.ts";
import { fixturePorts } from "../support/fixture-install.ts";
import { mustRun, runChild } from "../support/child.ts";
import { describeTarget } from "./target-conformance.ts";

describeTarget("compose", () => {
  const place = newPlace();
  const ports = fixturePorts();
  const { docker } = ports;
  const stray = `${place.name}-stray`;
  return Promise.resolve({
    ports,
    place,
    // The engine runs the fixture for real: the options alone make it behave.
    behave: () => undefined,
    loseService: async (component) => {
      const id = (await containerIds(place.name))[component] ?? "";
      await docker.stop(id, 0);
      await docker.removeContainer(id);
    },
    emptyStore: async (store) => {
      const volumes = await docker.volumes({ "dev.slipway.name": place.name });
      const volume = volumes.find(({ name }) => name === `${place.name}_${store.replace("/", "-")}`);
      rmSync(join(volume?.mountpoint ?? "/nonexistent", "initialised"));
    },
    readNotices: async (component, path) => {
      const id = (await containerIds(place.name))[component] ?? "";
      const script =
        'cd "$0"; for name in *; do [ ! -e "$name" ] || printf "%s=%s" "$name" "$(cat "$name"; echo .)"; done';
      const said = await mustRun("docker", ["exec", id, "/bin/sh", "-c", script, path]);
      return Object.fromEntries(
        [...said.matchAll(/(\w+)=([^.]*)\./g)].map(([, name = "", text = ""]): [string, string] => [name, text]),
      );
    },
    addStranger: async () => {
      const label = `com.docker.compose.project=${place.name}`;
      const run = ["create", "--name", stray, "--label", label, fixtureImage, "/bin/true"];
      await mustRun("docker", run);
      return stray;
    },
    dispose: async () => {
      await runChild("docker", ["rm", "-f", stray]);
      await place.remove();
    },
  });
});
