import { fork } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

/** Processes that hash and do nothing else, one a core, started and waiting. */
export interface Hashers {
  /** Has every file hashed, the bytes spread evenly over the cores. */
  run(): Promise<void>;
  close(): Promise<void>;
}

/** Starts them for files of these sizes. What OpenSSL is told of the processor it reads when it starts: so they are processes. */
export async function startHashers(files: ReadonlyMap<string, number>): Promise<Hashers> {
  const program = fileURLToPath(new URL("./hash-files.ts", import.meta.url));
  const shares = sharesOf(files, availableParallelism()).map((paths) => ({ paths, child: fork(program) }));
  await Promise.all(shares.map(({ child }) => once(child, "message")));
  return {
    run: async () => {
      await Promise.all(
        shares.map(({ paths, child }) => {
          const done = once(child, "message");
          child.send(paths);
          return done;
        }),
      );
    },
    close: async () => {
      await Promise.all(
        shares.map(({ child }) => {
          const gone = once(child, "exit");
          child.disconnect();
          return gone;
        }),
      );
    },
  };
}

/** Largest first, each to the share with the fewest bytes. */
function sharesOf(files: ReadonlyMap<string, number>, count: number): readonly (readonly string[])[] {
  const shares = Array.from({ length: count }, () => ({ paths: new Array<string>(), bytes: 0 }));
  for (const [path, size] of [...files].toSorted(([, a], [, b]) => b - a)) {
    const least = shares.reduce((best, share) => (share.bytes < best.bytes ? share : best));
    least.paths.push(path);
    least.bytes += size;
  }
  return shares.map(({ paths }) => paths);
}
