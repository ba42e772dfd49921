export interface ReadmeRequest {
  readonly name: string;
  readonly version: string;
  /** Absent when the bundle has no platform, only images that a person named. */
  readonly profile?: string;
  readonly platforms: readonly string[];
  readonly without: readonly string[];
  readonly signed: boolean;
}

/** `files/README.txt`: what to do with the bundle, checking first. */
export function formatReadme(request: ReadmeRequest): string {
  const { name, version, without } = request;
  const trust = request.signed ? "--key release.pub" : "--allow-unsigned";
  const left =
    without.length === 0
      ? ""
      : `\nThis bundle was made without ${without.join(", ")}; an install from it has ${without.length === 1 ? "it" : "them"} off.\n`;
  const contents =
    request.profile === undefined
      ? "images of your choice, without the platform, in one tar file"
      : `everything an install of the profile ${request.profile} needs, in one tar file`;
  const use = request.profile === undefined ? useImages : useInstall;
  return `${name} ${version} for ${request.platforms.join(", ")}

An offline bundle of Slipway: ${contents}.
The other side needs Docker with Compose, and nothing from any network. BUNDLE below is this file.
${left}
1. Check it, before anything from it is run
${request.signed ? signedCheck : unsignedCheck}
2. Put the program in place

   tar -xOf BUNDLE install.sh > install.sh
   sh install.sh BUNDLE ${request.signed ? "--key release.pub" : "--unchecked"}

${use(trust)}
   With a private registry in between: docs/offline.md and docs/push-and-harbor.md, which are in this bundle too.

A bundle in parts: give the header (….split.json) in place of the file. Parts may lie in several folders (--parts FOLDER).
Where tar is named here, give it the first part, with --occurrence=1: tar --occurrence=1 -xOf ….part001 install.sh

What else is here: LICENSES.txt, values.yaml with every setting and its default, values.schema.json, docs/, and where they
were made sbom/. The images are an OCI layout that docker load, podman and skopeo read as it is.
`;
}

function useInstall(trust: string): string {
  return `3. Install

   slipway bundle verify BUNDLE ${trust}
   slipway install --mode compose --bundle BUNDLE ${trust}

   It is installed for this machine alone, as localhost. For others to reach it, which a profile with a hub demands, say under
   what name or IP address: --set domain=NAME. What that takes and what runs then: docs/components.md, docs/sizing.md.
`;
}

function useImages(trust: string): string {
  return `3. Use the images

   slipway bundle load BUNDLE --to docker ${trust}
   slipway push --bundle BUNDLE --to registry.example/project ${trust}
`;
}

const signedCheck = `
   The public key must reach you by another way than the bundle. With plain minisign (Debian: apt install minisign):

   tar -xOf BUNDLE bundle.json > bundle.json
   tar -xOf BUNDLE bundle.json.minisig > bundle.json.minisig
   minisign -V -p release.pub -m bundle.json

   That vouches for bundle.json, which names checksums.txt by its SHA-256, which names every other file:

   tar -xOf BUNDLE checksums.txt > checksums.txt
   sha256sum checksums.txt          is the line "checksums" of bundle.json
   tar -xOf BUNDLE install.sh | sha256sum          is the line install.sh of checksums.txt
`;

const unsignedCheck = `
   It is not signed: nothing in it tells who made it. Compare the SHA-256 of the whole file with one that reached you by
   another way:

   sha256sum BUNDLE

   Commands of slipway take it with --allow-unsigned only.
`;
