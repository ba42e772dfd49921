import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type OddWay, type Oddity, startOddWay } from "../stand-ins/registry/odd-way.ts";
import { closeRegistries, closers, setUp, states } from "./pushed-images.ts";
import { findIncomplete, sampleImages, tagsIn } from "./push-world.ts";

closeRegistries();

const login = { user: "u", password: "p$1" };
const asking: readonly Oddity[] = ["negotiate-first", "loud-basic", "no-challenge"];

/** Two images on the disk, and a registry that is reached on an odd way. */
async function setUpOdd(oddity: Oddity) {
  const made = await setUp(sampleImages(2));
  const way = await startOddWay(made.registry.host, oddity, login);
  closers.push(way.close);
  const passwordFile = join(made.world.folder, "password");
  await writeFile(passwordFile, login.password);
  const registry = asking.includes(oddity) ? { username: login.user, passwordFile } : {};
  return { ...made, way, push: () => made.world.push(`${way.host}/team`, { registry }) };
}

function writesOf({ seen }: OddWay): readonly string[] {
  return seen.map(({ line }) => line).filter((line) => !/^(?:GET|HEAD) /.test(line));
}

describe("a push on a way that is odd", () => {
  it.each([
    "web-page",
    "login-page",
    "no-digest",
    "relative-location",
    "empty-query",
    "negotiate-first",
    "loud-basic",
    "dated-429",
    "gzip-manifest",
  ] as const)("%s: everything arrives, and is not sent again", async (oddity) => {
    const { registry, way, push } = await setUpOdd(oddity);

    const first = await push();
    const writes = writesOf(way).length;
    const second = await push();

    expect(states(first)).toEqual(["sent", "sent"]);
    expect(tagsIn(registry)).toEqual(["team/slipway/image-0:1", "team/slipway/image-1:1"]);
    expect(findIncomplete(registry)).toEqual([]);
    expect(states(second)).toEqual(["cached", "cached"]);
    expect(writesOf(way)).toHaveLength(writes);
  });

  it("a refusal that asks for nothing is said to be one, and the password is not sent", async () => {
    const { world, way, push } = await setUpOdd("no-challenge");

    const error: unknown = await push().catch((thrown: unknown) => thrown);

    expect(String(error)).toContain("401 without a WWW-Authenticate challenge");
    expect(way.seen.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
    expect(await readFile(join(world.folder, "password"), "utf8")).toBe(login.password);
  });
});
