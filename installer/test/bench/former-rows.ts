import { type Bench, install, withBench } from "./bench-platform.ts";
import { formerName, prepareFormerProgram, withFormerImages } from "./former-program.ts";
import { compare } from "./measure.ts";
import { type BenchRow, type Outcome, atMost } from "./row.ts";

/** No command that looks at a running platform may have become slower, whatever it is made of now. */
const notSlower = 1.05;

/**
 * Commands that ask the engine, against the program before one engine served every target. Each has a platform of its own,
 * made from the same values on the same engine: they keep their records in different formats.
 */
export function formerRows(program: string): readonly BenchRow[] {
  return [
    {
      id: "status-former",
      title: "`status` of infra",
      rival: `the same of the program at ${formerName}`,
      measure: (say) => withPair(program, say, (bench) => bench.slipway("status")),
    },
    {
      id: "no-op-former",
      title: "`install` with nothing to do",
      rival: `the same of the program at ${formerName}`,
      measure: (say) => withPair(program, say, (bench) => bench.slipway("install")),
    },
  ];
}

async function withPair(
  program: string,
  say: (text: string) => void,
  run: (bench: Bench) => Promise<string>,
): Promise<Outcome> {
  const former = await prepareFormerProgram(say);
  return withFormerImages(former, say, () =>
    withBench(program, "infra", (ours) =>
      withBench(former.program, "infra", async (theirs) => {
        await install(ours);
        await install(theirs);
        const comparison = await compare(
          { run: () => run(ours) },
          { run: () => run(theirs) },
          { rounds: 25, warmUps: 3, onRound: say },
        );
        return atMost(comparison, notSlower);
      }),
    ),
  );
}
