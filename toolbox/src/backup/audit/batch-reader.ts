import { ToolboxError } from "../../errors.ts";

const newline = 10;

/**
 * Takes the output of `git cat-file --batch` as it comes and gives each object's content: a line that ends with its bytes, so many
 * bytes, a line end (https://git-scm.com/docs/git-cat-file/2.47.0#_batch_output).
 */
export function batchReader(take: (content: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (;;) {
      const end = rest.indexOf(newline, at);
      if (end === -1) break;
      const size = sizeIn(rest.toString("latin1", at, end));
      if (rest.length < end + size + 2) break;
      take(rest.subarray(end + 1, end + 1 + size));
      at = end + size + 2;
    }
    rest = rest.subarray(at);
  };
}

function sizeIn(line: string): number {
  const size = /^[0-9a-f]+ \w+ (?<size>\d+)$/.exec(line)?.groups?.["size"];
  if (size === undefined) throw new ToolboxError(`git gave no object: ${line}`);
  return Number(size);
}
