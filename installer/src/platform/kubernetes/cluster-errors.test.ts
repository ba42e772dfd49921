import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { type ApiServerAnswer, refusal } from "../../../test/stand-ins/api-server/answers.ts";
import {
  type ClusterBed,
  type ClusterBedOptions,
  openClusterBed,
} from "../../../test/stand-ins/api-server/cluster-bed.ts";
import { configMap } from "../../../test/stand-ins/api-server/fake-api-server.ts";
import { errorOf } from "../../../test/support/error-of.ts";
import { issueCertificate } from "../../../test/support/issue-certificate.ts";
import type { InstallerError } from "../../errors/installer-error.ts";

const token = "eyJhbGciOiJSUzI1NiJ9.geheim";

let bed: ClusterBed;

afterEach(() => bed.close());

/** What applying an object ends with. */
async function applying(options: ClusterBedOptions): Promise<InstallerError> {
  bed = await openClusterBed({ user: { token }, ...options });
  const error = await errorOf(() => bed.cluster.apply(configMap("web"), { manager: "slipway" }));
  expect(JSON.stringify([error, error.message, error.hint, error.details, String(error.cause)])).not.toContain(
    "geheim",
  );
  return error;
}

function answering(answer: ApiServerAnswer): ClusterBedOptions {
  return { answer: ({ method }) => (method === "PATCH" ? answer : undefined) };
}

const forbidden = (message: string): ApiServerAnswer => refusal(403, "Forbidden", message);

describe("a request that the cluster refuses", () => {
  it("for want of a right says which rule is missing, and where", async () => {
    const said =
      'configmaps "web" is forbidden: User "ann" cannot patch resource "configmaps" in API group "" in the namespace "demo"';

    await expect(applying(answering(forbidden(said)))).resolves.toMatchObject({
      ...{ code: "APPLY_FAILED", status: 403, reason: "Forbidden" },
      message:
        "the cluster refused to apply ConfigMap demo/web: ann may not patch configmaps web in the namespace demo",
      hint: "have an administrator add this rule by a Role and RoleBinding of the namespace demo",
      details: ['apiGroups: [""], resources: ["configmaps"], verbs: ["patch"]'],
    });
  });

  it("for want of a right in the whole cluster says so", async () => {
    const said =
      'storageclasses.storage.k8s.io is forbidden: User "ann" cannot list resource "storageclasses" in API group "storage.k8s.io" at the cluster scope';

    await expect(applying(answering(forbidden(said)))).resolves.toMatchObject({
      message: "the cluster refused to apply ConfigMap demo/web: ann may not list storageclasses in the whole cluster",
      details: ['apiGroups: ["storage.k8s.io"], resources: ["storageclasses"], verbs: ["list"]'],
    });
  });

  it.each([
    [
      403,
      'pods "a" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true',
      "label pod-security",
    ],
    [
      403,
      'pods "a" is forbidden: exceeded quota: small, requested: pods=1, used: pods=9',
      "raise the ResourceQuota small",
    ],
    [
      422,
      `configmaps "web" is forbidden: ValidatingAdmissionPolicy 'names' with binding 'names' denied request: no web here`,
      "the cluster's policy names forbids it",
    ],
    [400, 'admission webhook "check.example" denied the request: no', "by the webhook check.example"],
    [
      500,
      'Internal error occurred: failed calling webhook "check.example": timeout',
      "check.example of the cluster does not work",
    ],
    [
      403,
      "unable to create new content in namespace demo because it is being terminated",
      "wait until the namespace is gone",
    ],
  ])("by a rule of its own says whose (%i %s)", async (status, said, hint) => {
    const error = await applying(answering(refusal(status, "Forbidden", said)));

    expect(error).toMatchObject({ status, message: `the cluster refused to apply ConfigMap demo/web: ${said}` });
    expect(error.hint).toContain(hint);
  });

  it("because others manage its fields names them", async () => {
    const causes = [
      { reason: "FieldManagerConflict", message: 'conflict with "kubectl" using apps/v1', field: ".spec.replicas" },
      { reason: "FieldManagerConflict", message: 'conflict with "hpa" with subresource "scale"', field: ".spec.x" },
    ];

    await expect(
      applying(answering(refusal(409, "Conflict", "Apply failed with 2 conflicts", { causes }))),
    ).resolves.toMatchObject({
      status: 409,
      message: "the cluster refused to apply ConfigMap demo/web: fields are managed by kubectl and hpa",
      details: [".spec.replicas is managed by kubectl", ".spec.x is managed by hpa"],
    });
  });

  it("because it is not valid names the fields, without what they hold", async () => {
    const message = `Job.batch "j" is invalid: spec.template: Invalid value: {"spec":"${"x".repeat(5000)}"}: field is immutable`;
    const causes = [
      { reason: "FieldValueInvalid", message: "Invalid value: {}: field is immutable", field: "spec.template" },
    ];

    await expect(applying(answering(refusal(422, "Invalid", message, { causes })))).resolves.toMatchObject({
      message:
        'the cluster refused to apply ConfigMap demo/web: Job.batch "j" is invalid: spec.template: field is immutable',
      hint: "it cannot be changed on what is there: it has to be made anew",
      details: ["spec.template: field is immutable"],
    });
  });

  it("in words of something on the way keeps them short", async () => {
    const page = { status: 502, body: "<html><body>Bad Gateway</body></html>" };

    await expect(applying(answering(page))).resolves.toMatchObject({
      status: 502,
      message: "the cluster refused to apply ConfigMap demo/web: status 502",
    });
  });

  it("because it is busy is made again when it says", async () => {
    let refused = 0;
    bed = await openClusterBed({
      answer: () => {
        refused += 1;
        const busy = refusal(429, "TooManyRequests", "too many requests");
        return refused === 1 ? { ...busy, headers: { "retry-after": "1" } } : undefined;
      },
    });

    await expect(bed.cluster.version()).resolves.toMatchObject({ version: "v1.35.4" });
    expect(refused).toBe(2);
  });

  it("because it is busy for longer than there is time is given up", async () => {
    const busy = { ...refusal(429, "TooManyRequests", "too many requests"), headers: { "retry-after": "600" } };

    await expect(applying(answering(busy))).resolves.toMatchObject({
      status: 429,
      hint: "the cluster is busy: try again later",
    });
  });
});

describe("somebody whom the cluster does not know", () => {
  const unauthorized = (): ApiServerAnswer => refusal(401, "Unauthorized", "Unauthorized");

  it("is told that the token does not do", async () => {
    const error = await applying({ answer: unauthorized });

    expect(error).toMatchObject({ code: "PREFLIGHT_FAILED" });
    expect(error.message).toContain("(context test) does not accept the token of the user test-user");
    expect(error.hint).toContain("kubectl --context test auth whoami");
  });

  it("is told that the client certificate is over", async () => {
    const over = await issueCertificate({ commonName: "ann", days: [-20, -2] });
    const user = {
      "client-certificate-data": Buffer.from(over.pem).toString("base64"),
      "client-key-data": Buffer.from(over.key).toString("base64"),
    };

    const error = await applying({ user, answer: unauthorized });

    expect(error.message).toMatch(/^the client certificate of the user test-user expired on \d{4}-\d\d-\d\d$/);
  });

  it("is told that nobody is signed in", async () => {
    const message =
      'configmaps is forbidden: User "system:anonymous" cannot patch resource "configmaps" in API group ""';

    const error = await applying({ user: {}, answer: () => forbidden(message) });

    expect(error).toMatchObject({ code: "PREFLIGHT_FAILED" });
    expect(error.message).toContain("not signed in at the API server");
  });
});

describe("an API server that cannot be spoken to", () => {
  it("is named with its context when nothing listens there", async () => {
    bed = await openClusterBed();
    const { url } = bed.server;
    await bed.server.close();

    await expect(errorOf(() => bed.cluster.version())).resolves.toMatchObject({
      code: "PREFLIGHT_FAILED",
      message: `the API server ${url} (context test) cannot be reached: nothing listens there`,
      hint: expect.stringContaining("kubectl config get-contexts") as string,
    });
  });

  it.each<readonly [string, ClusterBedOptions, object, string]>([
    [
      "from an authority that nobody trusts",
      {},
      { "certificate-authority-data": undefined },
      "is not from an authority",
    ],
    ["that is over", { days: [-20, -2] }, {}, "its certificate has expired"],
    ["for another name", { names: ["other.example"] }, {}, "its certificate is for another name"],
  ])("shows a certificate %s", async (_name, options, cluster, message) => {
    const error = await applying({ ...options, cluster });

    expect(error).toMatchObject({ code: "PREFLIGHT_FAILED" });
    expect(error.message).toContain(message);
  });

  it("speaks no TLS", async () => {
    bed = await openClusterBed({ plain: true });
    await writeFile(
      bed.kubeconfigPath,
      bed.server.kubeconfig({ token }, { server: bed.server.url.replace("http:", "https:") }),
    );

    const error = await errorOf(() => bed.cluster.version());

    expect(error.message).toContain("it does not speak TLS");
  });

  it("is none", async () => {
    bed = await openClusterBed({ answer: () => ({ body: "<html>Sign in</html>" }) });

    await expect(errorOf(() => bed.cluster.version())).resolves.toMatchObject({
      code: "PREFLIGHT_FAILED",
      message: `the API server ${bed.server.url} (context test) does not answer as API servers do`,
    });
  });

  it("takes connections and does not answer", async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => void silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as { readonly port: number };
    try {
      const cluster = { server: `https://127.0.0.1:${port}` };
      const error = await applying({ cluster, limits: { connectMs: 50 } });

      expect(error.message).toBe(
        `the API server https://127.0.0.1:${port} (context test) cannot be reached: no connection within 0.05 s`,
      );
    } finally {
      silent.close();
    }
  });

  it("answers too late", async () => {
    bed = await openClusterBed({ answer: () => "answered", limits: { questionMs: 200 } });

    await expect(errorOf(() => bed.cluster.version())).resolves.toMatchObject({
      code: "PREFLIGHT_FAILED",
      message: `the API server ${bed.server.url} (context test) was asked for its version and did not answer within 200 ms`,
    });
  });
});

describe("Ctrl-C", () => {
  it("ends a question after a moment, and later calls have their time", async () => {
    const interrupt = new AbortController();
    let silent = true;
    bed = await openClusterBed({
      signal: interrupt.signal,
      limits: { graceMs: 20 },
      answer: () => (silent ? "answered" : undefined),
    });

    const asked = bed.cluster.version();
    setTimeout(() => interrupt.abort(new Error("interrupted")), 20);
    await expect(asked).rejects.toThrow("interrupted");
    silent = false;

    await expect(bed.cluster.version()).resolves.toMatchObject({ version: "v1.35.4" });
  });
});
