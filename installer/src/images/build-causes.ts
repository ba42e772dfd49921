import type { FailedOutput } from "./build-output.ts";

/** Why a build failed, in words, and what to do about it. */
export interface BuildCause {
  readonly cause: string;
  readonly remedy: string;
  /** No build can begin on this machine. */
  readonly lacksBuilder?: true;
}

interface Rule {
  readonly pattern: RegExp;
  readonly cause: string | ((found: Found) => string);
  readonly remedy: string;
  /** The first such line says what went wrong, the later ones what came of it. */
  readonly first?: true;
  readonly lacksBuilder?: true;
}

interface Found {
  readonly match: RegExpExecArray;
  /** Who was asked, as far as the line tells. */
  readonly peer: string;
}

const settings =
  "builds use this machine's own Debian sources, Go settings, proxies and certificates: slipway's SLIPWAY_DEBIAN_MIRROR, go env GOPROXY and HTTPS_PROXY name others";
const itsOwn = "this is no fault of the machine where the sources are as they came: report it with the log";

/** In order: where a line fits several, the first one speaks. */
const rules: readonly Rule[] = [
  {
    pattern: /bridge \S+.*does not exist|network bridge.*(?:not found|failed)|Link not found/i,
    cause: "the network bridge of the Docker engine is gone",
    remedy: "restart the engine, which makes it again (systemctl restart docker)",
  },
  {
    pattern:
      /buildx component is missing|'?buildx'?(?: is not a docker command|: .*not found)|unknown flag: --(?:secret|progress)|--mount option requires BuildKit/i,
    cause: "docker on this machine has no BuildKit client",
    lacksBuilder: true,
    remedy: "install buildx (Debian: docker-buildx, Ubuntu: docker-buildx, elsewhere: docker-buildx-plugin)",
  },
  {
    pattern:
      /cannot connect to the docker daemon|error reading from server: (?:EOF|connection reset)|daemon socket.*permission denied|permission denied.*daemon socket/i,
    cause: "the Docker engine does not answer, or went away while it built",
    remedy: "slipway doctor says how it is; a restart of the engine ends builds",
  },
  {
    pattern: /larger than max/i,
    cause: "what is sent to the engine for the build is too large",
    remedy: "remove from the image's folder below images/ what does not belong there (git status --ignored shows it)",
  },
  {
    pattern: /no space left on device|disk quota exceeded|don't have enough free space/i,
    cause: "the disk is full",
    remedy:
      "free some where Docker keeps its data: docker system df shows what takes it, docker builder prune removes old build caches",
  },
  {
    pattern:
      /signal: killed|cannot allocate memory|out of memory|Killed signal terminated|^(?:.*: )?Killed$|exit code: 137/i,
    cause: "the build was killed, most likely because the machine ran out of memory",
    remedy: "build fewer images at a time, --jobs 1, or give the machine more memory or swap",
  },
  {
    pattern: /exec format error|no match for platform in manifest/i,
    cause: "an image that it is built from is for another kind of processor",
    remedy: "images are built for this machine's own processor: name a base that has it, or load one",
  },
  {
    pattern: /not valid yet|certificate (?:has expired or )?is not yet valid/i,
    cause: "the clock of this machine is behind",
    remedy: "set it, for example by timedatectl set-ntp true",
  },
  {
    pattern:
      /certificate (?:has expired|verif)|certificate is not trusted|unknown authority|issuer is unknown|self[- ]signed certificate|x509:|unable to get local issuer/i,
    cause: ({ peer }) => `${peer} shows a certificate that is not trusted here`,
    remedy:
      "add the authority that signed it to this machine's own (update-ca-certificates): builds trust what the machine trusts",
  },
  {
    pattern: /toomanyrequests|pull rate limit/i,
    cause: ({ peer }) => `${peer} gives no more images for now: too many were pulled`,
    remedy: "wait, sign in there with docker login, or load the image from an archive with docker load",
  },
  {
    pattern: /407 |proxy authentication required/i,
    cause: "the proxy of this machine wants a password",
    remedy: "put user and password into HTTPS_PROXY and HTTP_PROXY; they are not written into the images",
  },
  {
    pattern:
      /temporary failure (?:in name resolution|resolving)|could not resolve|cannot resolve|no such host|server misbehaving|lookup \S+.* i\/o timeout/i,
    cause: ({ peer }) => `${peer} cannot be found by name (DNS)`,
    remedy: `check the name, and the name servers that the engine gives to builds (/etc/resolv.conf of the host); ${settings}`,
  },
  {
    pattern:
      /connection (?:refused|timed out|reset)|i\/o timeout|TLS handshake timeout|network is unreachable|no route to host|Could not connect to|could not be established|context deadline exceeded|unexpected EOF/i,
    cause: ({ match, peer }) => `${peer} cannot be reached: ${match[0].toLowerCase()}`,
    remedy: `check that it answers from this machine, and whether a firewall or proxy stands between; ${settings}`,
  },
  {
    pattern: /pull access denied|insufficient_scope|authorization failed|denied: requested access/i,
    cause: ({ peer }) => `${peer} does not give the image that it is built from`,
    remedy: "sign in there with docker login, or load the image from an archive with docker load",
  },
  {
    pattern:
      /\b(?:401\s+Unauthorized|403\s+Forbidden|410\s+Gone|404\s+Not Found|429\s+Too Many Requests|5\d\d\s+[A-Z][a-z]+(?: [A-Z][a-z]+)*)/,
    cause: ({ match, peer }) => `${peer} refuses: ${match[0].replace(/\s+/g, " ")}`,
    remedy: `check that it has what is asked for, and whether it wants a password; ${settings}`,
  },
  {
    pattern: /failed to resolve source metadata for ([^\s:]+(?::[\w.-]+)?)|([\w./:-]+)"?: not found$/,
    cause: ({ match }) => `${match[1] ?? match[2]} is not there`,
    remedy:
      "where it is an image, load or build it first: slipway images list shows what is there; where it is a file, the checkout is not whole (git status)",
  },
  {
    pattern: /dockerfile parse error.*|failed to read dockerfile.*/i,
    cause: ({ match }) => match[0],
    remedy: "the checkout was changed: git status and git diff below images/ show where",
  },
  {
    pattern: /hash sum mismatch|checksum mismatch|is not signed|NO_PUBKEY/i,
    cause: ({ match, peer }) => `what ${peer} gives is not what was signed (${match[0].toLowerCase()})`,
    remedy: `a mirror or proxy on the way gives old or changed files: try again later, or use another; ${settings}`,
  },
  {
    pattern: /^(?:\.{0,2}\/)?[\w.@/+-]+\.(?:go|c|cc|cpp|h|s|y):\d+(?::\d+)?: (?!warning).+/i,
    cause: ({ match }) => `the source does not compile: ${match[0]}`,
    remedy: itsOwn,
    first: true,
  },
];

/** So many lines before its end may tell why a step failed; what went wrong earlier, it got over. */
const linesLookedAt = 60;

/** Looks for the cause from the end back, in what BuildKit says and what the step printed. */
export function findBuildCause(output: FailedOutput): BuildCause | undefined {
  const lines = [...output.said.slice(-linesLookedAt), ...output.verdicts];
  for (const line of lines.toReversed()) {
    const rule = rules.find(({ pattern }) => pattern.test(line));
    if (rule === undefined) continue;
    const told = rule.first === true ? (lines.find((other) => rule.pattern.test(other)) ?? line) : line;
    return explain(rule, told, output);
  }
  return undefined;
}

function explain({ pattern, cause, remedy, lacksBuilder }: Rule, line: string, output: FailedOutput): BuildCause {
  if (typeof cause === "string") return { cause, remedy, ...(lacksBuilder && { lacksBuilder }) };
  const match = pattern.exec(line);
  return { cause: match === null ? line : cause({ match, peer: peerOf(line, output) }), remedy };
}

/** Who the line is about: `the Debian mirror debian.mirror.example`. */
function peerOf(line: string, { step = "", verdicts }: FailedOutput): string {
  const host = hostIn(line) ?? "";
  const named = (what: string): string => (host === "" ? what : `${what} ${host}`);
  const isPull =
    /load metadata|^\[[^\]]*\] FROM /.test(step) || verdicts.some((text) => /source metadata|pull access/.test(text));
  if (isPull) return named("the registry");
  if (/\bgo: |\/@v\/|sumdb/.test(line)) return named("the Go module proxy");
  if (/^(?:Err:|Ign:|E: |W: |\s)|\/dists\/|\.deb\b|\bapt\b/.test(line)) return named("the Debian mirror");
  return host === "" ? "a server on the way" : host;
}

function hostIn(line: string): string | undefined {
  const found = [
    // Go says whom it looked up or dialled after the address that it wanted, which a proxy may stand for.
    /proxyconnect tcp: dial tcp:? (?:lookup )?([^\s:/]+)/,
    /https?:\/\/(?:[^/\s@"']*@)?([^/\s"':]+(?::\d+)?)/,
    /resolv(?:ing|e host:?) '?([\w.-]+)/i,
    /metadata for ([\w-]+\.[\w.:-]+)\//,
    /lookup ([\w.-]+)/,
    /connect to ([\w.-]+)/i,
    /dial tcp \[?([\w.:-]+?)\]?:\d+/,
  ];
  return found.map((pattern) => pattern.exec(line)?.[1]).find((host) => host !== undefined);
}
