/** A stand-in for Casdoor in the tests of Slipway: the same files, database and port, and the same refusals. Never part of an install. */
import { PostgresStore } from "./postgres-store.ts";
import { start } from "./start.ts";

const log = (line: string): void => console.log(`${new Date().toISOString()} casdoor-stand-in: ${line}`);

async function main(): Promise<void> {
  try {
    log("this is Slipway's stand-in for Casdoor, made for tests; it is not Casdoor");
    const running = await start({
      directory: process.cwd(),
      environment: process.env,
      openStore: (source) => new PostgresStore(source),
      now: () => new Date(),
      log,
    });
    log(`http server Running on http://:${running.port}`);
    const end = (): void => void running.close().then(() => process.exit(0));
    process.on("SIGTERM", end);
    process.on("SIGINT", end);
  } catch (error) {
    log(`panic: ${error instanceof Error ? error.message : String(error)}`);
    // Go's exit status of a panic, which supervisors and tests see from the real one.
    process.exit(2);
  }
}

void main();
