#!/bin/sh
# Makes sure that a Docker engine with Compose answers on this machine:  ensure-docker.sh [--yes] [--dry-run]
#
# An engine that answers is left as it is. One that is installed but not running is started. Otherwise it says which packages it would
# install and from where, asks (--yes answers), installs them and starts the engine. --dry-run says what it would do and does nothing.
#
# Tried: Debian 12 (with Debian 13's Docker 26, see install-docker.sh), Debian 13. Ubuntu 22.04 and later have the packages it names.
# Exit: 0 an engine answers · 2 wrong option · 4 this machine cannot be made ready · 10 declined.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

yes=
dry_run=
for option in "$@"; do
  case $option in
    --yes) yes=--yes ;;
    --dry-run) dry_run=--dry-run ;;
    -h | --help)
      sed -n '2,8s/^# \{0,1\}//p' "$0"
      exit 0
      ;;
    *)
      echo "ensure-docker: unknown option $option" >&2
      exit 2
      ;;
  esac
done

say() { echo "ensure-docker: $*"; }
give_up() {
  echo "ensure-docker: $1" >&2
  echo "  $2" >&2
  exit 4
}

check_compose() {
  docker compose version >/dev/null 2>&1 ||
    give_up "Docker answers, but 'docker compose' is missing" \
      "install the Compose plugin, 2.24 or later: docker-compose-v2 (Ubuntu), docker-compose (Debian 13), docker-compose-plugin (Docker's own packages)"
}

if ! command -v docker >/dev/null 2>&1; then
  "$here/install-docker.sh" $yes $dry_run
  if [ -n "$dry_run" ]; then exit 0; fi
fi

if answer=$(docker info 2>&1); then
  check_compose
  exit 0
fi

case $answer in
  *"permission denied"*)
    give_up "Docker runs, but your user may not use it" \
      "run this with sudo, or add your user to the group docker (which is as good as root) and log in again"
    ;;
esac
if [ -n "${DOCKER_HOST:-}" ]; then
  give_up "no Docker engine answers at DOCKER_HOST=$DOCKER_HOST" "start that engine, or unset DOCKER_HOST to use one on this machine"
fi
# A client alone (for engines elsewhere) is not an engine.
if ! command -v dockerd >/dev/null 2>&1 && [ ! -x /usr/sbin/dockerd ]; then
  "$here/install-docker.sh" $yes $dry_run
  if [ -n "$dry_run" ]; then exit 0; fi
fi
if [ -n "$dry_run" ]; then
  say "would start the Docker engine that is installed here"
  exit 0
fi
"$here/start-docker.sh"
check_compose
