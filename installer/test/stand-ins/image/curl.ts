/** As much of curl as a health command uses: -f -s -S -o FILE --max-time SECONDS -b FILE -c FILE URL. Anything else is refused. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    fail: { type: "boolean", short: "f" },
    silent: { type: "boolean", short: "s" },
    "show-error": { type: "boolean", short: "S" },
    output: { type: "string", short: "o" },
    "max-time": { type: "string", short: "m", default: "30" },
    cookie: { type: "string", short: "b" },
    "cookie-jar": { type: "string", short: "c" },
  },
});
async function main(): Promise<void> {
  const [url] = positionals;
  if (url === undefined || positionals.length > 1) {
    console.error("curl (of a stand-in): one URL is wanted");
    process.exit(2);
  }
  const answer = await get(url).catch((error: unknown) => {
    if (values["show-error"] === true)
      console.error(`curl: (7) ${error instanceof Error ? error.message : String(error)}`);
    process.exit(7);
  });
  if (values["cookie-jar"] !== undefined && answer.cookie !== undefined)
    writeFileSync(values["cookie-jar"], answer.cookie);
  if (values.fail === true && answer.status >= 400) {
    if (values["show-error"] === true) console.error(`curl: (22) The requested URL returned error: ${answer.status}`);
    process.exit(22);
  }
  if (values.output === undefined) process.stdout.write(answer.body);
  else if (values.output !== "/dev/null") writeFileSync(values.output, answer.body);
}

async function get(
  url: string,
): Promise<{ readonly status: number; readonly body: string; readonly cookie: string | undefined }> {
  const jar =
    values.cookie !== undefined && existsSync(values.cookie) ? readFileSync(values.cookie, "utf8").trim() : "";
  const answer = await fetch(url, {
    redirect: "manual",
    signal: AbortSignal.timeout(Number(values["max-time"]) * 1000),
    ...(jar === "" ? {} : { headers: { cookie: jar } }),
  });
  return {
    status: answer.status,
    body: await answer.text(),
    cookie: answer.headers.getSetCookie()[0]?.split(";")[0],
  };
}

void main();
