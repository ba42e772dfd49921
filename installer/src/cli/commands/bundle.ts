import { resolve } from "node:path";
import { Option } from "commander";
import type { Command } from "commander";
import type { BundleCreateRequest } from "../../actions/bundle/create-request.ts";
import type { BundleSigning } from "../../actions/bundle/bundle-signing.ts";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import { parseCount } from "../parse-arguments.ts";
import { parseSize } from "../parse-size.ts";
import { parseTool } from "../parse-tool.ts";
import { toTarget, toValuesSelection } from "../runtime.ts";
import type { Runtime, Session } from "../runtime.ts";
import { formatBundleCreated, formatBundleFlattened } from "../ui/print-bundle-create.ts";
import { absoluteSource } from "./absolute-source.ts";
import { asOption } from "./as-option.ts";
import { declareBundleDiff } from "./bundle-diff.ts";
import { declareBundleInspect } from "./bundle-inspect.ts";
import { declareBundleKeygen } from "./bundle-keygen.ts";
import { declareBundleLoad } from "./bundle-load.ts";
import { declareBundleRepair } from "./bundle-repair.ts";
import { declareBundleServe } from "./bundle-serve.ts";
import { declareBundleVerify } from "./bundle-verify.ts";
import { collectOption } from "./collect-option.ts";

/** `bundle`: one file with everything an install without network needs. */
export function declareBundle(program: Command, runtime: Runtime): void {
  const group = program
    .command("bundle")
    .summary("carry the platform to where there is no network")
    .description(
      "Commands about bundles: one signed tar file with the images, the program, the charts and the tools that an install without network needs.",
    );
  withExamples(group, [
    { command: "slipway bundle create -o slipway.tar --sign-key release.key", means: "make one, signed" },
  ]);
  declareBundleKeygen(group, runtime);
  declareCreate(group, runtime);
  declareBundleInspect(group, runtime);
  declareBundleVerify(group, runtime);
  declareBundleRepair(group, runtime);
  declareBundleDiff(group, runtime);
  declareFlatten(group, runtime);
  declareBundleServe(group, runtime);
  declareBundleLoad(group, runtime);
}

interface CreateOptions {
  readonly output: string;
  readonly platform: string;
  readonly from?: readonly string[];
  readonly as?: string;
  readonly split?: number;
  readonly parity?: number;
  readonly since?: readonly string[];
  readonly image?: readonly string[];
  readonly imagesOnly?: boolean;
  readonly key?: readonly string[];
  readonly allowUnsigned?: boolean;
  readonly signKey?: string;
  readonly passphraseFile?: string;
  readonly unsigned?: boolean;
  readonly with?: readonly string[];
  readonly executable?: readonly string[];
  readonly plainHttp?: boolean;
  readonly caFile?: string;
  readonly dryRun?: boolean;
  readonly jobs?: number;
}

function declareCreate(group: Command, runtime: Runtime): void {
  const command = group
    .command("create")
    .summary("make a bundle of a profile")
    .description(
      "Makes a bundle: every image of the profile by digest, each layer once and as it is; signed, and the same bytes whenever the same is put in. Started again after an interruption, it goes on from what is there.",
    )
    .requiredOption("-o, --output <file>", "the file to write, for example slipway-infra.tar")
    .option("--platform <list>", "platforms with commas between them, the primary one first", "linux/amd64")
    .addOption(
      new Option(
        "--from <source>",
        "where images come from, in order: engine, registry, oci:DIR, or a bundle, docker save, OCI, Zarf or Hauler file; may be given more than once (default: engine, then registry)",
      ).argParser(collectOption),
    )
    .addOption(asOption())
    .addOption(
      new Option("--image <reference>", "a further image to carry; may be given more than once").argParser(
        collectOption,
      ),
    )
    .option("--images-only", "carry only the images named with --image, not the platform's")
    .addOption(new Option("--split <size>", "write parts of this size, for example 4GiB").argParser(parseSize))
    .addOption(
      new Option(
        "--parity <n>",
        "with --split: further parts, so many, each of which makes up for any lost or damaged one",
      ).argParser(parseCount),
    )
    .addOption(
      new Option(
        "--since <bundle>",
        "carry only what this bundle lacks; a delta first and the bundles it builds on after it",
      ).argParser(collectOption),
    )
    .addOption(
      new Option("--key <file>", "public key that bundles read here must be signed by; may be repeated").argParser(
        collectOption,
      ),
    )
    .option("--allow-unsigned", "read bundles here without checking who made them")
    .option("--sign-key <file>", "secret key to sign with; bundle keygen makes one")
    .option("--passphrase-file <file>", "file with the passphrase of the secret key (default: asked for)")
    .option("--unsigned", "do not sign: whoever receives the bundle cannot tell who made it")
    .addOption(
      new Option(
        "--with <name=file:sha256>",
        "a tool to carry, with the digest it must have, for example docker-compose:2.40.3=FILE:SHA256; may be repeated",
      ).argParser(collectOption),
    )
    .addOption(
      new Option(
        "--executable <file>",
        "the slipway program to carry, one for each platform; may be repeated (default: this program, when it is one file)",
      ).argParser(collectOption),
    )
    .option("--plain-http", "speak plain HTTP to registries")
    .option("--ca-file <file>", "further certificate authorities for registries, PEM")
    .option("--dry-run", "show what would be in it and how large it would be; write nothing")
    .addOption(new Option("--jobs <n>", "blobs handled at the same time").argParser(parseCount));
  withExamples(command, [
    {
      command: "slipway bundle create -o slipway.tar --sign-key release.key",
      means: "from the engine's images, then registries",
    },
    {
      command: "slipway bundle create -o slipway.tar --from oci:/srv/layout --without casdoor --unsigned",
      means: "from an OCI layout, unsigned",
    },
    {
      command: "slipway bundle create -o usb/slipway.tar --split 4GiB --parity 1 --sign-key release.key",
      means: "in parts, one of which may be lost",
    },
    {
      command:
        "slipway bundle create -o slipway.tar --sign-key release.key --image quay.io/example/vllm:v0.9 --from engine --from registry",
      means: "with an image of your own choice",
    },
    {
      command: "slipway bundle create -o app.tar --unsigned --images-only --from oci:/srv/app --as corp/app:1.0",
      means: "an image alone, from a layout that has no name for it",
    },
    {
      command: "slipway bundle create -o update.tar --since slipway.tar --key release.pub --sign-key release.key",
      means: "only what changed",
    },
  ]);
  printsJson(command, ["BundleCreateResult"]);
  command.action((options: CreateOptions) =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.createBundle(toRequest(options, session));
      if (session.manner.json) session.tellJson(result);
      else session.tell(formatBundleCreated(result, session.style));
      return 0;
    }),
  );
}

function toRequest(options: CreateOptions, session: Session): BundleCreateRequest {
  const { selection } = session;
  const path = (text: string): string => resolve(session.context.io.cwd, text);
  return {
    ...toTarget(selection),
    values: toValuesSelection(selection),
    output: path(options.output),
    platforms: options.platform.split(","),
    from: (options.from ?? []).map((source) => absoluteSource(source, path)),
    ...(options.as !== undefined && { as: options.as }),
    since: (options.since ?? []).map(path),
    images: options.image ?? [],
    imagesOnly: options.imagesOnly === true,
    tools: (options.with ?? []).map((text) => parseTool(text, path)),
    executables: options.executable?.map(path) ?? ownExecutable(options, session),
    keyFiles: (options.key ?? []).map(path),
    allowUnsigned: options.allowUnsigned === true,
    signing: toSigning(options, path, session),
    plainHttp: options.plainHttp === true,
    dryRun: options.dryRun === true,
    cacheDir: selection.cacheDir,
    ...(options.split !== undefined && { partSize: options.split }),
    ...(options.parity !== undefined && { parity: options.parity }),
    ...(options.caFile !== undefined && { caFile: path(options.caFile) }),
    ...(options.jobs !== undefined && { jobs: options.jobs }),
  };
}

/** A bundle made by the executable carries it: the other side needs nothing else to begin with. */
function ownExecutable(options: CreateOptions, session: Session): readonly string[] {
  const { executable } = session.context.io;
  const fits = executable !== undefined && options.platform.split(",").includes(executable.platform);
  return fits && options.imagesOnly !== true ? [executable.path] : [];
}

function toSigning(options: CreateOptions, path: (text: string) => string, session: Session): BundleSigning {
  return {
    unsigned: options.unsigned === true,
    ...(options.signKey !== undefined && { keyFile: path(options.signKey) }),
    ...(options.passphraseFile !== undefined && { passphraseFile: path(options.passphraseFile) }),
    // Standard input is opened only for a key that has a passphrase.
    get askPassphrase() {
      const { secret } = session.prompts;
      return secret === undefined ? undefined : (message: string) => secret(message, "known");
    },
  };
}

interface FlattenOptions {
  readonly output: string;
  readonly key?: readonly string[];
  readonly allowUnsigned?: boolean;
}

function declareFlatten(group: Command, runtime: Runtime): void {
  const command = group
    .command("flatten")
    .summary("make a full bundle of a delta and its bases")
    .description(
      "Puts a delta and what it builds on together. The result is, byte for byte, the full bundle that the maker of the delta would have handed out, with the maker's signature.",
    )
    .argument("<bundle...>", "the newest delta first, the bundles it builds on after it")
    .requiredOption("-o, --output <file>", "the file to write")
    .addOption(new Option("--key <file>", "public key to trust; may be repeated").argParser(collectOption))
    .option("--allow-unsigned", "take bundles without checking who made them");
  withExamples(command, [
    { command: "slipway bundle flatten v3.tar v2.tar v1.tar -o full-v3.tar", means: "two deltas and their base" },
  ]);
  printsJson(command, ["BundleFlattenResult"]);
  command.action((bundles: readonly string[], options: FlattenOptions) =>
    runtime.perform(command, async (session) => {
      const path = (text: string): string => resolve(session.context.io.cwd, text);
      const result = await session.engine.flattenBundle({
        paths: bundles.map(path),
        output: path(options.output),
        keyFiles: (options.key ?? []).map(path),
        allowUnsigned: options.allowUnsigned === true,
      });
      if (session.manner.json) session.printJson(result);
      else session.print(formatBundleFlattened(result, session.style));
      return 0;
    }),
  );
}
