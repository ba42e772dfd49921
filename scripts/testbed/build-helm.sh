#!/bin/sh
# Makes the real helm program available to the tests, and prints its path as the last line of stdout.
# It is built like an image of ours, from its released Go module, and kept in the cache.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
version=$(sed -n 's/.*HELM_VERSION: "\([^"]*\)".*/\1/p' "$root/images/catalogue.yaml")
folder="${XDG_CACHE_HOME:-$HOME/.cache}/slipway/tools/helm-$version"
program=$folder/helm

if [ -x "$program" ]; then
  echo "$program"
  exit 0
fi

image=$("$root/slipway" images build helm --json | sed -n 's/.*"reference": "\(slipway\/helm:[0-9a-f]*\)".*/\1/p' | head -n 1)
mkdir -p "$folder"
work=$(mktemp -d "$folder/build.XXXXXX")
container=$(docker create "$image")
trap 'docker rm "$container" >/dev/null; rm -rf "$work"' EXIT
docker cp "$container:/helm" "$work/helm" >/dev/null
# A rename, so that two builds side by side never show half a program.
mv "$work/helm" "$program"
echo "$program"
