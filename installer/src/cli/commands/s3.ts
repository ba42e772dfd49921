import { resolve } from "node:path";
import { Option } from "commander";
import type { Command } from "commander";
import { consoleCommands } from "../../plan/console.ts";
import { type Example, withExamples } from "../examples.ts";
import { type JsonKind, printsJson } from "../json-output.ts";
import { requireOwnOutput } from "../program-arguments.ts";
import { toTarget } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";

interface Verb {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly arguments: readonly (readonly [name: string, description: string])[];
  readonly examples: readonly Example[];
  /** Which argument is a file of this machine, and what it is to the program. */
  readonly file?: { readonly index: number; readonly use: "input" | "output" };
  /** What the program calls it. */
  readonly verb?: string;
  /** What it prints with `--json`; nothing where contents are all that it prints. */
  readonly json?: JsonKind;
}

const object = ["<object>", "BUCKET/KEY"] as const;

const verbs: readonly Verb[] = [
  {
    name: "ls",
    summary: "list buckets, or objects of one",
    description: "Lists the buckets that the key may see, or the objects whose key begins with a prefix.",
    arguments: [["[place]", "BUCKET, or BUCKET/PREFIX"]],
    examples: [
      { command: "slipway s3 ls", means: "buckets" },
      { command: "slipway s3 ls csghub-server/lfs/", means: "what lies directly there" },
      { command: "slipway s3 ls csghub-server --recursive --json", means: "every object, one JSON object a line" },
    ],
    json: "S3Entry",
  },
  {
    name: "stat",
    summary: "say how large an object is, and of when",
    description: "Shows what the store says of one object: size, time, type, checksum and version.",
    arguments: [object],
    examples: [{ command: "slipway s3 stat csghub-server/avatar.png", means: "of one object" }],
    json: "S3Object",
  },
  {
    name: "cat",
    summary: "print an object",
    description: "Writes the contents of one object to standard output.",
    arguments: [object],
    examples: [{ command: "slipway s3 cat csghub-server/note.txt | less", means: "to read it" }],
  },
  {
    name: "get",
    summary: "copy an object into a file",
    description:
      "Copies one object into a file of this machine. The file is written beside it and takes its place when it is whole.",
    arguments: [object, ["<file>", "the file to write"]],
    examples: [{ command: "slipway s3 get csghub-server/avatar.png avatar.png", means: "a download" }],
    file: { index: 1, use: "output" },
    verb: "cat",
  },
  {
    name: "put",
    summary: "copy a file, or standard input, into an object",
    description:
      "Writes one object from a file of this machine, or from standard input. One that is there is replaced.",
    arguments: [object, ["[file]", "the file to read; standard input without one"]],
    examples: [
      { command: "slipway s3 put csghub-server/avatar.png avatar.png", means: "an upload" },
      { command: "pg_dump … | slipway s3 put backups/today.sql", means: "what another program writes" },
    ],
    file: { index: 1, use: "input" },
    json: "S3Change",
  },
  {
    name: "cp",
    summary: "copy an object within the store",
    description: "Copies one object to another place of the same store; nothing passes through this machine.",
    arguments: [
      ["<from>", "BUCKET/KEY"],
      ["<to>", "BUCKET/KEY"],
    ],
    examples: [{ command: "slipway s3 cp csghub-server/a.bin csghub-server/b.bin", means: "a second copy" }],
    json: "S3Change",
  },
  {
    name: "rm",
    summary: "remove an object",
    description: "Removes one object. The platform's own buckets keep its earlier versions for a while.",
    arguments: [object],
    examples: [{ command: "slipway s3 rm csghub-server/b.bin", means: "one object" }],
    json: "S3Change",
  },
];

/** `s3`: the platform's buckets. */
export function declareObjects(program: Command, runtime: Runtime): void {
  const group = program
    .command(consoleCommands.objects)
    .summary("work in the platform's buckets")
    .description(
      "Commands about the platform's object store, from inside its network, with the administrator's key unless --login names another. A store elsewhere is worked on with the key that was given for it.",
    );
  withExamples(group, [{ command: "slipway s3 ls", means: "the buckets" }]);
  for (const verb of verbs) declareVerb(group, runtime, verb);
}

function declareVerb(group: Command, runtime: Runtime, verb: Verb): void {
  const command = group.command(verb.name).summary(verb.summary).description(verb.description);
  for (const [name, description] of verb.arguments) command.argument(name, description);
  command.addOption(new Option("--login <login>", "the access key to use: with the rights of one service"));
  if (verb.name === "ls") command.option("--recursive", "every object, however deep");
  withExamples(command, verb.examples);
  if (verb.json !== undefined) printsJson(command, [verb.json]);
  command.action(() =>
    runtime.perform(command, async (session) => {
      if (verb.json === undefined) requireOwnOutput(session);
      const { login, recursive } = command.opts<{ readonly login?: string; readonly recursive?: boolean }>();
      const words = command.args;
      const path = verb.file === undefined ? undefined : words[verb.file.index];
      const places = words.filter((_, index) => index !== verb.file?.index);
      const flags = [...(recursive === true ? ["--recursive"] : []), ...(session.manner.json ? ["--json"] : [])];
      const { status } = await session.engine.openConsole({
        ...toTarget(session.selection),
        kind: "objects",
        // Behind -- because a key may begin with one.
        args: [verb.verb ?? verb.name, ...flags, "--", ...places],
        ...(login !== undefined && { login }),
        ...(verb.file !== undefined &&
          path !== undefined && { [verb.file.use]: resolve(session.context.io.cwd, path) }),
      });
      return status;
    }),
  );
}
