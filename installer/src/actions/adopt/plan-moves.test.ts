import { describe, expect, it } from "vitest";
import { readComposeTree } from "./compose-tree.ts";
import { readHelmRelease } from "./helm-release.ts";
import { planMoves } from "./plan-moves.ts";
import { oldManifest, oldRelease, oldValues } from "./testing/old-release.ts";
import { goodSecrets, oldTree, type Texts } from "./testing/old-tree.ts";

function treeOf(texts: Texts): ReadonlyMap<string, string> {
  return new Map(Object.entries(texts));
}

describe("planMoves", () => {
  it("says of everything in a Compose tree by which means it is copied, and where it belongs", () => {
    const { moves } = planMoves(readComposeTree(treeOf(oldTree())));

    expect(moves.map(({ what, means, to }) => [what, means, to])).toEqual([
      ["database csghub_casdoor", "dump", "database csghub_casdoor"],
      ["database csghub_portal", "dump", "database csghub_portal"],
      ["database csghub_server", "dump", "database csghub_server"],
      ["objects", "objects", "buckets of the object store"],
      ["Git repositories of Gitaly", "files", "component gitaly"],
      ["cache and locks of Redis", "empty", undefined],
      ["work under way of Temporal", "empty", undefined],
    ]);
  });

  it("stops what writes before anything is copied, leaves running what is copied from, and starts all of it again", () => {
    const { before, back } = planMoves(readComposeTree(treeOf(oldTree())));

    expect(before.at(-1)).toBe("docker compose stop casdoor temporal csghub-server csghub-mirror");
    expect(back).toEqual(["docker compose start casdoor temporal csghub-server csghub-mirror"]);
  });

  it("asks the services themselves for the copies", () => {
    const commands = planMoves(readComposeTree(treeOf(oldTree()))).moves.flatMap((move) => move.commands);

    expect(commands).toContain(
      `docker compose exec -T postgres sh -c 'pg_dump -U "$POSTGRES_USER" --format=custom csghub_server' > "$SAVE/csghub_server.dump"`,
    );
    expect(commands).toContain(
      `docker compose exec -T gitaly sh -c 'tar -C /home/git/repositories -cf - .' > "$SAVE/gitaly.tar"`,
    );
  });

  it("copies every database that a program is told to use, also one that nothing here reads", () => {
    const tree = oldTree();
    const compose = `${tree["docker-compose.yml"] ?? ""}  other: { image: "a:1", environment: { DSN: "postgresql://u:p@postgres:5432/ship?x=1" } }\n`;

    const { moves } = planMoves(readComposeTree(treeOf({ ...tree, "docker-compose.yml": compose })));

    expect(moves.find(({ what }) => what === "database ship")).toMatchObject({
      means: "dump",
      note: "nothing here reads it",
    });
  });

  it("copies the databases that the server is told to make, but for those of workflows", () => {
    const list = 'environment: { POSTGRES_MULTIPLE_DATABASES: "csghub_server, dataflow,temporal,temporal_visibility",';
    const tree = oldTree();
    const compose = (tree["docker-compose.yml"] ?? "").replace("environment: {", list);

    const { moves } = planMoves(readComposeTree(treeOf({ ...tree, "docker-compose.yml": compose })));

    expect(moves.filter(({ means }) => means === "dump").map(({ what, to }) => [what, to])).toEqual([
      ["database csghub_server", "database csghub_server"],
      ["database dataflow", "database csghub_dataflow"],
    ]);
  });

  it("leaves what is elsewhere where it is", () => {
    const tree = oldTree({
      ...{ POSTGRES_ENABLED: "0", POSTGRES_HOST: "db.corp.example" },
      ...{ MINIO_ENABLED: "0", MINIO_ENDPOINT: "s3.corp.example" },
      ...{ GITALY_ENABLED: "0", GITALY_SERVER_SOCKET: "tcp://git.corp.example:8075" },
    });

    const { moves } = planMoves(readComposeTree(treeOf(tree)));

    expect(moves.filter(({ means }) => means === "in-place").map(({ what }) => what)).toEqual([
      ...["databases", "objects", "Git repositories"],
    ]);
  });

  it("runs in the pods of a release, with an object's kind and name", () => {
    const { before, moves, back } = planMoves(readHelmRelease(treeOf(oldRelease)));
    const scaled = "deployment/csghub-server deployment/csghub-casdoor deployment/csghub-temporal";

    expect(before.at(-1)).toBe(`kubectl -n "$NAMESPACE" scale --replicas=0 ${scaled}`);
    expect(back).toEqual([`kubectl -n "$NAMESPACE" scale --replicas=1 ${scaled}  # or as many as there were`]);
    expect(moves.flatMap((move) => move.commands)).toContain(
      `kubectl -n "$NAMESPACE" exec deployment/csghub-dataflow -- sh -c 'tar -C /data/dataflow -cf - .' > "$SAVE/csghub-dataflow.tar"`,
    );
  });

  it("has the databases that the chart makes", () => {
    const database = `---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: csghub-postgresql }
spec: { template: { spec: { containers: [{ name: postgresql, image: "opencsghq/postgres:15.18" }] } } }
`;
    const values = oldValues.replace("enabled: false", "enabled: true");

    const { moves } = planMoves(
      readHelmRelease(treeOf({ "values.yaml": values, "manifest.yaml": oldManifest + database })),
    );

    expect(moves.filter(({ means }) => means === "dump").map(({ what }) => what)).toEqual([
      ...["database csghub_casdoor", "database csghub_dataflow", "database csghub_label_studio"],
      ...["database csghub_portal", "database csghub_server"],
    ]);
  });

  it("holds no secret", () => {
    const plans = JSON.stringify([
      planMoves(readComposeTree(treeOf(oldTree()))),
      planMoves(readHelmRelease(treeOf(oldRelease))),
    ]);

    for (const secret of Object.values(goodSecrets)) expect(plans).not.toContain(secret);
  });
});
