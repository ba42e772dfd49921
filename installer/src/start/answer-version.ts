/** Answers `--version` before anything is read: scripts and completions ask for it all the time. True when that was all. */
export function answerVersion(argv: readonly string[], version: string): boolean {
  if (argv.length !== 3 || argv[2] !== "--version") return false;
  process.stdout.write(`${version}\n`);
  return true;
}
