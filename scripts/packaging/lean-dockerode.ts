import type { Plugin } from "esbuild";

/**
 * What dockerode and docker-modem load at once and Slipway never calls: builds through BuildKit's gRPC, archives of build
 * contexts, and connections of its own, by TLS and by ssh in JavaScript (our agent makes them all). It is nine tenths of it.
 */
const never = [
  ...["@grpc/grpc-js", "@grpc/proto-loader", "protobufjs", "tar-fs", "@balena/dockerignore", "zlib"],
  ...["ssh2", "https"],
];

/** Written instead of them. Streams are Node's own; `debug` would print requests to whoever has DEBUG set. */
const replacements: ReadonlyMap<string, string> = new Map([
  ...never.map((name) => [name, "module.exports = {};"] as const),
  ["debug", "module.exports = () => () => undefined;"],
  // It puts a function of its own over this one.
  ["http", 'module.exports = { request: (...given) => require("node:http").request(...given) };'],
  ["readable-stream", 'module.exports = require("node:stream");'],
]);

/** Leaves out of the program the parts of dockerode that it never calls. */
export function leanDockerode(): Plugin {
  return {
    name: "lean-dockerode",
    setup(hooks) {
      hooks.onResolve({ filter: /^[@a-z]/ }, ({ path, importer }) =>
        /\/node_modules\/(dockerode|docker-modem)\/lib\//.test(importer) && replacements.has(path)
          ? { path, namespace: "lean-dockerode" }
          : undefined,
      );
      hooks.onLoad({ filter: /./, namespace: "lean-dockerode" }, ({ path }) => ({
        contents: replacements.get(path) ?? "",
        loader: "js",
      }));
    },
  };
}
