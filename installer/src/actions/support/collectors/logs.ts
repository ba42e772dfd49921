import type { Collector } from "../collector.ts";

/** Bytes of the log of a container that are kept, the newest. */
export const logLimit = 8 * 2 ** 20;

export const logs: Collector = {
  id: "logs",
  holds: `log lines of every container since --since, of each the newest ${logLimit / 2 ** 20} MiB`,
  why: "what the components say themselves",
  collect: async ({ ports, look, since, addStream, failed }) => {
    for (const copy of await look.copies()) {
      const path = `logs/${copy.component}/${copy.name}.log`;
      try {
        await addStream(path, logLimit, (write) => {
          const onLine = (line: string): void => write(`${line}\n`);
          return ports.target.logs(copy, { follow: false, tail: -1, since, onLine }, ports.signal);
        });
      } catch (error) {
        ports.signal.throwIfAborted();
        failed(copy.name, error);
      }
    }
  },
};
