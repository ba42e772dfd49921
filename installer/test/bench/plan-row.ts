import { buildPlan } from "../../src/plan/build-plan.ts";
import { completed, container, healthy, randomSecret } from "../../src/plan/define.ts";
import type { ComponentDefinition } from "../../src/plan/define.ts";
import { endpoint, secret, text, textFile } from "../../src/plan/text.ts";
import { renderCompose } from "../../src/render/compose/render-compose.ts";
import { renderedFileToString } from "../../src/render/rendered-file.ts";
import { infraValues } from "../support/infra-plan.ts";
import { compare } from "./measure.ts";
import { type BenchRow, atMost } from "./row.ts";

const small = 50;
const large = 500;

/** A plan ten times as large may take little more than ten times as long: nothing in it may be quadratic. */
export const planRow: BenchRow = {
  id: "plan-scale",
  title: `plan and Compose file of ${large} components`,
  rival: `the same of ${small} components`,
  measure: async (say) => {
    const values = infraValues();
    const [few, many] = [syntheticDefinitions(small), syntheticDefinitions(large)];
    const images = { service: { reference: "slipway/service:0000000000000000", source: "built" } } as const;
    const once = (definitions: readonly ComponentDefinition[]) => (): void => {
      const request = { values, images: { ...images, toolbox: images.service } };
      const plan = buildPlan({ ...request, name: "bench", profile: "infra", version: "0.0.0" }, definitions);
      const bytes = renderCompose(plan).files.map(renderedFileToString).join("").length;
      if (plan.components.length !== definitions.length || bytes === 0) throw new Error("the plan is not whole");
    };
    const comparison = await compare(
      { run: once(many) },
      { run: once(few), repeat: large / small },
      { rounds: 15, warmUps: 5, onRound: say },
    );
    return atMost(comparison, 12);
  },
};

/** Services that reach and wait for earlier ones, every fifth of them for a job. */
function syntheticDefinitions(count: number): readonly ComponentDefinition[] {
  return Array.from({ length: count }, (_unused, index) => definition(index));
}

function definition(index: number): ComponentDefinition {
  const id = `service-${index}`;
  const earlier = [...new Set([index - 1, Math.floor(index / 2), index - 7])].filter(
    (other) => other >= 0 && other < index,
  );
  const hasJob = index % 5 === 0;
  return {
    id,
    build: (context) => {
      const image = context.image("service", "");
      const resources = { cpus: 1, memoryMiB: 256, pids: 64 };
      const document = text`name: ${id}
password: ${secret(`${id}-password`)}
${earlier.map((other) => `# ${other}`).join("\n")}
peer: ${endpoint(earlier[0] === undefined ? `${id}.http` : `service-${earlier[0]}.http`, "url")}
`;
      return {
        component: {
          id,
          title: { en: id, zh: id },
          purpose: { en: "synthetic", zh: "合成" },
          presence: "embedded",
          zone: index % 2 === 0 ? "app" : "data",
          endpoints: [{ id: "http", port: 8080, protocol: "http", tls: false }],
          workload: {
            container: container({
              image,
              uid: 10_100 + index,
              resources,
              mounts: [{ volume: "data", path: "/data" }],
              files: [{ path: "/etc/service/config.yaml", contents: textFile(document) }],
            }),
            replicas: 1,
            update: "recreate",
            stopSeconds: 10,
            health: {
              ready: { kind: "http", port: 8080, path: "/healthz" },
              live: { kind: "tcp", port: 8080 },
              startSeconds: 30,
            },
          },
          needs: [
            ...earlier.map((other) => healthy(`service-${other}`)),
            ...(hasJob ? [completed(`${id}-prepare`)] : []),
          ],
          volumes: [{ name: "data", sizeGiB: 1, dataClass: "backup" }],
        },
        secrets: [randomSecret(`${id}-password`, "synthetic")],
        jobs: hasJob
          ? [
              {
                id: `${id}-prepare`,
                component: id,
                title: id,
                makes: [],
                needs: earlier.map((other) => healthy(`service-${other}`)),
                trigger: "bring-up",
                deadlineSeconds: 60,
                container: container({ image, uid: 10_100 + index, resources }),
              },
            ]
          : [],
      };
    },
  };
}
