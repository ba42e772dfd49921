import { createPublicKey, type JsonWebKey, timingSafeEqual } from "node:crypto";
import type { S3Wire } from "../../../../toolbox/src/contract.generated.ts";
import { errorText } from "../../../../toolbox/src/errors.ts";
import { jsonOf, sendHttp } from "../../../../toolbox/src/http-request.ts";
import { gitalyCheck } from "../../../../toolbox/src/wires/gitaly.ts";
import { natsCheck } from "../../../../toolbox/src/wires/nats.ts";
import { redisCheck } from "../../../../toolbox/src/wires/redis.ts";
import { s3Check } from "../../../../toolbox/src/wires/s3.ts";
import { temporalCheck } from "../../../../toolbox/src/wires/temporal.ts";
import type { WireCheck } from "../../../../toolbox/src/wires/wire-check.ts";
import { readExtensions } from "./previews.ts";
import { at, bearer, empty, json, type Route } from "./http.ts";
import { dsnOf, namespace, natsLogin, readCertificate } from "./reach.ts";
import { redisAddress } from "./redis.ts";
import { peerNames } from "./server-settings.ts";
import type { Environment, Settings, Use } from "./settings.ts";
import { withDatabase } from "./with-database.ts";

/** Dependency to how it is used once, with what the program was given. */
export type Uses = Readonly<Record<string, () => Promise<unknown>>>;

const seconds = 30;

/** `GET /probe` with the hub's token: each dependency is used, and the answer says for each whether it works. The real programs have none. */
export function probeRoute(token: string, uses: Uses): Route {
  return at("GET", "/probe", async (exchange) => {
    if (!isEqual(bearer(exchange) ?? "", token)) return empty(401);
    const found = await Promise.all(
      Object.entries(uses).map(async ([name, use]): Promise<[string, object]> => {
        try {
          await use();
          return [name, { ok: true }];
        } catch (error) {
          return [name, { ok: false, error: errorText(error) }];
        }
      }),
    );
    return json(200, Object.fromEntries(found));
  });
}

function isEqual(given: string, wanted: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(wanted)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** What a program of the hub works with. */
export function serverUses(settings: Settings, uses: readonly Use[], environment: Environment): Uses {
  const caFile = environment["SSL_CERT_FILE"];
  const of: Readonly<Partial<Record<Use, Uses>>> = {
    database: { database: () => withDatabase(dsnOf(settings), (client) => client.query("SELECT count(*) FROM users")) },
    redis: { redis: () => useRedis(settings) },
    nats: { nats: () => prove(natsCheck, { kind: "nats", ...about, ...natsLogin(settings) }) },
    temporal: {
      temporal: () => {
        const address = settings.text("OPENCSG_WORKFLOW_SERVER_ENDPOINT");
        return prove(temporalCheck, { kind: "temporal", ...about, address, namespace });
      },
    },
    gitaly: { gitaly: () => useGitaly(settings) },
    objects: {
      objects: () => {
        const virtualHost = settings.text("STARHUB_SERVER_S3_BUCKET_LOOKUP") === "dns";
        return prove(s3Check, { ...objectsOf(settings, "STARHUB_SERVER_S3", caFile), virtualHost });
      },
    },
    previews: { previews: () => readExtensions(environment) },
    signIn: { casdoor: () => useCasdoor(settings, caFile) },
    peers: peerUses(settings),
  };
  return Object.assign({}, ...uses.map((use) => of[use] ?? {})) as Uses;
}

/** What the portal works with; Casdoor is asked by browsers alone. */
export function portalUses(settings: Settings, environment: Environment, database: () => Promise<unknown>): Uses {
  const caFile = environment["SSL_CERT_FILE"];
  const text = (name: string): string => settings.text(`CSGHUB_PORTAL_${name}`);
  const asked = async (url: string, wanted = 200, headers: Readonly<Record<string, string>> = {}): Promise<void> => {
    const { status } = await sendHttp({ url, caFile, headers });
    if (status !== wanted) throw new Error(`${url} answers ${status}`);
  };
  const key = { authorization: `Bearer ${text("STARHUB_API_KEY")}` };
  return {
    database,
    objects: () => prove(s3Check, { ...objectsOf(settings, "CSGHUB_PORTAL_S3", caFile), publicRead: true }),
    privateObjects: () => prove(s3Check, objectsOf(settings, "CSGHUB_PORTAL_PRIVATE_S3", caFile)),
    hub: () => asked(`${text("STARHUB_BASE_URL")}/api/v1/models?page=1&per=1`),
    // The hub says 401 to who has no key, and 500 for a token that is none.
    hubKey: () => asked(`${text("STARHUB_BASE_URL")}/api/v1/jwt/none`, 500, key),
    aigateway: () => asked(`${text("AI_GATEWAY_HOST")}/v1/models`),
  };
}

/** Fields of a check that only its report uses. */
const about = { name: "probe", from: "stand-in", to: "dependency" } as const;

async function prove<W>(check: WireCheck<W>, wire: W): Promise<void> {
  const undos: (() => Promise<void> | void)[] = [];
  try {
    const signal = AbortSignal.timeout(seconds * 1000);
    await check.prove(wire, { signal, note: () => undefined, atEnd: (undo) => undos.push(undo) });
  } finally {
    for (const undo of undos.reverse()) await undo();
  }
}

function useRedis(settings: Settings): Promise<void> {
  const { host, port } = redisAddress(settings);
  const password = settings.text("STARHUB_SERVER_REDIS_PASSWORD");
  const user = settings.text("STARHUB_SERVER_REDIS_USER");
  return prove(redisCheck, { kind: "redis", ...about, host, port, password, ...(user === "" ? {} : { user }) });
}

function useGitaly(settings: Settings): Promise<void> {
  return prove(gitalyCheck, {
    kind: "gitaly",
    ...about,
    address: settings.text("STARHUB_SERVER_GITALY_SERVER_SOCKET").replace("tcp://", ""),
    token: settings.text("STARHUB_SERVER_GITALY_TOKEN"),
    storage: settings.text("STARHUB_SERVER_GITALY_STORAGE"),
  });
}

function objectsOf(settings: Settings, prefix: string, caFile: string | undefined): S3Wire {
  const text = (name: string): string => settings.text(`${prefix}_${name}`);
  const endpoint = `${settings.flag(`${prefix}_ENABLE_SSL`) ? "https" : "http"}://${text("ENDPOINT")}`;
  return {
    kind: "s3",
    ...about,
    endpoint,
    publicEndpoint: endpoint,
    region: text("REGION"),
    accessKey: text("ACCESS_KEY_ID"),
    secretKey: text("ACCESS_KEY_SECRET"),
    bucket: text("BUCKET"),
    deniedBuckets: [],
    ...(caFile === undefined ? {} : { caFile }),
  };
}

/** Casdoor at its public address calls itself by it, and signs with the key of the certificate that the program has. */
async function useCasdoor(settings: Settings, caFile: string | undefined): Promise<void> {
  const endpoint = settings.text("STARHUB_SERVER_CASDOOR_ENDPOINT").replace(/\/$/, "");
  const get = async (url: string): Promise<unknown> => jsonOf(await sendHttp({ url, caFile }), url);
  const { issuer } = (await get(`${endpoint}/.well-known/openid-configuration`)) as { readonly issuer?: unknown };
  if (issuer !== endpoint) throw new Error(`Casdoor at ${endpoint} calls itself ${String(issuer)}`);
  const { keys } = (await get(`${endpoint}/.well-known/jwks`)) as { readonly keys: readonly JsonWebKey[] };
  const { n } = (await readCertificate(settings)).publicKey.export({ format: "jwk" });
  const isOurs = (jwk: JsonWebKey): boolean =>
    createPublicKey({ key: jwk, format: "jwk" }).export({ format: "jwk" }).n === n;
  if (!keys.some(isOurs)) throw new Error("Casdoor signs with no key of the certificate");
}

/** Peers that run; one that is not installed is said to be on the program's own machine. */
function peerUses(settings: Settings): Uses {
  const uses = Object.entries(peerNames).flatMap(([peer, name]): [string, () => Promise<unknown>][] => {
    const host = settings.text(`${name}_HOST`);
    if (host === "http://127.0.0.1") return [];
    return [[`peer:${peer}`, () => sendHttp({ url: `${host}:${settings.text(`${name}_PORT`)}/` })]];
  });
  return Object.fromEntries(uses);
}
