import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import type { Plan } from "../../src/plan/model.ts";
import { renderCompose } from "../../src/render/compose/render-compose.ts";
import { renderedFileToString } from "../../src/render/rendered-file.ts";
import { referenceComposeFile, referencePlan, referenceProfiles } from "../support/compose-reference.ts";
import { infraPlan } from "../support/infra-plan.ts";

interface Resolved {
  readonly services: Readonly<
    Record<string, { readonly environment?: Readonly<Record<string, string>>; readonly [key: string]: unknown }>
  >;
  readonly volumes: Readonly<Record<string, { readonly name: string; readonly external?: boolean }>>;
  readonly networks: Readonly<Record<string, { readonly name: string; readonly internal?: boolean }>>;
}

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "slipway-contract-"));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** What the real `docker compose` makes of our file. */
async function composeConfig(plan: Plan): Promise<Resolved> {
  const file = renderCompose(plan).files[0];
  if (file === undefined) throw new Error("nothing was rendered");
  await writeFile(join(directory, "compose.yaml"), renderedFileToString(file));
  return readConfig(join(directory, "compose.yaml"));
}

/** What the real `docker compose` reads from a file, paths from the file's own folder. */
async function readConfig(path: string): Promise<Resolved> {
  const { stdout } = await execa("docker", ["compose", "-f", path, "--profile", "jobs", "config", "--format", "json"], {
    // A variable of that name must not get into any value.
    env: { HOME: directory, CANARY: "interpolated" },
  });
  return JSON.parse(stdout.replaceAll(dirname(path), ".")) as Resolved;
}

const lookAlikes = [
  ..."no yes on off null ~ true 1.10 0777 1_000 0x1f 1e3 .inf 2026-11-21 12:30:45 <<".split(" "),
  "$CANARY",
  "${CANARY}",
  "$$",
  "${CANARY:-x}",
  "$(id)",
  "`id`",
  "'single'",
  '"double"',
  "back\\slash",
  "line\nbreak\n",
  "\ttab ",
  " leading and trailing ",
  "# not a comment",
  "key: value",
  "- item",
  "{a: b}",
  "[a]",
  "&anchor *alias !tag",
  "%percent",
  "中文 и кириллица 🚢",
  "e\u0301 combining",
  "\u2028separator",
  "{{ template }}",
  "@at",
  "|",
  ">",
  "",
];

/** Text a YAML file can carry: no lone surrogates, no NUL and no control characters YAML forbids. */
const anyText = fc
  .string({ unit: "grapheme", maxLength: 60 })
  .map((text) => text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufeff\ufffe\uffff]/gu, ""));

describe("the rendered Compose file, read by docker compose", () => {
  it("is accepted whole, with the project's names", async () => {
    const plan = infraPlan();

    const resolved = await composeConfig(plan);

    const running = plan.components.filter((row) => row.workload !== undefined);
    expect(Object.keys(resolved.services).sort()).toEqual([...running, ...plan.jobs].map((row) => row.id).sort());
    expect(resolved.volumes["minio-data"]).toEqual({ name: "slipway_minio-data", external: true });
    expect(resolved.networks["data"]).toMatchObject({ name: "slipway_data", internal: true });
  });

  it.each(referenceProfiles())(
    "is the same platform as the reference of %s, which has a file for each component",
    async (profile) => {
      const rendered = await composeConfig(referencePlan(profile));

      expect(await readConfig(referenceComposeFile(profile))).toEqual(rendered);
    },
  );

  it.each([["domain=ai.corp"], ["domain=10.1.2.3"], ["casdoor.mode=off"], ["dataDir=/srv/data"]])(
    "is accepted with %s",
    async (set) => {
      await expect(composeConfig(infraPlan([set]))).resolves.toBeDefined();
    },
  );

  it("carries odd strings of a values file unchanged", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyText, { minLength: 20, maxLength: 20 }), async (generated) => {
        const texts = [...lookAlikes, ...generated];
        const extraEnv = Object.fromEntries(texts.map((text, index) => [`TEXT_${index}`, text]));

        const resolved = await composeConfig(infraPlan([], stringify({ nats: { extraEnv } })));

        // `config` prints what it would interpolate again, so a dollar comes back doubled.
        const environment = Object.entries(resolved.services["nats"]?.environment ?? {}).filter(
          ([key]) => key !== "TZ",
        );
        const carried = Object.fromEntries(environment.map(([key, value]) => [key, value.replaceAll("$$", "$")]));
        expect(carried).toEqual(extraEnv);
      }),
      { numRuns: process.env["SLIPWAY_FULL"] === "1" ? 100 : 8 },
    );
  });
});
