import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { PreflightError } from "../../src/errors/installer-error.ts";
import {
  buildFixtureProgram,
  containerIds,
  type FixtureProgram,
  newPlace,
  type Place,
  readSecretFiles,
} from "../support/fixture-engine.ts";
import { fixturePorts, installFixture } from "../support/fixture-install.ts";

let program: FixtureProgram;
let place: Place;
beforeAll(async () => {
  program = await buildFixtureProgram();
});
afterAll(() => {
  program.remove();
});
beforeEach(() => {
  place = newPlace();
});
afterEach(async () => {
  await place.remove();
});

const given = 'canary "quoted" $given & 1 é/+';

/** Every form in which a secret could be written somewhere. */
function formsOf(secrets: Readonly<Record<string, string>>): readonly string[] {
  const hidden = Object.entries(secrets).filter(([name]) => !/\.(certificate|publicKey)$/.test(name));
  return hidden.flatMap(([, value]) => {
    const lines = value.includes("\n")
      ? value.split("\n").filter((line) => line.length > 20 && !line.startsWith("---"))
      : [];
    return [
      value,
      ...lines,
      JSON.stringify(value).slice(1, -1),
      encodeURIComponent(value),
      Buffer.from(value).toString("base64"),
      Buffer.from(value).toString("hex"),
    ];
  });
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Empty when the process ended between the two looks. */
function readIfAlive(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

/** Command lines and environments of every process, as often as they can be read until the run ends. */
async function watchProcesses(until: Promise<unknown>): Promise<string> {
  const seen = new Set<string>();
  let ended = false;
  void until.finally(() => (ended = true));
  while (!ended) {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
      for (const file of ["cmdline", "environ"]) seen.add(readIfAlive(`/proc/${pid}/${file}`));
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return [...seen].join("\n");
}

test("no secret shows in output, journal, logs, releases, command lines, environments or docker inspect", async () => {
  // The value a person gives reaches the fixture by its command line; that one process is looked at apart.
  const running = program.start({ ...place, given });
  const processes = await watchProcesses(running.ended);
  const ended = await running.ended;
  const secrets = readSecretFiles(place.stateDir);
  const ids = Object.values(await containerIds(place.name));
  const inspected = spawnSync("docker", ["inspect", ...ids]).stdout.toString();
  const logged = ids.map((id) => spawnSync("docker", ["logs", id]).output.join("")).join("");
  const allowed = ["secrets/", "live/files/", "values.yaml", "run.lock"];
  const stateFiles = filesBelow(place.stateDir).filter(
    (path) => !allowed.some((part) => path.slice(place.stateDir.length + 1).startsWith(part)),
  );
  const places = {
    output: ended.stdout + ended.stderr,
    inspected,
    logged,
    processes: processes
      .split("\n")
      .filter((line) => !line.includes("run-fixture"))
      .join("\n"),
    ...Object.fromEntries(stateFiles.map((path) => [path, readFileSync(path, "latin1")])),
  };

  expect(ended.exitCode).toBe(0);
  expect(secrets["app-given"]).toBe(given);
  expect(stateFiles.some((path) => path.endsWith(".log"))).toBe(true);
  const found = Object.entries(places).flatMap(([where, text]) =>
    formsOf(secrets)
      .filter((form) => text.includes(form))
      .map((form) => `${where}: ${form.slice(0, 12)}…`),
  );
  expect(found).toEqual([]);
});

test("a run that fails before it opens its secrets has none of them in its log", async () => {
  await installFixture({ ...place, given }, fixturePorts());
  const secrets = readSecretFiles(place.stateDir);
  const preflight = () => Promise.reject(new PreflightError(`refused with ${Object.values(secrets).join(" ")}`));

  const failing = installFixture({ ...place, given, greeting: "another" }, fixturePorts(), { preflight });
  await expect(failing).rejects.toThrow("refused with");

  const folder = join(place.stateDir, "logs");
  const log = readFileSync(join(folder, readdirSync(folder).toSorted().at(-1) ?? ""), "latin1");
  expect(log).toContain("refused with");
  expect(log).toContain("[secret store-password]");
  expect(formsOf(secrets).filter((form) => log.includes(form))).toEqual([]);
});

test("every file of the state is closed to others, and configuration holds secrets exactly", async () => {
  const ended = await program.run({ ...place, given });
  const secrets = readSecretFiles(place.stateDir);
  const config = JSON.parse(
    readFileSync(join(place.stateDir, "live/files/app/etc/app/config.json"), "utf8"),
  ) as unknown;
  const open = filesBelow(place.stateDir).filter((path) => (statSync(path).mode & 0o077) !== 0);

  expect(ended.exitCode).toBe(0);
  expect(open).toEqual([]);
  expect(config).toEqual({ password: secrets["store-password"], given, key: secrets["app-key.privateKey"] });
});
