import { randomSecret } from "../define.ts";
import { hubComponent } from "../groups/hub-program.ts";
import { hubPorts } from "../groups/hub-file.ts";
import { routeWire } from "../groups/public-address.ts";
import type { Route } from "../model.ts";
import { secret } from "../text.ts";

const answersKey = randomSecret("hub-answers", "key that signs the ids of answers of models");
const path = "/aigateway/";

/** Calls to models, in OpenAI's form. */
export const aigateway = hubComponent({
  id: "csghub-aigateway",
  key: "aigateway",
  aliases: ["aigateway"],
  title: { en: "AI gateway", zh: "AI 网关" },
  purpose: { en: "Calls to models, in OpenAI's form", zh: "以 OpenAI 接口调用模型" },
  leastMemory: 64,
  command: ["aigateway", "launch"],
  port: hubPorts.aigateway,
  readyPath: "/healthz",
  uses: ["redis", "nats", "gitaly", "objects", "session"],
  settings: ({ addressing }) => ({
    env: { OPENCSG_AIGATEWAY_PUBLIC_URL: `${addressing.mainUrl}${path}v1` },
    file: { "aigateway.responses_id_secret": [secret(answersKey.name)] },
    secrets: [answersKey],
  }),
  more: (context) => ({
    routes,
    wires: [
      routeWire(context, "aigateway", {
        path: `${path}v1/models`,
        expectation: "the AI gateway lists models",
        expect: { expectStatus: 200 },
      }),
    ],
  }),
});

/** Answers are sent word by word, for as long as a model speaks. */
const routes: readonly Route[] = [
  {
    id: "aigateway-internals",
    listener: "main",
    match: { kind: "regex", path: "^/aigateway/+(metrics|debug|healthz|internal)(/|$)" },
    action: { kind: "deny", status: 404 },
  },
  {
    id: "aigateway",
    listener: "main",
    match: { kind: "prefix", path },
    action: { kind: "proxy", to: "csghub-aigateway.http", timeoutSeconds: 3600, streaming: true, rewrite: "/" },
  },
];
