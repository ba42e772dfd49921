export type Log = (message: string) => void;

/** Lines as Go's slog writes them, on the standard output. */
export function openLog(format: string, write: (line: string) => void): Log {
  const now = (): string => new Date().toISOString();
  return format === "json"
    ? (message) => {
        write(JSON.stringify({ time: now(), level: "INFO", msg: message }));
      }
    : (message) => {
        write(`time=${now()} level=INFO msg=${JSON.stringify(message)}`);
      };
}
