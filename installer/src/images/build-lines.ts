/** What one line of a build's log says about what is going on. */
export interface BuildLine {
  /** The step of the Dockerfile that begins here. */
  readonly step?: string;
  /** How many Go packages the program that is compiled now is made of. */
  readonly packages?: number;
  /** The Go package whose compilation begins here. */
  readonly compiles?: string;
  /** What is being worked on, in words. */
  readonly work?: string;
}

/** A line of the log without BuildKit's step number and clock. */
export function plainLine(line: string): string {
  return line.replace(/^#\d+ (?:\d+\.\d+ )?/, "");
}

/** Reads a line of BuildKit's plain progress: steps, and inside them what Go and Debian's tools print. */
export function readBuildLine(line: string): BuildLine {
  const step = shortStep(line);
  if (step !== undefined) return { step };
  const text = plainLine(line).trim();
  const packages = /^packages: (\d+)$/.exec(text)?.[1];
  if (packages !== undefined) return { packages: Number(packages) };
  // Go's own packages are not counted: most of them were compiled for another image. Others begin with a host's name.
  if (/^[a-z0-9-]+(?:\.[a-z0-9-]+)+\/[\w.~/-]+$/i.test(text)) return { compiles: text, work: `compiling ${text}` };
  const download = /^go: downloading (\S+)/.exec(text)?.[1];
  if (download !== undefined) return { work: `downloading ${download}` };
  const unpacked = /^(?:Unpacking|Setting up) ([^\s:]+)/.exec(text)?.[1];
  if (unpacked !== undefined) return { work: `installing ${unpacked}` };
  return {};
}

/** The step of the Dockerfile that a line announces, without the mounts, which are the same everywhere. */
export function shortStep(line: string): string | undefined {
  return /^#\d+ (\[[^\]]+\] .+)$/
    .exec(line)?.[1]
    ?.replace(/--mount=\S+/g, "")
    .replace(/\s+/g, " ")
    .slice(0, 120);
}
