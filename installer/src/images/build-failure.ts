import { CommandError, PreflightError } from "../errors/installer-error.ts";
import { reasonOfFailure } from "./build-lines.ts";

/** What is known about a failed build and the others of the same run. */
export interface FailedBuild {
  readonly name: string;
  /** The last lines of its log. */
  readonly lines: readonly string[];
  readonly stderr: string;
  /** Images that were built before it failed. */
  readonly built: readonly string[];
  /** Images whose build was cut off because of it. */
  readonly cutOff: readonly string[];
}

const remedies: readonly (readonly [pattern: RegExp, remedy: string])[] = [
  [
    /(?:bridge \S+|network bridge)\b.*(?:does not exist|not found|failed)|Link not found/i,
    "the network bridge of the Docker engine is gone: restart the engine, which makes it again (systemctl restart docker)",
  ],
  [
    /no space left on device/i,
    "free some disk where Docker keeps its data: docker builder prune removes old build caches",
  ],
  [
    /(?:temporary failure|could not|cannot) resolv|no such host|connection (?:refused|timed out|reset)|i\/o timeout|network is unreachable|certificate/i,
    "builds fetch Debian packages and Go modules with this machine's own mirrors, proxies and certificates: check that they answer",
  ],
  [
    /signal: killed|cannot allocate memory|out of memory/i,
    "the machine ran out of memory: build fewer images at a time, --jobs 1",
  ],
];

/** The error of a failed build: its reason first, then what to do and what is kept of the others. */
export function buildFailure(failed: FailedBuild): Error {
  const { name, lines } = failed;
  if (/buildx component is missing|buildx: .*not found|unknown flag: --secret/i.test(failed.stderr)) {
    return new PreflightError("docker on this machine has no BuildKit client, so images cannot be built", {
      hint: "install buildx (Debian: docker-buildx, Ubuntu: docker-buildx, elsewhere: docker-buildx-plugin)",
      details: lines,
    });
  }
  const reason = reasonOfFailure(lines);
  const remedy = remedies.find(([pattern]) => pattern.test(`${reason}\n${lines.at(-1) ?? ""}`))?.[1];
  const again = `run \`slipway images build ${name}\` once the cause is removed`;
  return new CommandError(`building the image ${name} failed: ${reason}`, {
    details: [...lines, ...keptOf(failed)],
    hint: remedy === undefined ? `the lines above are the last of its log; ${again}` : `${remedy}; then ${again}`,
  });
}

function keptOf({ built, cutOff }: FailedBuild): readonly string[] {
  return [
    ...(built.length === 0 ? [] : [`built and kept: ${built.join(", ")}`]),
    ...(cutOff.length === 0
      ? []
      : [`stopped with it: ${cutOff.join(", ")}; what they had compiled is kept for the next run`]),
  ];
}
