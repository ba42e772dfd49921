/** What a program of the stand-in says of each thing that it was given. */
export type Probed = Readonly<Record<string, { readonly ok: boolean; readonly error?: string }>>;

/** Runs inside the container, so that the token stays where it is. */
const ask = `
const { existsSync, readFileSync } = require("node:fs");
const files = ["hub.toml", "portal.env", "dataflow.env", "label-studio.env"].map((name) => "/run/slipway/" + name);
const [file] = files.filter((path) => existsSync(path));
const token = /^(?:api_token = "|.*(?:STARHUB_API_KEY|DATABASE_PASSWORD|POSTGRE_PASSWORD)=')([^"']+)/m.exec(readFileSync(file, "utf8"));
fetch("http://127.0.0.1:" + process.argv[1] + "/probe", { headers: { authorization: "Bearer " + token[1] } })
  .then((answer) => answer.text())
  .then((text) => console.log(text));
`;

/** Asks one container for its probe; `docker` runs the engine's command line and gives what it printed. */
export async function askProbe(
  docker: (...args: readonly string[]) => Promise<string>,
  container: string,
  port: number,
): Promise<Probed> {
  return JSON.parse(await docker("exec", container, "node", "-e", ask, String(port))) as Probed;
}
