import type { BenchRow, Outcome } from "./row.ts";

export type Measured = Omit<BenchRow, "measure"> & Outcome;

/** What one run of a group of benchmarks found; kept beside the program, so that the page can be written whole. */
export interface GroupResult {
  readonly machine: string;
  readonly rows: readonly Measured[];
}

export type Group = "platform" | "cluster" | "backup" | "quickstart" | "bundle" | "bundle-without-sha";

const heads = ["what", "against", "ours", "rival", "figure", "bar", ""];

/** The result for a terminal. */
export function toTable(result: GroupResult): string {
  const lines = [heads, ...result.rows.map(cells)];
  const widths = heads.map((_head, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const text = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const missed = result.rows.filter((row) => !row.pass);
  const verdict = missed.length === 0 ? "every bar is met" : `missed: ${missed.map((row) => row.id).join(", ")}`;
  return `${result.machine}\n\n${text.join("\n")}\n\n${verdict}\n`;
}

/** The results as a page of the documentation. */
export function toMarkdown(results: Readonly<Record<Group, GroupResult | undefined>>): string {
  const { platform, cluster, backup, quickstart, bundle } = results;
  return `# Benchmarks

Ours and the rival run in turn on the same machine, A B A B; times are medians and only ratios have a bar: seconds depend on the machine.

## Command line and bring-up

Written by \`npm run bench -- --write\`. ${section(platform)}

- The command line is measured as it ships, \`dist/slipway.cjs\`, after a first start that fills its cache of compiled code. That cache
  and what \`render\` writes, some hundred files and folders, are on a memory file system: on a disk, how long these take to make decides.
- A fresh \`install\` includes preflight, journal, making every secret and certificate, rendering and writing all files, volumes, networks,
  jobs and the health of every component; wires are proved separately (\`verify\`). The rival gets the finished Compose file with all secrets
  made, and runs as few Compose calls as possible with jobs side by side, those that wait by themselves as soon as what they need was started.
  The rendered file orders its services by their health, and its jobs stand behind a profile: when each runs is what a person who knows the
  platform would type.
- The critical path of a fresh \`install\` is what \`--timings\` prints: from what ended last back to what that waited for. The row tells how much
  of a run is anything else: reading, looking, creating containers, records, and turns that nobody needed.
- What is compared with an earlier program runs beside it: that one and its toolbox are checked out and built from its commit, and each
  looks at a platform of its own, made from the same values; nearly all other images are today's on both sides.
- Secrets are taken out of log lines in a process of its own, from its sources: 108 secrets in every encoding, and what has the shape of one; a line
  in a hundred has a secret. The memory is that of the whole process with the newest 8 MiB of the log; some 20 MiB of it are Node's reader of TypeScript.
- Casdoor's place is taken by the stand-in of the tests on both sides.

## On Kubernetes

Written by \`npm run bench:cluster -- --write\`. ${section(cluster)}

- A real Kubernetes of one node on the same machine ([how](testing-on-kubernetes.md)), with the images; a namespace is removed between rounds.
- A fresh \`install\` includes preflight with a rehearsal of every object, all secrets and certificates, claims, the release and the health of every
  component. The rival gets the rendered chart and values, a namespace and every Secret, and makes nothing but the release.
- Nodes and pods of the last two rows are objects of the API server without a kubelet. The pods of the first of them bear the labels of the install.

## Backups

Written by \`npm run bench:backup -- --write\`. ${section(backup)}

- The data are bytes that cannot be compressed: a tenth in rows, a tenth in commits, a tenth in layers of images, the rest in objects of 16 MiB.
  Before each round one in a hundred comes on top in the same way. The repository of backups, and what a rival writes, are on the same disk.
- Ours is the whole command: deletes are held, everything is copied as of one moment and stored; somebody pushes all the time. The proof is
  left out, for no rival has one. \`restic backup\` is given the folder that ours has put together, with a repository that has the one before.
- By hand, the platform is stopped before databases are dumped and started when the volumes are packed: so long nobody works.
- A \`restore\` begins with an engine that has only images, and ends with a platform that has proved its wires. \`restic restore\` writes files.

## First quickstart

Written by \`npm run bench:quickstart -- --write\`. ${section(quickstart)}

- Both run once, one after the other, each with an engine, a home folder, a network and a checkout of its own: npm packages, the Debian base,
  Go modules and every image are fetched and made anew. Docker and mmdebstrap are installed, and the machine's mirrors are used.
- The time is that of the whole command, to the end of \`install\` with all wires proved.

## Bundles and registries

### On a processor with SHA instructions

Written by \`npm run bench:bundle -- --write\`. ${section(bundle)}

### On a processor without

Written by \`npm run bench:bundle -- --write --without-sha\`. ${section(results["bundle-without-sha"])}

### What these rows are

- W1: 12 images, 441 MB of unique blobs, 2.34 GB when layers are counted for each image. W2: 60 small images, 28 MB, 184 unique blobs, 206
  mounts. W3: W1 with one layer of one image changed, 18 MB. W4: 13 images on one base of 80 MB, 127 MB together. Layers are gzip streams of
  tars of random bytes; layouts and registries are on a memory file system, except where a disk is named and for the 5 GB blob.
- The registry is Debian's \`docker-registry\`, started empty for each round where a push is measured; a delay is made by a proxy of ours that
  both sides go through. Rivals get one process an image, as their users start them; \`skopeo\` keeps its cache of known blobs, unless the row
  says that it is wiped.
- Where somebody is signed in, the registry takes tokens of a server of ours, which waits before each as long as the row says: half a second
  is what Harbor 2.15 takes to hash the password of a user.
- Every run of ours is the whole command as it ships, from its start to its end, with the check of a bundle's signature. What is pushed is hashed by the
  registry; in all else every byte is hashed by us.
`;
}

function section(result: GroupResult | undefined): string {
  if (result === undefined) return "Not measured yet.";
  const toLine = (line: readonly string[]): string => `| ${line.join(" | ")} |`;
  const lines = [toLine(heads), toLine(heads.map(() => "---")), ...result.rows.map((row) => toLine(cells(row)))];
  return `${result.machine}.\n\n${lines.join("\n")}`;
}

function cells(row: Measured): readonly string[] {
  return [row.title, row.rival, row.ours, row.theirs, row.figure, row.bar, row.pass ? "pass" : "FAIL"];
}
