import { join } from "node:path";
import type { Collector } from "../collector.ts";
import { copyFile } from "../copy-file.ts";

/** Bytes of the log of a run that are kept. */
const runLogLimit = 4 * 2 ** 20;

export const history: Collector = {
  id: "history",
  holds: "what was done to the install, with the log of each run that is kept, and the journal",
  why: "which change went wrong, and at which step",
  collect: async ({ install, ports, look, addJson, addStream, failed }) => {
    const { layout } = install;
    const copy = async (from: string, to: string): Promise<void> => {
      try {
        await addStream(to, runLogLimit, (write) => copyFile(from, write, ports));
      } catch (error) {
        ports.signal.throwIfAborted();
        failed(from, error);
      }
    };
    for (const name of await look.runLogs()) await copy(join(layout.logs, name), `runs/${name}`);
    if (await ports.fs.exists(layout.journal)) await copy(layout.journal, "journal.jsonl");
    await addJson("history.json", await look.history());
  },
};
