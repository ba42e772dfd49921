import { readJsonLines } from "./engine-streams.ts";

/** One line of the engine's progress: https://docs.docker.com/reference/api/engine/, "Create an image". */
interface ProgressLine {
  readonly id?: string;
  readonly status?: string;
  readonly stream?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly error?: string;
}

/**
 * Tells how far the engine is, to the end of its answer.
 * @returns what the engine said went wrong; it answers 200 before it begins
 */
export async function readProgress(
  answer: NodeJS.ReadableStream,
  onProgress: (detail: string) => void,
  onHeard: () => void,
): Promise<string | undefined> {
  let error: string | undefined;
  await readJsonLines(answer, (document) => {
    onHeard();
    const line = document as ProgressLine;
    error ??= line.error;
    const detail = describeProgress(line);
    if (detail !== "") onProgress(detail);
  });
  return error;
}

/** What the engine says of itself and not of how far it is; some of it repeats the reference asked for. */
const chatter = /^(Pulling from|Pulling fs layer|Already exists|Waiting|Digest:|Status:)/;

function describeProgress({ id, status, stream, progressDetail }: ProgressLine): string {
  if (chatter.test(status ?? "")) return "";
  const { current, total } = progressDetail ?? {};
  const share =
    current === undefined || total === undefined || total <= 0 ? "" : ` ${Math.floor((current / total) * 100)} %`;
  const text = status ?? stream ?? "";
  return `${id === undefined || text === "" ? "" : `${id}: `}${text.trim()}${share}`;
}
