import { join } from "node:path";
import { expect, it } from "vitest";
import type { AdoptResult } from "../../actions/adopt/adopt.ts";
import { apiVersion, cli, folder, inFreshFolder } from "./testing/command-run.ts";

inFreshFolder();

const result: AdoptResult = {
  ...{ apiVersion, kind: "AdoptResult", from: "/old", source: "compose", files: [".env", "docker-compose.yml"] },
  ...{ version: "1.7.0", edition: "ee", profile: "standard", dryRun: false },
  address: { domain: "hub.corp.example", tls: true, ports: { https: 443 } },
  programs: [
    {
      ...{ title: "A program", image: "a:1.2", found: "1.2", ours: "1.5", verdict: "steps" },
      ...{ steps: ["1.3", "1.4"], advice: "each runs once" },
    },
    { title: "Another", image: "b:latest", verdict: "absent", steps: [], advice: "it stays behind" },
  ],
  strangers: ["c:1"],
  outside: [{ section: "store", at: "store.corp.example:1" }],
  secrets: [
    {
      ...{ title: "a token", places: [".env TOKEN"], judgement: "public", why: "everybody has it" },
      ...{ fate: "replaced", means: "people sign in again" },
    },
    { title: "a key", places: ["x"], judgement: "short", why: "it is short", fate: "kept", means: "it stays" },
    { title: "a word", places: ["y"], judgement: "fine", why: "it is long", fate: "moves", means: "it moves" },
  ],
  data: [{ program: "A program", holds: "everything", place: "./data", kind: "directory" }],
  moving: {
    before: ["stop it"],
    moves: [
      { what: "a database", means: "dump", to: "database b", commands: ["dump it"], note: "read in here" },
      { what: "a cache", means: "empty", commands: [], note: "begins empty here" },
    ],
    back: ["start it"],
  },
  notes: ["a note"],
  written: ["/new/values.yaml"],
  missing: [],
};

it("adopt says what was found, what was written and what comes next", async () => {
  const run = await cli("adopt old --out new", { adopt: () => Promise.resolve(result) });

  const request = { from: join(folder, "old"), out: join(folder, "new"), dryRun: false };
  expect(run.requests["adopt"]?.[0]).toMatchObject(request);
  for (const line of [
    "CSGHub 1.7.0-ee at https://hub.corp.example, read from 2 files of /old",
    "1.3, 1.4: each runs once",
    "unknown  none",
    "a token: everybody has it; people sign in again (.env TOKEN)",
    "./data",
    "a database  dump   database b  read in here",
    "a cache     empty  -           begins empty here",
    "commands that copy it, of which none was run:\n  stop it\n  dump it\n",
    "and back:\n  start it",
    "store at store.corp.example:1",
    "c:1",
    "a note",
    "wrote /new/values.yaml",
    "next: slipway validate --profile standard -f /new/values.yaml",
  ]) {
    expect(run.stdout()).toContain(line);
  }
});

it("adopt names the files that a person has to make", async () => {
  const run = await cli("adopt old", { adopt: () => Promise.resolve({ ...result, missing: ["/new/secrets/x"] }) });

  expect(run.stdout()).toContain("to be made first: /new/secrets/x");
});

it("adopt --dry-run says what would be written, and leaves out what there is nothing of", async () => {
  const none = {
    moving: { before: [], moves: [], back: [] },
    programs: [],
    secrets: [],
    data: [],
    outside: [],
    strangers: [],
    notes: [],
  };
  const address = { ...result.address, tls: false };
  const dry: AdoptResult = { ...result, ...none, address, dryRun: true, files: [".env"] };

  const run = await cli("adopt old --dry-run", { adopt: () => Promise.resolve(dry) });

  expect(run.requests["adopt"]?.[0]).toMatchObject({ dryRun: true, out: join(folder, "adopted") });
  expect(run.stdout()).toBe(
    "CSGHub 1.7.0-ee at http://hub.corp.example, read from 1 file of /old\n\nnothing was written (--dry-run); these files would be:\n  /new/values.yaml\n",
  );
});
