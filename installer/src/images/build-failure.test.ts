import { describe, expect, test } from "vitest";
import { InstallerError } from "../errors/installer-error.ts";
import { buildFailure } from "./build-failure.ts";

/** The command line of a step as BuildKit repeats it: anything may stand in it. */
const command = `/bin/sh -c if [ -s /run/secrets/ca ]; then update-ca-certificates; fi && apt-get update && echo "certificate: no such host"`;

/** The output of `docker build --progress=plain` whose step printed these lines and ended so. Written by hand after real ones. */
function outputOf(step: string, said: readonly string[], exit = 1): readonly string[] {
  const verdict = `process "${command}" did not complete successfully: exit code: ${exit}`;
  return [
    '#0 building with "default" instance using docker driver',
    "#1 [internal] load build definition from Dockerfile",
    "#1 transferring dockerfile: 2.35kB done",
    "#1 DONE 0.0s",
    "#5 [stage-1 2/3] RUN groupadd -g 10005 git",
    `#9 ${step}`,
    "#5 0.410 this one connects: connection refused, and goes on",
    ...said.map((line, index) => `#9 ${(index / 8).toFixed(3)} ${line}`),
    `#9 ERROR: ${verdict}`,
    "#5 CANCELED",
    "------",
    ` > ${step}:`,
    ...said.slice(-8).map((line, index) => `${(index / 8).toFixed(3)} ${line}`),
    "------",
    "Dockerfile:9",
    "--------------------",
    "   8 |     COPY left-out.txt /usr/src/left-out.txt",
    "   9 | >>> RUN apt-get update",
    "--------------------",
    `ERROR: failed to solve: ${verdict}`,
  ];
}

function failureOf(lines: readonly string[]): InstallerError {
  const error = buildFailure({ name: "gitaly", lines, logFile: "/cache/gitaly.log", built: [], cutOff: [] });
  if (!(error instanceof InstallerError)) throw error;
  return error;
}

const apt = "[build 3/4] RUN --mount=type=secret,id=ca,mode=0444 apt-get update && apt-get install -y git";
const go = "[build 4/4] RUN --mount=type=cache,id=go,target=/go/cache build-gitaly program";

describe("the first line of a failed step says the cause, the image and the step", () => {
  test.each<readonly [what: string, step: string, said: readonly string[], cause: string, remedy: RegExp]>([
    [
      "name of the mirror",
      apt,
      [
        "Ign:1 http://debian.mirror.example/debian trixie InRelease",
        "Err:1 http://debian.mirror.example/debian trixie InRelease",
        "  Temporary failure resolving 'debian.mirror.example'",
        "Reading package lists...",
        "W: Failed to fetch http://debian.mirror.example/debian/dists/trixie/InRelease  Temporary failure resolving 'debian.mirror.example'",
        "W: Some index files failed to download. They have been ignored, or old ones used instead.",
        "E: Unable to locate package git",
      ],
      "the Debian mirror debian.mirror.example cannot be found by name (DNS)",
      /name servers/,
    ],
    [
      "mirror that does not answer",
      apt,
      [
        "Err:1 http://mirror.corp.example:8080/debian trixie InRelease",
        "  Could not connect to mirror.corp.example:8080 (10.9.8.7), connection timed out",
        "E: Failed to fetch http://mirror.corp.example:8080/debian/dists/trixie/InRelease  Could not connect to mirror.corp.example:8080 (10.9.8.7), connection timed out",
        "E: Some index files failed to download. They have been ignored, or old ones used instead.",
      ],
      "the Debian mirror mirror.corp.example:8080 cannot be reached: could not connect to",
      /SLIPWAY_DEBIAN_MIRROR/,
    ],
    [
      "mirror with an unknown authority",
      apt,
      [
        "Err:1 https://user:hunter2@mirror.corp.example/debian trixie InRelease",
        "  Certificate verification failed: The certificate is NOT trusted. The certificate issuer is unknown.  Could not handshake: Error in the certificate verification. [IP: 10.9.8.7 443]",
        "W: Failed to fetch https://user:hunter2@mirror.corp.example/debian/dists/trixie/InRelease  Certificate verification failed: The certificate is NOT trusted. The certificate issuer is unknown.",
        "E: Unable to locate package git",
      ],
      "the Debian mirror mirror.corp.example shows a certificate that is not trusted here",
      /update-ca-certificates/,
    ],
    [
      "mirror that lacks a package",
      apt,
      [
        "E: Failed to fetch http://debian.mirror.example/debian/pool/main/g/git/git_2.47.3-0_amd64.deb  404  Not Found [IP: 10.1.1.1 80]",
        "E: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?",
      ],
      "the Debian mirror debian.mirror.example refuses: 404 Not Found",
      /has what is asked for/,
    ],
    [
      "clock that is behind",
      apt,
      [
        "E: Release file for http://debian.mirror.example/debian/dists/trixie/InRelease is not valid yet (invalid for another 3h 12min 5s). Updates for this repository will not be applied.",
      ],
      "the clock of this machine is behind",
      /timedatectl/,
    ],
    [
      "module proxy that does not answer",
      go,
      [
        "go: downloading github.com/klauspost/compress v1.18.0",
        'go: github.com/klauspost/compress@v1.18.0: Get "https://modules.corp.example/github.com/klauspost/compress/@v/v1.18.0.zip": dial tcp 203.0.113.7:443: i/o timeout',
      ],
      "the Go module proxy modules.corp.example cannot be reached: i/o timeout",
      /GOPROXY/,
    ],
    [
      "module proxy that refuses",
      go,
      [
        "go: github.com/klauspost/compress@v1.18.0: reading https://goproxy.corp.example/github.com/klauspost/compress/@v/v1.18.0.mod: 403 Forbidden",
      ],
      "the Go module proxy goproxy.corp.example refuses: 403 Forbidden",
      /password/,
    ],
    [
      "name of the module proxy",
      go,
      [
        'go: github.com/x/y@v1.0.0: Get "https://modules.corp.example/github.com/x/y/@v/v1.0.0.mod": dial tcp: lookup modules.corp.example on 127.0.0.53:53: no such host',
      ],
      "the Go module proxy modules.corp.example cannot be found by name (DNS)",
      /name servers/,
    ],
    [
      "module proxy with an unknown authority",
      go,
      [
        'go: github.com/x/y@v1.0.0: Get "https://goproxy.corp.example/github.com/x/y/@v/v1.0.0.mod": tls: failed to verify certificate: x509: certificate signed by unknown authority',
      ],
      "the Go module proxy goproxy.corp.example shows a certificate that is not trusted here",
      /trusts/,
    ],
    [
      "proxy that wants a password",
      go,
      [
        'go: github.com/x/y@v1.0.0: Get "https://modules.corp.example/github.com/x/y/@v/v1.0.0.mod": Proxy Authentication Required',
      ],
      "the proxy of this machine wants a password",
      /HTTPS_PROXY/,
    ],
    [
      "checksum",
      go,
      [
        "verifying github.com/x/y@v1.0.0: checksum mismatch",
        "\tdownloaded: h1:a",
        "\tsum.golang.org: h1:b",
        "SECURITY ERROR",
      ],
      "what a server on the way gives is not what was signed (checksum mismatch)",
      /try again/,
    ],
    [
      "disk",
      go,
      ["github.com/minio/minio/cmd", "github.com/x/y: write /go/cache/ab/abcd-d: no space left on device"],
      "the disk is full",
      /docker builder prune/,
    ],
    [
      "memory, as Go says it",
      go,
      [
        "github.com/minio/minio/cmd",
        "/usr/lib/go-1.26/pkg/tool/linux_amd64/compile: signal: killed",
        "make: *** [Makefile:12: all] Error 2",
      ],
      "the build was killed, most likely because the machine ran out of memory",
      /--jobs 1/,
    ],
    [
      "compile error",
      go,
      [
        "go: downloading github.com/x/y v1.0.0",
        "# gitlab.com/gitlab-org/gitaly/internal/git",
        "internal/git/x.go:7:2: undefined: Z",
        "internal/git/x.go:9:12: cannot use y (variable of type int) as string value",
      ],
      "the source does not compile: internal/git/x.go:7:2: undefined: Z",
      /report it/,
    ],
  ])("%s", (_what, step, said, cause, remedy) => {
    const { message, hint, output, code } = failureOf(outputOf(step, said));

    const place = step.replace(/--mount=\S+ /g, "");
    expect(message).toBe(`${cause}: building the image gitaly failed at step ${place}`);
    expect(hint).toMatch(remedy);
    expect(hint).toMatch(/; then run `slipway images build gitaly` once the cause is removed$/);
    expect(output.at(-1)).toBe("all of its output: /cache/gitaly.log");
    expect(output.at(-2)).toBe(said.at(-1)?.replace("user:hunter2", "***"));
    expect([message, hint, ...output].join("\n")).not.toMatch(/hunter2|echo "certificate/);
    expect(code).toBe("APPLY_FAILED");
  });

  test("memory, where only the exit status tells it", () => {
    const { message } = failureOf(outputOf(go, ["github.com/minio/minio/cmd"], 137));

    expect(message).toMatch(/^the build was killed, most likely because the machine ran out of memory: building/);
  });

  test("anything else is said in the step's own last words", () => {
    const { message, hint } = failureOf(outputOf(go, ["patching", "patch 7 does not apply"]));

    expect(message).toMatch(/^patch 7 does not apply: building the image gitaly failed at step \[build 4\/4\] RUN/);
    expect(hint).toBe("run `slipway images build gitaly` once the cause is removed");
  });

  test("a long step is cut", () => {
    const { message } = failureOf(outputOf(`[build 1/1] RUN ${"x".repeat(400)}`, ["no"]));

    expect(message.length).toBeLessThan(160);
  });
});

describe("what fails outside a step says its cause first, too", () => {
  const from = (why: string): readonly string[] => [
    "#2 [internal] load metadata for registry.corp.example/debian:13",
    `#2 ERROR: ${why}`,
    "------",
    " > [internal] load metadata for registry.corp.example/debian:13:",
    "------",
    "Dockerfile:4",
    "--------------------",
    "   4 | >>> FROM ${GO_BUILDER} AS build",
    "--------------------",
    `ERROR: failed to solve: registry.corp.example/debian:13: failed to resolve source metadata for registry.corp.example/debian:13: ${why}`,
  ];

  test.each<readonly [why: string, cause: string, remedy: RegExp]>([
    [
      'failed to do request: Head "https://registry.corp.example/v2/debian/manifests/13": dial tcp: lookup registry.corp.example on 127.0.0.53:53: server misbehaving',
      "the registry registry.corp.example cannot be found by name (DNS)",
      /name servers/,
    ],
    [
      'failed to do request: Head "https://registry.corp.example/v2/debian/manifests/13": dial tcp 10.9.8.7:443: connect: connection refused',
      "the registry registry.corp.example cannot be reached: connection refused",
      /answers from this machine/,
    ],
    [
      "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
      "the registry registry.corp.example does not give the image that it is built from",
      /docker login/,
    ],
    ["registry.corp.example/debian:13: not found", "registry.corp.example/debian:13 is not there", /images list/],
    [
      "failed to copy: httpReadSeeker: failed open: unexpected status code https://registry.corp.example/v2/debian/manifests/13: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.",
      "the registry registry.corp.example gives no more images for now: too many were pulled",
      /docker login/,
    ],
    [
      "no match for platform in manifest: not found",
      "an image that it is built from is for another kind of processor",
      /processor/,
    ],
  ])("FROM: %s", (why, cause, remedy) => {
    const { message, hint } = failureOf(from(why));

    expect(message).toBe(
      `${cause}: building the image gitaly failed at step [internal] load metadata for registry.corp.example/debian:13`,
    );
    expect(hint).toMatch(remedy);
  });

  test.each<readonly [lines: readonly string[], cause: string, remedy: RegExp, code: string]>([
    [
      [
        "ERROR: BuildKit is enabled but the buildx component is missing or broken.",
        "       Install the buildx component to build images with BuildKit:",
      ],
      "docker on this machine has no BuildKit client",
      /docker-buildx/,
      "PREFLIGHT_FAILED",
    ],
    [
      ["docker: 'buildx' is not a docker command."],
      "docker on this machine has no BuildKit client",
      /buildx/,
      "PREFLIGHT_FAILED",
    ],
    [
      [
        "#4 [internal] load build context",
        "#4 transferring context: 4.51GB 61.2s done",
        "#4 ERROR: rpc error: code = ResourceExhausted desc = grpc: received message larger than max (21004311 vs. 16777216)",
        "ERROR: failed to receive status: rpc error: code = ResourceExhausted desc = grpc: received message larger than max (21004311 vs. 16777216)",
      ],
      "what is sent to the engine for the build is too large",
      /git status --ignored/,
      "APPLY_FAILED",
    ],
    [
      ["ERROR: failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF"],
      "the Docker engine does not answer, or went away while it built",
      /doctor/,
      "APPLY_FAILED",
    ],
    [
      [
        '#8 ERROR: failed to calculate checksum of ref abc::def: "/left-out.txt": not found',
        'ERROR: failed to solve: failed to compute cache key: failed to calculate checksum of ref abc::def: "/left-out.txt": not found',
      ],
      "/left-out.txt is not there",
      /git status/,
      "APPLY_FAILED",
    ],
    [
      ["ERROR: failed to solve: dockerfile parse error on line 3: unknown instruction: RUNN (did you mean RUN?)"],
      "dockerfile parse error on line 3: unknown instruction: RUNN (did you mean RUN?)",
      /git diff/,
      "APPLY_FAILED",
    ],
    [
      [
        '#9 ERROR: process "/bin/sh -c x" did not complete successfully: failed to create endpoint k2j3h on network bridge: adding interface veth0a1b2c to bridge docker0 failed: bridge docker0 does not exist',
      ],
      "the network bridge of the Docker engine is gone",
      /restart the engine/,
      "APPLY_FAILED",
    ],
    [[], "it printed nothing", /images build/, "APPLY_FAILED"],
  ])("%j", (lines, cause, remedy, code) => {
    const failure = failureOf(lines);

    expect(failure.message.startsWith(`${cause}: building the image gitaly failed`)).toBe(true);
    expect(failure.hint).toMatch(remedy);
    expect(failure.code).toBe(code);
  });
});
