import { expect, test } from "vitest";
import { fakeContext, type FakeWorld } from "../../../../test/support/fake-check-context.ts";
import type { ComposeCheckContext } from "./compose-check.ts";
import { outsideServices } from "./outside.ts";

const password = `p@s's/w"o`;
const outside = ["mode=external", "external.host=db.corp", "external.adminPasswordFile=/p"].map(
  (set) => `postgres.${set}`,
);
const line = JSON.stringify({
  service: "postgres",
  findings: [{ severity: "warning", message: "it is slow", remedy: "wait" }],
});

interface Started {
  readonly args: readonly string[];
  readonly stdin: string | undefined;
}

/** A world in which the container answers, and how it was started. */
async function look(world: FakeWorld, answer = { exitCode: 0, stdout: `${line}\nother\n`, stderr: "" }) {
  const started: Started[] = [];
  const context = fakeContext({ set: outside, files: { "/p": `${password}\n` }, imagesPresent: true, ...world });
  const exec: ComposeCheckContext["exec"] = {
    run: (_command, args, options) => {
      started.push({ args, stdin: options?.stdin });
      return Promise.resolve(answer);
    },
  };
  return { findings: await outsideServices.run({ ...context, exec }), started };
}

test("what a container finds is told of the service", async () => {
  const { findings, started } = await look({});

  expect(findings).toEqual([{ component: "postgres", severity: "warning", message: "it is slow", remedy: "wait" }]);
  expect(started).toHaveLength(1);
});

test("passwords go in by standard input alone", async () => {
  const { started } = await look({});
  const document = JSON.parse(started[0]?.stdin ?? "") as { readonly services: readonly object[] };

  expect(document.services[0]).toMatchObject({
    kind: "postgres",
    host: "db.corp",
    admin: { user: "postgres", password },
  });
  expect(started[0]?.args.join(" ")).not.toContain(password);
  expect(started[0]?.args.slice(-2)).toEqual(["look", "-"]);
});

test("it looks from the platform's network, where there is one", async () => {
  const before = await look({});
  const after = await look({ networks: [{ id: "n", name: "slipway_app" }] });

  expect(before.started[0]?.args).toContain("bridge");
  expect(after.started[0]?.args).toContain("slipway_app");
});

test("without services elsewhere, or an engine, nothing is looked at", async () => {
  expect((await look({ set: [] })).started).toEqual([]);
  expect((await look({ unreachable: "gone" })).started).toEqual([]);
});

test("before the image is there it says so", async () => {
  const { findings, started } = await look({ imagesPresent: false });

  expect(started).toEqual([]);
  expect(findings[0]).toMatchObject({
    severity: "warning",
    message: expect.stringContaining("not looked into") as unknown,
  });
});

test("a password that cannot be read is for the check of files to tell", async () => {
  expect(await look({ files: {} })).toEqual({ findings: [], started: [] });
});

test("a container that fails is no service that works", async () => {
  const { findings } = await look({}, { exitCode: 125, stdout: "", stderr: "first\ndocker: no such network\n" });

  expect(findings[0]?.message).toContain("could not be looked into: docker: no such network");
});
