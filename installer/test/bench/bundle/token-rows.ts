import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startTokenIssuer } from "../../stand-ins/registry/signed-tokens.ts";
import { fasterBy } from "../row.ts";
import type { BundleRow } from "./bundle-row.ts";
import type { Layout } from "./layouts.ts";
import { intoEmpty, notHere, ours, type Push } from "./push-rows.ts";
import { cranePush, isInstalled, skopeoPush, splitLayout } from "./rivals.ts";
import type { Workbench } from "./workbench.ts";

const user = { name: "bench", password: "password of the bench" };
const actions = ["pull", "push"] as const;
/** What Harbor 2.15 takes to hash a user's password, on one core of a small machine. */
const dearMs = 500;

const rivals = {
  skopeo: {
    name: "`skopeo copy` × 13 from `oci:`",
    prepare: (_bench: Workbench, layout: Layout): Promise<Push> =>
      Promise.resolve((host) => skopeoPush(layout, host, { user })),
  },
  crane: {
    name: "`crane push` × 13 from a layout each",
    prepare: async (bench: Workbench, layout: Layout): Promise<Push> => {
      const folders = await splitLayout(layout, join(bench.folder, "split"));
      const config = join(bench.folder, "crane");
      await mkdir(config, { recursive: true });
      const auth = Buffer.from(`${user.name}:${user.password}`).toString("base64");
      return async (host) => {
        await writeFile(join(config, "config.json"), JSON.stringify({ auths: { [host]: { auth } } }));
        await cranePush(layout, folders, host, config);
      };
    },
  },
} as const;

/** Bundle → registry that asks a user for tokens: B13. */
export const tokenRows: readonly BundleRow[] = [
  row("B13-dear-skopeo", { costMs: dearMs, program: "skopeo", bar: 3 }),
  row("B13-dear-crane", { costMs: dearMs, program: "crane", bar: 2 }),
  row("B13-free-skopeo", { costMs: 0, program: "skopeo", bar: 1.7 }),
  row("B13-free-crane", { costMs: 0, program: "crane", bar: 1.2 }),
];

interface TokenRow {
  /** Of each token, on the side of the registry. */
  readonly costMs: number;
  readonly program: keyof typeof rivals;
  readonly bar: number;
}

function row(id: string, { costMs, program, bar }: TokenRow): BundleRow {
  return {
    id,
    title: `push W4 to an empty registry whose tokens cost ${costMs === 0 ? "nothing" : `${costMs / 1000} s`}, signed in`,
    rival: rivals[program].name,
    measure: async (bench, rounds, onRound) => {
      if (!(await isInstalled(program))) return notHere(program);
      const layout = await bench.onOneBase();
      const issuer = await startTokenIssuer({ [user.name]: { ...user, actions } }, { costMs, keyName: "certificate" });
      try {
        const pushes = { ours: await oursSignedIn(bench, layout), rival: await rivals[program].prepare(bench, layout) };
        return fasterBy(await intoEmpty(bench, pushes, { rounds: Math.min(rounds, 3), onRound, issuer }), bar);
      } finally {
        await issuer.close();
      }
    },
  };
}

async function oursSignedIn(bench: Workbench, layout: Layout): Promise<Push> {
  const file = join(bench.folder, "password");
  await writeFile(file, user.password, { mode: 0o600 });
  return ours(bench, layout, "--username", user.name, "--password-file", file);
}
