import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LookDocument, OutsideService } from "../contract.generated.ts";
import type { LookFinding, LookLine } from "../contract.ts";
import { assertNever, errorText } from "../errors.ts";
import { likelyCause } from "../likely-cause.ts";
import type { Redact } from "../redact.ts";
import type { LookContext } from "./look-context.ts";

const limitMs = 40_000;

/** Looks at every service, side by side, and reports each as soon as it is done. What a look writes, it removes again. */
export async function lookAtServices(
  { services }: LookDocument,
  redact: Redact,
  report: (line: LookLine) => void,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "look-"));
  try {
    await Promise.all(
      services.map(async (service, index) => {
        const caFile = service.ca === undefined ? undefined : join(folder, `${index}.pem`);
        if (caFile !== undefined) await writeFile(caFile, service.ca ?? "");
        const findings = await findingsOf(service, caFile);
        const told = findings.map((row) => ({ ...row, message: redact(row.message), remedy: redact(row.remedy) }));
        report({ service: service.service, findings: told });
      }),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function findingsOf(service: OutsideService, caFile: string | undefined): Promise<readonly LookFinding[]> {
  const findings: LookFinding[] = [];
  const signal = AbortSignal.timeout(limitMs);
  const late = new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(new Error(`no answer within ${limitMs / 1000} s`)));
  });
  const found: LookContext["found"] = (severity, message, remedy) => void findings.push({ severity, message, remedy });
  try {
    await Promise.race([lookAt(service, { caFile, signal, found }), late]);
  } catch (error) {
    found("failure", errorText(error), likelyCause(error));
  }
  late.catch(() => undefined);
  return findings;
}

/** Each kind is loaded only when it is there. */
async function lookAt(service: OutsideService, context: LookContext): Promise<void> {
  switch (service.kind) {
    case "postgres":
      return (await import("./postgres.ts")).lookAtPostgres(service, context);
    case "redis":
      return (await import("./redis.ts")).lookAtRedis(service, context);
    case "s3":
      return (await import("./s3.ts")).lookAtS3(service, context);
    case "registry":
      return (await import("./registry.ts")).lookAtRegistry(service, context);
    case "gitaly":
      return (await import("./gitaly.ts")).lookAtGitaly(service, context);
    case "casdoor":
      return (await import("./casdoor.ts")).lookAtCasdoor(service, context);
    case "openid-provider":
      return (await import("./openid-provider.ts")).lookAtProvider(service, context);
    default:
      return assertNever(service);
  }
}
