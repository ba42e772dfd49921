#!/bin/sh
# docker-modem 5.0.7 (what dockerode 5.0.1 speaks through) cannot be made for an engine with TLS that asks for no client certificate.
#
# An engine may show a certificate and take clients without one (dockerd --tls without --tlsverify). The docker program then needs ca.pem in
# DOCKER_CERT_PATH and nothing else; cert.pem and key.pem are read when they are there. docker-modem reads all three whenever
# DOCKER_CERT_PATH is set, in its constructor, so that no option can be given in time.
#
# Seen: Error: ENOENT: no such file or directory, open '…/cert.pem', while the same server answers a client that has ca.pem alone.
# Fails when the behaviour is another one. Needs node, npm and openssl; works in a temporary folder and on loopback only.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >npm.log 2>&1
npm install --no-audit --no-fund docker-modem@5.0.7 >>npm.log 2>&1 || { cat npm.log; exit 2; }
mkdir certs
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=localhost" -addext "subjectAltName=DNS:localhost" \
  -keyout server.key -out certs/ca.pem 2>openssl.log || { cat openssl.log; exit 2; }

cat >try.js <<'JS'
const https = require("node:https");
const fs = require("node:fs");
const Modem = require("docker-modem");
const cert = fs.readFileSync("certs/ca.pem");
const server = https.createServer({ key: fs.readFileSync("server.key"), cert }, (_request, response) => response.end("OK"));
server.listen(0, "localhost", () => {
  const { port } = server.address();
  https.get({ host: "localhost", port, path: "/_ping", ca: cert }, (answer) => {
    console.log(`with ca.pem alone the server answers ${answer.statusCode}`);
    Object.assign(process.env, {
      DOCKER_HOST: `tcp://localhost:${port}`,
      DOCKER_TLS_VERIFY: "1",
      DOCKER_CERT_PATH: `${process.cwd()}/certs`,
    });
    try {
      new Modem();
      console.log("docker-modem is made");
    } catch (error) {
      console.log(`docker-modem: ${error.code} ${error.path.split("/").at(-1)}`);
    }
    server.close();
    server.closeAllConnections();
  });
});
JS
seen=$(node try.js)
printf '%s\n' "$seen"
printf '%s\n' "$seen" | grep -q '^with ca.pem alone the server answers 200$'
printf '%s\n' "$seen" | grep -Eq '^docker-modem: ENOENT (cert|key)\.pem$'
