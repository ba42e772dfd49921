// Takes secrets out of log lines as a support bundle does, and prints how fast and in how much memory, as JSON.
import { randomBytes } from "node:crypto";
import { keepMemorySmall } from "../../src/platform/keep-memory-small.ts";
import { createSecretFinder } from "../../src/execute/secrets/redactor.ts";
import { createRedactingStream } from "../../src/execute/secrets/redact-stream.ts";
import { keepNewest } from "../../src/actions/support/newest-bytes.ts";

// As the program does before it loads a command.
keepMemorySmall("support-bundle");

const megabytes = Number(process.argv[2]);

/** As many secrets as the profile `standard` has, some of them keys of many lines. */
const secrets = new Map<string, string>();
for (let index = 0; index < 100; index += 1) secrets.set(`secret-${index}`, randomBytes(24).toString("base64url"));
for (let index = 0; index < 8; index += 1) {
  const lines = Array.from({ length: 26 }, () => randomBytes(48).toString("base64"));
  secrets.set(`key-${index}`, ["-----BEGIN PRIVATE KEY-----", ...lines, "-----END PRIVATE KEY-----", ""].join("\n"));
}

/** What programs of a platform write: one line in a hundred has a secret, one in fifty something with the shape of one. */
function logLine(index: number): string {
  const at = `2026-11-30T10:00:${String(index % 60).padStart(2, "0")}.123Z`;
  const [secret = ""] = [...secrets.values()].slice(index % 100);
  if (index % 100 === 0) return `${at} level=error msg="cannot sign in" dsn="host=postgres password=${secret}"`;
  if (index % 50 === 1) return `${at} GET https://s3.hub.example.org/b/o?X-Amz-Signature=${"ab12".repeat(16)} 200`;
  if (index % 3 === 0) return `${at} UTC [${index}] LOG:  checkpoint complete: wrote ${index} buffers (0.8%)`;
  if (index % 3 === 1) return `10.1.2.3 - - [${at}] "GET /api/v1/models/abc?page=2 HTTP/1.1" 200 ${index} "-" "curl/8"`;
  return `{"time":"${at}","level":"info","msg":"request done","path":"https://hub.example.org/a","ms":12.5}`;
}

const lines = Array.from({ length: 10_000 }, (_, index) => `${logLine(index)}\n`);
const newest = keepNewest(8 * 2 ** 20);
const stream = createRedactingStream(createSecretFinder(secrets), (bytes) => newest.write(bytes));
let bytes = 0;
const begin = performance.now();
while (bytes < megabytes * 1e6) {
  for (const line of lines) {
    stream.push(line);
    bytes += line.length;
  }
}
stream.end();
const seconds = (performance.now() - begin) / 1000;
const { secret = 0 } = stream.redactions();
if (secret < bytes / 1e6) throw new Error(`only ${secret} secrets were taken out`);
const peakMiB = Math.ceil(process.resourceUsage().maxRSS / 1024);
process.stdout.write(`${JSON.stringify({ megabytesPerSecond: bytes / 1e6 / seconds, peakMiB })}\n`);
