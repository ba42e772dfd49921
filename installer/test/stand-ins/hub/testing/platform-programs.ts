import { execFileSync } from "node:child_process";
import type { Container, SecretSlot, Text } from "../../../../src/plan/model.ts";
import { buildAddressBook, resolveEndpoints } from "../../../../src/render/addresses.ts";
import { resolveText } from "../../../../src/execute/secrets/encode.ts";
import { profilePlan } from "../../../support/infra-plan.ts";
import type { Environment } from "../settings.ts";

/** What the platform gives one container of CSGHub, as a target writes it. */
export interface Given {
  readonly id: string;
  /** What it runs: the command of a program, or the lines of a shell. */
  readonly words: readonly string[];
  readonly environment: Environment;
  /** The configuration of the hub's binary. */
  readonly file: string;
}

/** All that a file could stumble over. */
const oddPassword = (name: string): string => `${name}'s "own" $ \\ / @ : # password`;

/** Secrets that may come from outside; one that is ours has letters and digits only. */
function isPassword(name: string): boolean {
  return /^(pg-|s3-|nats-)|external/.test(name) || ["redis", "mail"].includes(name);
}

/** What the profile standard with `--set` arguments and these passwords gives to the containers of CSGHub's images, components and jobs. */
export function platformPrograms(
  sets: readonly string[] = [],
  passwordOf: (name: string) => string = oddPassword,
): readonly Given[] {
  const plan = profilePlan("standard", ["domain=hub.test", ...sets]);
  const book = buildAddressBook(plan, (component) => component.id);
  const readSecret = ({ name }: SecretSlot): string =>
    isPassword(name) ? passwordOf(name) : `${name}-`.padEnd(128, "0");
  const text = (slotted: Text): string => resolveText(resolveEndpoints(slotted, book, "a test"), readSecret);
  const units = [...plan.components.map((row) => ({ id: row.id, container: row.workload?.container })), ...plan.jobs];
  return units.flatMap(({ id, container }) =>
    container?.image.reference.startsWith("opencsghq/") === true ? [givenTo(id, container, text)] : [],
  );
}

function givenTo(id: string, container: Container, text: (slotted: Text) => string): Given {
  const fileText = (path: string): string => {
    const contents = container.files.find((file) => file.path === path)?.contents;
    return contents?.kind === "text" ? text(contents.text) : "";
  };
  const [script] = container.files.filter(({ path }) => path.endsWith(".env"));
  const fromShell = exported(fileText(script?.path ?? ""));
  return {
    id,
    words: container.command ?? [],
    environment: { ...Object.fromEntries(container.env.map(({ name, value }) => [name, text(value)])), ...fromShell },
    file: fileText("/run/slipway/hub.toml"),
  };
}

/** What a POSIX shell exports after it read this. */
function exported(script: string): Environment {
  if (script === "") return {};
  const out = execFileSync("/bin/sh", ["-ec", `${script}\nexec env -0`], {
    env: { PATH: "/usr/bin:/bin" },
    encoding: "utf8",
  });
  return Object.fromEntries(
    out
      .split("\0")
      .filter((line) => !line.startsWith("PATH="))
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}
