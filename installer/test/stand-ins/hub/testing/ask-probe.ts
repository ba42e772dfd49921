/** What a program of the stand-in says of each thing that it was given. */
export type Probed = Readonly<Record<string, { readonly ok: boolean; readonly error?: string }>>;

/** Runs inside the container, so that the token stays where it is. */
const ask = `
const { existsSync, readFileSync } = require("node:fs");
const [hub, portal] = ["/run/slipway/hub.toml", "/run/slipway/portal.env"];
const token = existsSync(hub)
  ? /^api_token = "([^"]+)"/m.exec(readFileSync(hub, "utf8"))
  : /STARHUB_API_KEY='([^']+)'/.exec(readFileSync(portal, "utf8"));
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
