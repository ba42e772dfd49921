#!/bin/sh
# Makes real programs available that bundles, registries, backups and metrics are tried with: podman, docker-registry, crane, oras,
# restic-rest-server, OpenSSH's sshd and Prometheus with its promtool.
# Prints the folders to add to PATH, separated by colons, as the last line of stdout. What cannot be had here is left out with a warning.
#
# Nothing is installed on the machine: Debian's packages are unpacked into the cache and none of their scripts run, so that no service is
# started or enabled; crane and oras are built there from their released Go modules.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$here/../ensure-packages.sh"
. "$here/unpack-packages.sh"
crane_version=0.22.1
oras_version=1.3.6
go_version=$(sed -n 's/.*GO_VERSION: "\([^"]*\)".*/\1/p' "$here/../../images/catalogue.yaml")
tools=${XDG_CACHE_HOME:-$HOME/.cache}/slipway/tools
mkdir -p "$tools"
work=$(mktemp -d "$tools/work.XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
path=

# add NAME: the program of this name in the tools' folder NAME is one to find.
add() { path=${path:+$path:}$tools/$1; }

warn() { echo "warning: going on without $1" >&2; }

# publish NAME: a rename, so that two runs side by side never see half of it; whoever comes second keeps what is there.
publish() { mv -T "$work/$1" "$tools/$1" 2>/dev/null || [ -d "$tools/$1" ]; }

# Its settings name what was unpacked beside it; whether images are signed is not the question here.
make_podman() {
  unpack podman podman conmon || return 1
  root=$tools/podman/root
  home=$tools/podman/home
  mkdir -p "$work/podman/home/.config/containers"
  echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$work/podman/home/.config/containers/policy.json"
  cat >"$work/podman/home/containers.conf" <<SETTINGS
[engine]
conmon_path = ["$root/usr/bin/conmon"]
helper_binaries_dir = ["$root/usr/lib/podman", "$root/usr/libexec/podman"]
runtime = "runc"
SETTINGS
  libraries=$(find "$work/podman/root" -name '*.so*' -exec dirname {} + | sort -u | sed "s|^$work/podman|$tools/podman|" | paste -sd: -)
  cat >"$work/podman/podman" <<PROGRAM
#!/bin/sh
HOME=$home CONTAINERS_CONF=$home/containers.conf LD_LIBRARY_PATH=$libraries exec $root/usr/bin/podman "\$@"
PROGRAM
  chmod +x "$work/podman/podman"
  publish podman
  "$tools/podman/podman" --root "$work/store" --runroot "$work/run" --storage-driver vfs images >/dev/null && return
  rm -rf "$tools/podman"
  return 1
}

make_registry() {
  unpack docker-registry docker-registry && ln -s root/usr/bin/docker-registry "$work/docker-registry/docker-registry" &&
    publish docker-registry
}

make_rest_server() {
  unpack rest-server restic-rest-server && found=$(find "$work/rest-server/root/usr/bin" -type f -name '*rest-server' | head -n 1) &&
    ln -s "${found#"$work/rest-server/"}" "$work/rest-server/rest-server" && publish rest-server
}

make_sshd() {
  unpack sshd openssh-server openssh-sftp-server && ln -s root/usr/sbin/sshd "$work/sshd/sshd" && publish sshd
}

make_prometheus() {
  unpack prometheus prometheus && ln -s root/usr/bin/prometheus root/usr/bin/promtool "$work/prometheus/" && publish prometheus
}

# make_from_module NAME VERSION PACKAGE
make_from_module() {
  echo "building $1 $2 for the tests" >&2
  : "${go:=$(find_go)}"
  [ -n "$go" ] || return 1
  mkdir -p "$work/$1-$2"
  GOBIN=$work/$1-$2 GOPATH=$work/gopath GOCACHE=$work/gocache GOTOOLCHAIN=go$go_version CGO_ENABLED=0 GOFLAGS="-trimpath -modcacherw" \
    "$go" install "$3@v$2" >&2 && publish "$1-$2"
}

if ! command -v podman >/dev/null 2>&1; then
  if [ -d "$tools/podman" ] || make_podman; then add podman; else warn podman; fi
fi
if ! command -v docker-registry >/dev/null 2>&1; then
  if [ -d "$tools/docker-registry" ] || make_registry; then add docker-registry; else warn docker-registry; fi
fi
if [ -d "$tools/rest-server" ] || make_rest_server; then add rest-server; else warn rest-server; fi
if [ -d "$tools/sshd" ] || make_sshd; then add sshd; else warn sshd; fi
if [ -d "$tools/prometheus" ] || make_prometheus; then add prometheus; else warn prometheus; fi
if [ -d "$tools/crane-$crane_version" ] ||
  make_from_module crane "$crane_version" github.com/google/go-containerregistry/cmd/crane; then
  add "crane-$crane_version"
else
  warn crane
fi
if [ -d "$tools/oras-$oras_version" ] || make_from_module oras "$oras_version" oras.land/oras/cmd/oras; then
  add "oras-$oras_version"
else
  warn oras
fi
echo "$path"
