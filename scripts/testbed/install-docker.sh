#!/bin/sh
# Installs a Docker engine with buildx and Compose from this machine's own distribution:  install-docker.sh [--yes] [--dry-run]
#
# Debian 12 has Docker 20.10 without buildx and Compose, so there Debian 13's Docker 26 is taken, from the Debian mirror this machine
# already uses: a source and a pin are added, so that nothing else of Debian 13 is ever installed. runc stays Debian 12's: Debian 13's
# would pull a new C library and with it a good part of the system.
#
# To undo:  apt-get purge docker.io docker-cli containerd docker-buildx docker-compose
#           rm -f /etc/apt/sources.list.d/slipway-docker.sources /etc/apt/preferences.d/slipway-docker && apt-get update
#
# Exit: 0 installed · 2 wrong option · 4 not possible here · 10 declined. Running it again changes nothing.
set -eu
. "$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)/debian-mirror.sh"
# Replaced in tests.
os_release=${SLIPWAY_OS_RELEASE:-/etc/os-release}
apt=${SLIPWAY_APT_FOLDER:-/etc/apt}

yes=
dry_run=
for option in "$@"; do
  case $option in
    --yes) yes=1 ;;
    --dry-run) dry_run=1 ;;
    *)
      echo "install-docker: unknown option $option" >&2
      exit 2
      ;;
  esac
done

give_up() {
  echo "install-docker: $1" >&2
  echo "  $2" >&2
  exit 4
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

[ -r "$os_release" ] || give_up "this is not a Linux this script knows" "install Docker 24 or later with Compose 2.24 or later yourself"
# shellcheck source=/dev/null
. "$os_release"
ID=${ID:-unknown}
VERSION_CODENAME=${VERSION_CODENAME:-}

add_source=
tools="mmdebstrap debian-archive-keyring"
case "$ID $VERSION_CODENAME" in
  "debian bookworm")
    mirror=$(debian_mirror "$apt" "$VERSION_CODENAME")
    [ -n "$mirror" ] || give_up "no Debian mirror is configured in $apt" "configure one, or install Docker 24 or later with Compose 2.24 or later yourself"
    add_source=1
    packages="docker.io/trixie docker-cli/trixie containerd/trixie docker-buildx/trixie docker-compose/trixie runc iptables $tools"
    ;;
  "debian trixie" | "debian forky" | "debian sid")
    packages="docker.io docker-cli docker-buildx docker-compose iptables $tools"
    ;;
  "ubuntu "*)
    packages="docker.io docker-buildx docker-compose-v2 iptables $tools"
    ;;
  *)
    give_up "no packaged Docker is known here for $ID ${VERSION_CODENAME:-(no code name)}" \
      "install Docker 24 or later with Compose 2.24 or later yourself, then run this again"
    ;;
esac

echo "install-docker: to be installed from this machine's own package mirror:"
echo "  $packages"
if [ -n "$add_source" ]; then
  echo "  and these files, so that apt finds Debian 13's Docker and takes nothing else from there:"
  echo "    $apt/sources.list.d/slipway-docker.sources"
  echo "    $apt/preferences.d/slipway-docker"
fi
echo "  (mmdebstrap makes the images' base where no container registry can be reached)"
if [ -n "$dry_run" ]; then exit 0; fi

if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null 2>&1; then
  give_up "installing packages needs root, and sudo is not installed" "run this as root"
fi
if [ -z "$yes" ]; then
  # The terminal is asked, not standard input, which may be a script.
  if ! (: </dev/tty) 2>/dev/null; then
    echo "install-docker: not installed: there is no terminal to ask on; --yes answers" >&2
    exit 10
  fi
  printf 'Install them? [y/N] ' >/dev/tty
  read -r reply </dev/tty || reply=
  case $reply in
    y | Y | yes) ;;
    *)
      echo "install-docker: declined; nothing was changed" >&2
      exit 10
      ;;
  esac
fi

if [ -n "$add_source" ]; then
  as_root tee "$apt/sources.list.d/slipway-docker.sources" >/dev/null <<SOURCES
Types: deb
URIs: $mirror
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
  # 100: only what is asked for by name, and what that needs.
  as_root tee "$apt/preferences.d/slipway-docker" >/dev/null <<'PIN'
Package: *
Pin: release n=trixie
Pin-Priority: 100
PIN
fi

as_root apt-get update
# shellcheck disable=SC2086 # a list of package names
as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $packages
command -v docker >/dev/null 2>&1 || give_up "the packages were installed, but there is no docker command" "look at the output above"
