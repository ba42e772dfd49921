import { proofs } from "../proof.ts";
import type { BadInput } from "./row.ts";

const nothing = "nothing was begun";
const command = "commands/metrics";
const serve = "metrics/serve-metrics";
const refused = "metrics %s is refused before anything is asked";

/** What is wrong with what metrics are asked of, or served on. */
export const metricsRows: readonly BadInput[] = [
  {
    fault: "an address to listen on that is none: without a port, with one out of bounds",
    says: "… is not an address to listen on",
    code: "USAGE",
    state: nothing,
    again: "written as 127.0.0.1:9464",
    proofs: proofs(command, [refused, "--listen 9464"], [refused, "--listen 127.0.0.1:99999"]),
  },
  {
    fault: "an address that other machines reach, without TLS and without a word that this is meant",
    says: "… is reached by other machines, and everybody on the way could read along",
    code: "USAGE",
    state: nothing,
    again: "with --tls-cert and --tls-key, or --plain-http",
    proofs: proofs(command, [refused, "--listen 0.0.0.0:9464"], [refused, "--listen [::]:9464"]),
  },
  {
    fault: "a certificate without its key, or a file that is not there",
    says: "there is no file …",
    code: "USAGE",
    state: nothing,
    again: "with both files",
    proofs: [
      ...proofs(command, [refused, "--listen 0.0.0.0:9464 --tls-cert c.pem"]),
      ...proofs(serve, "does not begin without the TLS files that were named"),
    ],
  },
  {
    fault: "a port that another program listens on",
    says: "… cannot be listened on: …",
    code: "PREFLIGHT_FAILED",
    state: nothing,
    again: "with another port, or when that program has ended",
    proofs: proofs(serve, "does not begin where another program listens, and says so"),
  },
  {
    fault: "a name under which nothing is installed, or whose records are elsewhere",
    says: "nothing is installed under the name …",
    code: "PREFLIGHT_FAILED",
    state: nothing,
    again: "with the right --name and --state-dir",
    proofs: [
      ...proofs(
        "metrics/metrics",
        "are none where nothing is installed, and say so",
        "say where the records are of a platform whose records are not here",
      ),
      ...proofs(serve, "does not begin where nothing is installed"),
    ],
  },
  {
    fault: "an engine or a cluster that is away, or does not answer in time",
    state: "what the records say is told, and `slipway_look_ok` is 0, for which there is an alert",
    again: "not needed: the next scrape looks again, and no second look is begun beside one that hangs",
    proofs: [
      ...proofs("metrics/metrics", "are what the records say where what it runs on does not answer"),
      ...proofs(
        serve,
        "goes on, and says so once, while what the platform runs on is away",
        "does not wait longer than Prometheus does for one that hangs, and begins no second look beside it",
      ),
    ],
  },
  {
    fault: "records that are damaged while metrics are served",
    state: "a scrape is answered with 503, which says nothing about the machine; the reason is on standard error",
    again: "not needed: it goes on when they can be read again",
    proofs: proofs(serve, "answers 503, without a word about the machine, when records can be read no more"),
  },
];
