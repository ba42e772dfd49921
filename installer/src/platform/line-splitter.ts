/** Puts text that comes in pieces into lines; pieces may end within a line or within a character. */
export function lineSplitter(onLine: (line: string) => void): { push(chunk: Buffer): void; end(): void } {
  const decoder = new TextDecoder();
  let rest = "";
  return {
    push: (chunk) => {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      for (const line of parts) onLine(line.replace(/\r$/, ""));
    },
    end: () => {
      if (rest !== "") onLine(rest);
    },
  };
}
