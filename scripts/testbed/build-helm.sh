#!/bin/sh
# Makes the real helm program available to the tests, and prints its path as the last line of stdout.
# Built once from its released Go module into the cache; any packaged Go >= 1.21 will do, it fetches the toolchain it needs as a module.
set -eu
version=3.20.2
toolchain=go1.26.8
program="${XDG_CACHE_HOME:-$HOME/.cache}/slipway/tools/helm-$version/helm"

if [ -x "$program" ]; then
  echo "$program"
  exit 0
fi

if ! command -v go >/dev/null 2>&1; then
  echo "build-helm: no go program on the PATH; install your distribution's golang-go (1.21 or later)" >&2
  exit 1
fi

folder=$(dirname "$program")
mkdir -p "$folder"
work=$(mktemp -d "$folder/build.XXXXXX")
trap 'rm -rf "$work"' EXIT

# A Go new enough for helm is used as it is; an older one fetches the pinned toolchain.
minor=$(go env GOVERSION | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
if [ "${minor:-0}" -ge 25 ]; then toolchain=local; fi

echo "build-helm: compiling helm $version, about a minute of processor time" >&2
# What helm tells a chart of its cluster when it has none, as the released program is linked; without it that is a Kubernetes of 2020.
flags="-s -w -X helm.sh/helm/v3/internal/version.version=v$version"
for package in helm.sh/helm/v3/pkg/chartutil helm.sh/helm/v3/pkg/lint/rules; do
  flags="$flags -X $package.k8sVersionMajor=1 -X $package.k8sVersionMinor=35"
done
cd "$work"
GOTOOLCHAIN=$toolchain GOFLAGS="-trimpath -buildvcs=false" CGO_ENABLED=0 GOBIN=$work \
  nice -n 10 go install -ldflags "$flags" \
  "helm.sh/helm/v3/cmd/helm@v$version" >&2
# A rename, so that two builds side by side never show half a program.
mv "$work/helm" "$program"
echo "$program"
