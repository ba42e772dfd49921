/** A private registry on a host without network. */
export const registryHost = "registry.example:5443";

/** Engine and programs find the registry by its name and trust who signed its certificate. */
export function trustScript(ca: string): string {
  return `mkdir -p etc-docker/certs.d/${registryHost}
cat > etc-docker/certs.d/${registryHost}/ca.crt <<'END'
${ca.trim()}
END
mount --bind etc-docker /etc/docker
printf '127.0.0.1 localhost registry.example\\n' > hosts
mount --bind hosts /etc/hosts`;
}

export const registryConfiguration = `version: 0.1
storage:
  filesystem:
    rootdirectory: /tmp/registry
auth:
  htpasswd:
    realm: test
    path: /etc/distribution/htpasswd
http:
  addr: 127.0.0.1:5443
  tls:
    certificate: /etc/distribution/cert.pem
    key: /etc/distribution/key.pem
`;
