import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fixturePublicKey, makeBundle } from "../../test/support/bundle-fixture.ts";
import { createBundlePorts } from "../../test/support/bundle-ports.ts";
import {
  fixtureDesired,
  fixturePorts,
  fixtureRollback,
  installFixture,
  planFixture,
  upgradeFixture,
} from "../../test/support/fixture-install.ts";
import {
  eventProblems,
  kindsWithSchema,
  parsePrinted,
  readSchema,
  schemaProblems,
} from "../../test/support/json-schemas.ts";
import { LayoutFolder } from "../../test/support/layout-folder.ts";
import { createMemoryTarget } from "../../test/support/memory-target.ts";
import { createBundle } from "../actions/bundle/bundle-create.ts";
import { diffBundle } from "../actions/bundle/bundle-diff.ts";
import { flattenBundle } from "../actions/bundle/bundle-flatten.ts";
import { inspectBundle } from "../actions/bundle/bundle-inspect.ts";
import { generateBundleKey } from "../actions/bundle/bundle-keygen.ts";
import { repairBundle } from "../actions/bundle/bundle-repair.ts";
import { serveBundle } from "../actions/bundle/bundle-serve.ts";
import { verifyBundle } from "../actions/bundle/bundle-verify.ts";
import { ownImages } from "../actions/bundle/testing/created-bundles.ts";
import type { ActionPorts } from "../actions/context.ts";
import { metrics } from "../actions/metrics/metrics.ts";
import { serveMetrics } from "../actions/metrics/serve-metrics.ts";
import { open } from "../actions/access/open.ts";
import { doctor } from "../actions/doctor/doctor.ts";
import { explain } from "../actions/explain/explain.ts";
import { lockImages } from "../actions/images/images-lock.ts";
import { diffRevisions } from "../actions/history/diff.ts";
import { history } from "../actions/history/history.ts";
import { listImages } from "../actions/images/images.ts";
import { init } from "../actions/init/init.ts";
import { adopt } from "../actions/adopt/adopt.ts";
import { writeOldTree } from "../actions/adopt/testing/old-tree.ts";
import { restart, start, stop } from "../actions/lifecycle/lifecycle.ts";
import { logs } from "../actions/logs/logs.ts";
import { listInstalls } from "../actions/ls/ls.ts";
import { planOffline } from "../actions/plan/plan.ts";
import { render } from "../actions/render/render.ts";
import { rollback } from "../actions/rollback/rollback.ts";
import { runJob } from "../actions/run-job/run-job.ts";
import { exportCa } from "../actions/secrets/ca-export.ts";
import { rotateSecrets } from "../actions/secrets/rotate.ts";
import { listSecrets, showSecret } from "../actions/secrets/secrets.ts";
import { drift } from "../actions/status/drift.ts";
import { status } from "../actions/status/status.ts";
import { findRemains } from "../actions/uninstall/find-remains.ts";
import { supportBundle } from "../actions/support/support-bundle.ts";
import { uninstall } from "../actions/uninstall/uninstall.ts";
import { findUpgrade, undoUpgrade } from "../actions/upgrade/undo-upgrade.ts";
import { acceptUpgrade } from "../actions/upgrade/accept-upgrade.ts";
import { validate } from "../actions/validate/validate.ts";
import { showValues } from "../actions/values/show-values.ts";
import { verify } from "../actions/verify/verify.ts";
import type { Engine } from "../engine/engine.ts";
import { createFailpoint } from "../platform/failpoint.ts";
import { startHttpServer } from "../platform/http-server.ts";
import type { ImageStore } from "../platform/ports.ts";
import { rules } from "../targets/compose/rules.ts";
import { openAssets } from "./assets.ts";
import type { CommandInfo } from "./completion/command-tree.ts";
import { describeProgram } from "./docs/describe-program.ts";
import { runCli } from "./run-cli.ts";
import { prepareRun } from "./testing/prepare-run.ts";

const commands = leavesOf(await describeProgram());

function leavesOf(command: CommandInfo): readonly CommandInfo[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf);
}

const nameOf = ({ path }: CommandInfo): string => path.join(" ");

/** They print what another program prints, or contents of the platform, and refuse `--json`. */
const ownOutput: readonly string[] = ["exec", "psql", "redis-cli", "s3 cat", "s3 get"];

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, { readonly type?: string; readonly description?: string }>>;
  readonly additionalProperties?: unknown;
  readonly description?: string;
}

describe("schemas of what --json prints", () => {
  it("are there for every kind of every command, and for no other", () => {
    const declared = new Set(commands.flatMap(({ json }) => json));

    expect(commands.filter(({ json }) => json.length === 0).map(nameOf)).toEqual(ownOutput);
    expect([...declared, "Error", "Event"].sort()).toEqual(kindsWithSchema);
  });

  it.each(kindsWithSchema)("%s allows nothing but what it names, and says what numbers count", (kind) => {
    const loose: string[] = [];
    const silent: string[] = [];
    visit(readSchema(kind), "");

    function visit(node: unknown, path: string): void {
      if (typeof node !== "object" || node === null) return;
      const { properties, additionalProperties, description } = node as ObjectSchema;
      if (properties !== undefined && additionalProperties !== false) loose.push(path);
      // Of counts by name it is enough that the whole is described.
      if (properties !== undefined && description === undefined) {
        const numbers = Object.entries(properties).filter(([, { type }]) => type === "number");
        silent.push(...numbers.filter(([, child]) => child.description === undefined).map(([key]) => `${path}/${key}`));
      }
      for (const [key, child] of Object.entries(node)) visit(child, `${path}/${key}`);
    }

    expect({ loose, silent }).toEqual({ loose: [], silent: [] });
  });
});

let folder: string;
let engine: Partial<Engine>;
const world = createMemoryTarget();
const name = "lab";
/** Installed by a version that this one can be reached from. */
const version = "0.1.0";
const at = (file: string): string => join(folder, file);

/** What each command printed, by the command; filled as they run. */
const printed = new Map<string, Set<string>>();

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-json-"));
  writeFileSync(at("full.tar"), makeBundle().bytes);
  writeFileSync(at("maker.pub"), fixturePublicKey);
  new LayoutFolder(at("layout"), ownImages());
  writeOldTree(at("old"));
  engine = engineOn();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The real actions, on a target that is nothing but memory. */
function engineOn(): Partial<Engine> {
  const assets = openAssets();
  const images = {
    findImages: () => Promise.resolve({ ids: new Map(), digests: new Map() }),
    imageIds: () => Promise.resolve(new Map()),
  } as unknown as ImageStore;
  const common = { ...fixturePorts(), assets, target: world.target, images };
  type Scoped = Pick<ActionPorts, "report" | "signal">;
  const on = ({ report, signal }: Scoped): ActionPorts => ({ ...common, report, signal });
  const lookPorts = (scope: Scoped) => ({
    ...on(scope),
    version: "1.2.3",
    openTarget: () => Promise.resolve(on(scope)),
  });
  const { ports } = createBundlePorts();
  const failpoint = createFailpoint({});
  const files = ({ report, signal }: Scoped): ActionPorts => ({ ...ports, assets, failpoint, report, signal });
  return {
    init: (request, scope) => init(request, on(scope)),
    adopt: (request, scope) => adopt(request, on(scope)),
    validate: (request, scope) => validate(request, on(scope)),
    showValues: (request, scope) => showValues(request, on(scope)),
    explain: (request, scope) => explain(request, on(scope)),
    render: (request, scope) => render(request, on(scope)),
    plan: (request, scope) =>
      request.offline === true
        ? planOffline(request, { ...on(scope), target: rules })
        : planFixture({ name, version, stateDir: request.stateDir }, on(scope)),
    install: (request, scope) => {
      const { stateDir } = request;
      return installFixture({ name, version, stateDir, request }, on(scope));
    },
    status: (request, scope) => status(request, on(scope)),
    drift: (request, scope) => drift(request, on(scope), () => fixtureDesired({ name, version }, world.target)),
    metrics: (request, scope) => metrics(request, lookPorts(scope)),
    serveMetrics: (request, scope) => {
      const stop = new AbortController();
      const onListening: typeof request.onListening = (serving) => {
        request.onListening(serving);
        stop.abort();
      };
      return serveMetrics(
        { ...request, onListening },
        { ...lookPorts(scope), ...scope, signal: stop.signal, startHttpServer },
      );
    },
    listInstalls: (request, scope) => listInstalls(request, on(scope)),
    logs: (request, scope) => logs(request, on(scope)),
    verify: (request, scope) => verify(request, on(scope)),
    doctor: (request, scope) => doctor(request, on(scope)),
    supportBundle: (request, scope) => supportBundle(request, on(scope)),
    stop: (request, scope) => stop(request, on(scope)),
    start: (request, scope) => start(request, on(scope)),
    restart: (request, scope) => restart(request, on(scope)),
    runJob: (request, scope) => runJob(request, on(scope)),
    history: (request, scope) => history(request, on(scope)),
    diffRevisions: (request, scope) => diffRevisions(request, on(scope)),
    open: (request, scope) => open(request, { ...on(scope), browser: { open: () => Promise.resolve(false) } }),
    exportCa: (request, scope) => exportCa(request, on(scope)),
    listSecrets: (request, scope) => listSecrets(request, on(scope)),
    showSecret: (request, scope) => showSecret(request, on(scope)),
    rotateSecrets: (request, scope) => rotateSecrets(request, on(scope)),
    rollback: (request, scope) => {
      const ports = { ...on(scope), assets: { ...assets, version } };
      return rollback(request, ports, fixtureRollback(world.target));
    },
    upgrade: ({ stateDir }, scope) => upgradeFixture({ name, stateDir, version: "0.2.0", form: 2 }, on(scope)),
    acceptUpgrade: (request, scope) => acceptUpgrade(request, on(scope)),
    findUpgrade: (request, scope) => findUpgrade(request, on(scope)),
    undoUpgrade: (request, scope) => undoUpgrade(request, on(scope)),
    findRemains: (request, scope) => findRemains(request, on(scope)),
    uninstall: (request, scope) => uninstall(request, on(scope)),
    listImages: (request, scope) => listImages(request, on(scope)),
    generateBundleKey: (request, scope) => generateBundleKey(request, files(scope)),
    inspectBundle: (request, scope) => inspectBundle(request, files(scope)),
    diffBundle: (request, scope) => diffBundle(request, files(scope)),
    verifyBundle: (request, scope) => verifyBundle(request, files(scope)),
    repairBundle: (request, scope) => repairBundle(request, files(scope)),
    lockImages: (request, scope) => lockImages(request, files(scope)),
    createBundle: (request, scope) => createBundle(request, files(scope)),
    flattenBundle: (request, scope) => flattenBundle(request, files(scope)),
    serveBundle: (request, scope) =>
      serveBundle(request, { ...files(scope), signal: AbortSignal.abort(), startHttpServer }),
  };
}

async function run(line: string): Promise<readonly unknown[]> {
  const { context, stdout, stderr } = prepareRun(folder, { engine });
  await runCli(
    [...line.split(" "), "--name", name, "--state-dir", at("state"), "--json", "--log-format=json"],
    context,
  );
  const events = stderr()
    .split("\n")
    .filter((text) => text !== "")
    .map((text) => JSON.parse(text) as unknown);
  expect(events.flatMap(eventProblems)).toEqual([]);
  return parsePrinted(stdout());
}

const kindOf = (value: unknown): string => (value as { readonly kind: string }).kind;

/** In this order: later ones need what earlier ones made. */
const lines: readonly (readonly [line: string, ...kinds: readonly string[]])[] = [
  ["init --yes --out values.yaml --set domain=ai.corp.example", "InitResult"],
  ["validate", "ValidateResult"],
  ["adopt old --out adopted", "AdoptResult"],
  ["adopt nowhere", "Error"],
  ["values show", "ValuesShowResult"],
  ["explain postgres", "ExplainResult"],
  ["explain postgres.resources.memory", "ExplainResult"],
  ["explain 4", "ExplainResult"],
  ["explain live.drift", "ExplainResult"],
  ["plan --offline", "PlanResult"],
  ["render --out -", "RenderResult"],
  ["render --out rendered", "RenderResult"],
  ["images list", "ImagesListResult"],
  ["status", "StatusResult"],
  ["ls", "InstallsResult"],
  ["install --dry-run", "InstallResult"],
  ["plan", "PlanResult"],
  ["install", "InstallResult"],
  ["install", "InstallResult"],
  ["plan", "PlanResult"],
  ["status", "StatusResult"],
  ["ls", "InstallsResult"],
  ["metrics", "MetricsResult"],
  ["metrics --listen 127.0.0.1:0", "MetricsServing", "MetricsServeResult"],
  ["metrics --rules", "AlertRulesResult"],
  ["logs store", "LogLine", "LogLine"],
  ["verify", "VerifyResult"],
  // What the fixture records are no values of the real platform.
  ["doctor --reset-values --profile infra", "DoctorResult"],
  ["doctor --list", "CheckList"],
  ["support-bundle", "SupportBundleResult"],
  ["support-bundle --dry-run --without logs", "SupportBundleResult"],
  ["support-bundle --list", "CollectorList"],
  ["run prepare", "RunJobResult"],
  ["stop", "LifecycleResult"],
  ["status", "StatusResult"],
  ["start", "LifecycleResult"],
  ["restart web", "LifecycleResult"],
  ["status --drift", "DriftResult"],
  ["history", "HistoryResult"],
  ["diff 1", "DiffResult"],
  ["rollback 1", "RollbackResult"],
  ["rollback", "Error"],
  ["open --print", "OpenResult"],
  ["exec store", "Error"],
  ["psql", "Error"],
  ["redis-cli", "Error"],
  ["s3 cat hub/a", "Error"],
  ["s3 get hub/a a", "Error"],
  ["ca export --out ca.pem", "CaExportResult"],
  ["secrets list", "SecretsListResult"],
  ["secrets show store-password --reveal", "SecretShowResult"],
  ["secrets show nobody --reveal", "Error"],
  ["secrets rotate store-password --dry-run", "SecretsRotateResult"],
  ["upgrade --accept", "Error"],
  ["upgrade", "UpgradeResult"],
  ["rollback --yes-i-mean lab", "UpgradeUndoneResult"],
  ["upgrade", "UpgradeResult"],
  ["upgrade --accept", "UpgradeAcceptResult"],
  ["uninstall --purge --yes-i-mean lab", "UninstallResult"],
  ["completion bash", "CompletionResult"],
  ["bundle keygen -o pair --no-passphrase", "BundleKeygenResult"],
  ["bundle verify full.tar --key maker.pub", "BundleVerifyResult"],
  ["bundle inspect full.tar --key maker.pub", "BundleInspectResult"],
  ["bundle diff full.tar full.tar --key maker.pub", "BundleDiffResult"],
  ["images lock --reset-values --without casdoor --from oci:layout -o lock.yaml", "ImagesLockResult"],
  ["bundle create -o made.tar --reset-values --without casdoor --from oci:layout --unsigned", "BundleCreateResult"],
  [
    "bundle create -o parted.tar --split 1MiB --parity 1 --reset-values --without casdoor --from oci:layout --sign-key pair.key",
    "BundleCreateResult",
  ],
  [
    "bundle create -o delta.tar --since made.tar --allow-unsigned --reset-values --without casdoor --from oci:layout --unsigned",
    "BundleCreateResult",
  ],
  ["bundle flatten delta.tar made.tar -o flat.tar --allow-unsigned", "BundleFlattenResult"],
  ["bundle repair parted.tar.split.json -o repaired --key pair.pub", "BundleRepairResult"],
  ["bundle serve full.tar --key maker.pub --listen 127.0.0.1:0", "BundleServing", "BundleServeResult"],
  ["validate --set nope=1", "Error"],
  ["secrets", "Error"],
  ["nope", "Error"],
];

/** These need an engine, a cluster, a registry or a store: their own tests hold what they print to the same schemas. */
const elsewhere: readonly string[] = [
  "attach",
  "images build",
  "bundle load",
  "push",
  ...[
    "backup init",
    "backup keygen",
    "backup create",
    "backup list",
    "backup verify",
    "backup drill",
    "backup schedule",
    "backup prune",
    "restore",
  ],
  ...["housekeeping registry", "housekeeping schedule"],
  ...["s3 ls", "s3 stat", "s3 put", "s3 cp", "s3 rm"],
];

describe("what commands really print", () => {
  it.each(lines)("`slipway %s` fits its schema", async (line, ...kinds) => {
    world.behaviours.set("store", { lines: ["the store serves", "and goes on"] });

    const objects = await run(line);

    expect(objects.map(kindOf)).toEqual(kinds);
    expect(objects.flatMap(schemaProblems)).toEqual([]);
    const command = commands.find((candidate) => line.startsWith(nameOf(candidate)));
    const known = printed.get(command === undefined ? "" : nameOf(command)) ?? new Set();
    printed.set(command === undefined ? "" : nameOf(command), new Set([...known, ...objects.map(kindOf)]));
  });

  it("was tried of every command, and every kind that it declares", () => {
    for (const command of commands.filter((candidate) => !elsewhere.includes(nameOf(candidate)))) {
      expect([nameOf(command), ...command.json].sort()).toEqual(
        [nameOf(command), ...[...(printed.get(nameOf(command)) ?? [])].filter((kind) => kind !== "Error")].sort(),
      );
    }
  });
});
