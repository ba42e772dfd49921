#!/bin/sh
# Fetches the definitions of the Gateway API's kinds, which lie in its Go module, and prints their folder as the last line of stdout.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$here/../unpack-packages.sh"
version=1.6.1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/slipway/kubernetes
folder=$cache/go/modules/sigs.k8s.io/gateway-api@v$version/config/crd/standard
if [ ! -d "$folder" ]; then
  mkdir -p "$cache/go"
  work=$(mktemp -d "$cache/work.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  go=$(find_go)
  if [ -z "$go" ]; then
    echo "gateway-api: there is no Go here to fetch modules with" >&2
    exit 4
  fi
  # Nothing is compiled, so whatever Go there is will do.
  cd "$work"
  GOPATH=$cache/go/path GOMODCACHE=$cache/go/modules GOTOOLCHAIN=local GOFLAGS="-modcacherw" "$go" mod download "sigs.k8s.io/gateway-api@v$version" >&2
fi
echo "$folder"
