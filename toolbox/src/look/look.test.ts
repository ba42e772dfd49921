import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { OutsideCasdoor, OutsideS3, OutsideService } from "../contract.generated.ts";
import type { LookFinding, LookLine } from "../contract.ts";
import { redactor, secretsOf } from "../redact.ts";
import { lookAtServices } from "./look.ts";

const running: Server[] = [];

afterEach(() => {
  for (const server of running.splice(0)) server.close();
});

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  running.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function look(service: OutsideService): Promise<readonly LookFinding[]> {
  const lines: LookLine[] = [];
  const document = { services: [service] };
  await lookAtServices(document, redactor(secretsOf(document)), (line) => void lines.push(line));
  expect(lines.map((line) => line.service)).toEqual([service.service]);
  return lines[0]?.findings ?? [];
}

function messages(findings: readonly LookFinding[]): readonly string[] {
  return findings.map(({ severity, message, remedy }) => `${severity}: ${message} -> ${remedy}`);
}

const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toUTCString();

describe("an object store", () => {
  const store = (endpoint: string, more: Partial<OutsideS3> = {}): OutsideS3 => ({
    ...{ kind: "s3", service: "minio", endpoint, region: "cn-north-1", accessKey: "hub", secretKey: "the-secret" },
    ...{ makesBuckets: false, buckets: [{ name: "models", publicRead: false }], ...more },
  });
  const error = (code: string): string => `<Error><Code>${code}</Code><Message>said so</Message></Error>`;

  it("whose clock is far off refuses signatures, and by how much is told", async () => {
    const url = await listen((_, response) => {
      response.writeHead(403, { date: inSeconds(-1200) }).end(error("RequestTimeTooSkewed"));
    });

    expect(messages(await look(store(url)))).toEqual([
      expect.stringMatching(
        /^failure: the clock of the object store is 1(199|200|201) s behind this host's, .* -> set the wrong one/,
      ),
    ]);
  });

  it("whose clock drifts is warned of before it refuses", async () => {
    const url = await listen((_, response) => {
      response.writeHead(404, { date: inSeconds(300) }).end(error("NoSuchBucket"));
    });

    expect(messages(await look(store(url)))).toEqual([
      expect.stringMatching(/^warning: the clock of the object store is (299|300|301) s ahead of/),
      expect.stringMatching(/^failure: the bucket models does not exist -> make it; the key needs: {"Version"/),
    ]);
  });

  it.each([
    ["SignatureDoesNotMatch", "correct the secret key"],
    ["InvalidAccessKeyId", "correct objectStore.external.accessKey"],
    ["AuthorizationHeaderMalformed", "set objectStore.region"],
  ])("that answers %s is asked nothing more", async (code, remedy) => {
    let asked = 0;
    const url = await listen((_, response) => {
      asked++;
      response.writeHead(403).end(error(code));
    });

    expect(messages(await look(store(url)))).toEqual([expect.stringContaining(remedy)]);
    expect(asked).toBe(1);
  });

  it("with rights that are missing prints the policy of all buckets", async () => {
    const url = await listen((request, response) => {
      const isListing = request.url?.includes("list-type") === true;
      if (isListing || request.url === "/") response.end("<Result/>");
      else response.writeHead(403).end(error("AccessDenied"));
    });
    const [finding] = await look(
      store(url, { buckets: ["models", "other"].map((name) => ({ name, publicRead: false })) }),
    );

    expect(finding?.message).toBe("the key may not put objects, begin uploads in parts in the bucket models");
    expect(finding?.remedy).toContain('"arn:aws:s3:::models/*","arn:aws:s3:::other/*"');
  });

  it("is told of a secret that a program cannot take, which is shown to nobody", async () => {
    const url = await listen((_, response) => void response.writeHead(404).end(error("NoSuchBucket")));
    const findings = await look(store(url, { inSql: true, secretKey: "it's-mine", makesBuckets: true }));

    expect(messages(findings)).toEqual([expect.stringContaining("holds an apostrophe")]);
    expect(JSON.stringify(findings)).not.toContain("it's-mine");
  });

  it("that is not there is told as such", async () => {
    const findings = await look(store("http://127.0.0.1:1"));

    expect(messages(findings)).toEqual([expect.stringMatching(/^failure: .*ECONNREFUSED.* -> nothing listens there/)]);
  });
});

describe("Casdoor", () => {
  it("whose clock is ahead, which calls itself otherwise and has another certificate, is told of each", async () => {
    const url = await listen((request, response) => {
      response.setHeader("date", inSeconds(90));
      const answers: Readonly<Record<string, object>> = {
        "/.well-known/openid-configuration": { issuer: "https://other.corp" },
        "/.well-known/jwks": { keys: [] },
        "/api/get-app-login": { status: "error", msg: "Invalid client_id" },
        "/api/get-users": { status: "error", msg: "Unauthorized operation" },
      };
      response.end(JSON.stringify(answers[(request.url ?? "").split("?")[0] ?? ""] ?? {}));
    });
    const service: OutsideCasdoor = {
      ...{ kind: "casdoor", service: "casdoor", url, clientId: "id", clientSecret: "the-secret", organization: "Corp" },
      ...{ certificate: "no PEM", redirectUri: "https://hub.corp/api/v1/callback/casdoor" },
    };

    expect(messages(await look(service))).toEqual([
      expect.stringMatching(/^failure: the clock of Casdoor is (89|90|91) s ahead/),
      expect.stringContaining("it calls itself https://other.corp"),
      expect.stringContaining("the given certificate cannot be read"),
      expect.stringContaining("set casdoor.external.clientId"),
      expect.stringContaining("does not take the client secret, or may not see people of Corp"),
    ]);
  });
});
