import type { OutsideGitaly } from "../contract.generated.ts";
import { errorText, ToolboxError } from "../errors.ts";
import { gitalyAuthorization, gitalyDefinitions } from "../protocols/gitaly.ts";
import { grpcCode, grpcStatus, openGrpc } from "../protocols/grpc.ts";
import { gitalyCheck } from "../wires/gitaly.ts";
import type { LookContext } from "./look-context.ts";
import { proveWire } from "./prove-wire.ts";

const oldest = 16;

/** Its version, and that the token may make, read and remove a repository. */
export async function lookAtGitaly({ address, token, storage }: OutsideGitaly, context: LookContext): Promise<void> {
  try {
    await lookAtVersion(address, token, context);
    const wire = { kind: "gitaly" as const, name: "gitaly", from: "look", to: "gitaly", address, token, storage };
    await proveWire(gitalyCheck, wire, context);
  } catch (error) {
    const code = grpcCode(error);
    if (code !== grpcStatus.permissionDenied && code !== grpcStatus.unauthenticated) throw error;
    throw new ToolboxError(`it does not take the token: ${errorText(error)}`, {
      cause: error,
      advice:
        "give the token that stands in its configuration as [auth] token; the token carries the time, so its clock and this host's may differ by 30 s",
    });
  }
}

async function lookAtVersion(address: string, token: string, { found }: LookContext): Promise<void> {
  const gitaly = await openGrpc({
    address,
    definitions: gitalyDefinitions,
    headers: () => ({ authorization: gitalyAuthorization(token, Math.floor(Date.now() / 1000)) }),
  });
  try {
    const said = (await gitaly.call("gitaly.ServerService", "ServerInfo", {})) as { readonly serverVersion: string };
    const major = Number(/^(\d+)/.exec(said.serverVersion)?.[1] ?? oldest);
    if (major < oldest) found("warning", `it is version ${said.serverVersion}`, `use version ${oldest} or newer`);
  } finally {
    gitaly.close();
  }
}
