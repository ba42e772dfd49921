import { DataExpectedError } from "../../errors/installer-error.ts";
import { partsOf, secretFile } from "../../execute/secrets/secret-parts.ts";
import { inspectSecrets, type SecretState } from "../../execute/secrets/secret-states.ts";
import { secretGone } from "../../execute/secrets/secret-store.ts";
import type { Install } from "../../execute/state/install.ts";
import { hasData } from "../../execute/state/records.ts";
import type { Plan } from "../../plan/model.ts";
import { shellWord } from "../../platform/shell-quote.ts";
import type { Rendering } from "../../render/rendering.ts";
import type { LivePlatform } from "../../targets/live-platform.ts";
import type { ActionPorts } from "../context.ts";
import { readersOf } from "./secret-readers.ts";

/** A secret that is not as the platform runs with it, in the same words for every command. */
export interface SecretTrouble {
  readonly secret: string;
  readonly state: SecretState["state"];
  readonly message: string;
  readonly hint: string;
  /** Components and jobs that read it. */
  readonly readers: readonly string[];
}

export interface TroubleSources {
  readonly plan: Plan;
  /** Asked for only where a secret needs its copy. */
  readonly rendering: () => Rendering | Promise<Rendering>;
  /** The value at a path of the values; without it what a person gives is not looked at. */
  readonly given?: (path: string) => string | undefined;
}

/** Compares the secrets of an install with those that it runs with; none where nothing is installed. */
export async function findSecretTroubles(
  install: Install,
  { plan, rendering, given }: TroubleSources,
  live: Pick<LivePlatform, "copies">,
  ports: Pick<ActionPorts, "fs" | "clock">,
): Promise<readonly SecretTrouble[]> {
  const { identity, applied, layout } = install;
  if (identity === undefined) return [];
  const request = {
    specs: plan.secrets,
    folder: layout.secrets,
    digestKey: identity.digestKey,
    dataExists: hasData(applied),
    ...(given === undefined ? {} : { given }),
  };
  const states = await inspectSecrets(ports, request, applied);
  if (states.length === 0) return [];
  const rendered = await rendering();
  const owner = (await ports.fs.stat(layout.secrets))?.uid;
  return states.map((state) => {
    const readers = readersOf(plan, state.spec.name);
    const ways = waysBack(state, { folder: layout.secrets, owner, rendered, copies: live.copies });
    return { secret: state.spec.name, state: state.state, readers, ...describe(state, ways, readers, layout.secrets) };
  });
}

interface Copies {
  readonly folder: string;
  readonly owner: number | undefined;
  readonly rendered: Rendering;
  readonly copies: LivePlatform["copies"];
}

/** Commands that put a secret back as the platform runs with it; undefined where one of its parts has no whole copy. */
function waysBack({ spec, missing }: SecretState, { folder, owner, rendered, copies }: Copies): string | undefined {
  const parts = missing.length > 0 ? missing : partsOf(spec.generator);
  const commands = parts.map((part) => {
    const file = rendered.files.find(({ path, contents }) => {
      const [only] = contents;
      const isWhole = contents.length === 1 && typeof only === "object" && only.as === "raw";
      return isWhole && only.name === spec.name && (only.part ?? "") === part && copies.has(path);
    });
    const copy = file === undefined ? undefined : copies.get(file.path);
    if (copy === undefined) return undefined;
    const user = owner === undefined ? "" : `-o ${owner} `;
    return `install -m 0400 ${user}${shellWord(copy)} ${shellWord(secretFile(folder, spec.name, part))}`;
  });
  return commands.includes(undefined) ? undefined : commands.join(" && ");
}

function describe(
  { spec, state, missing }: SecretState,
  back: string | undefined,
  readers: readonly string[],
  folder: string,
): Pick<SecretTrouble, "message" | "hint"> {
  const { name } = spec;
  const [part = ""] = missing;
  switch (state) {
    case "gone": {
      const { message, hint = "" } = secretGone(name, secretFile(folder, name, part));
      return { message, hint: back === undefined ? hint : `as root, ${back} puts it back from what its service reads` };
    }
    case "due":
      return {
        message: `the secret ${name} ${missing.length > 0 ? "is missing" : "is due"}: it is made again`,
        hint: "slipway install makes it and restarts what reads it",
      };
    case "changed": {
      const taken = `slipway install hands it to ${readers.join(", ") || "nobody: nothing reads it"}`;
      const message = `the secret ${name} was changed since the platform was given it`;
      return { message, hint: back === undefined ? taken : `${taken}; as root, ${back} puts the former one back` };
    }
  }
}

/**
 * Stops before anything is changed when a secret is gone that cannot be made anew.
 * @throws DataExpectedError naming each, with the way back
 */
export function requireSecrets(troubles: readonly SecretTrouble[]): void {
  const [first, ...others] = troubles.filter(({ state }) => state === "gone");
  if (first === undefined) return;
  const details = others.flatMap(({ message, hint }) => [message, `    ${hint}`]);
  throw new DataExpectedError(first.message, { hint: first.hint, details });
}
