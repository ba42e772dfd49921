#!/bin/sh
# Starts the Docker engine that is installed here and waits until it answers: by systemd, by its init script, or, where a machine has
# neither at work (containers, minimal VMs), by hand in a session of its own, with its log in the user's cache folder.
# Exit: 0 it answers · 4 it does not.
set -eu
PATH=$PATH:/usr/sbin:/sbin
export PATH
log_folder=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/slipway/docker
log=$log_folder/dockerd.log

say() { echo "start-docker: $*"; }

answers() { docker info >/dev/null 2>&1; }

wait_for_answer() {
  tries=$1
  while [ "$tries" -gt 0 ]; do
    if answers; then return 0; fi
    sleep 0.5
    tries=$((tries - 1))
  done
  return 1
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1; then
    sudo "$@"
  else
    echo "start-docker: starting the engine needs root, and sudo is not installed" >&2
    exit 4
  fi
}

if answers; then exit 0; fi

if [ -d /run/systemd/system ] && command -v systemctl >/dev/null 2>&1; then
  say "starting docker by systemd"
  as_root systemctl start docker || true
  if wait_for_answer 60; then exit 0; fi
  echo "start-docker: the engine does not answer; its last words:" >&2
  as_root journalctl -u docker -n 30 --no-pager >&2 || true
  exit 4
fi

if [ -x /etc/init.d/docker ] && command -v service >/dev/null 2>&1; then
  say "starting docker by its init script"
  # It may fail where limits cannot be raised (no CAP_SYS_RESOURCE); by hand works there.
  if as_root service docker start >/dev/null 2>&1 && wait_for_answer 20; then exit 0; fi
fi

say "starting dockerd by hand; its log is $log"
mkdir -p "$log_folder"
if [ "$(id -u)" -eq 0 ]; then
  setsid nohup dockerd </dev/null >"$log" 2>&1 &
else
  as_root true
  setsid nohup sudo -n dockerd </dev/null >"$log" 2>&1 &
fi
if wait_for_answer 60; then exit 0; fi
echo "start-docker: the engine does not answer; the end of $log:" >&2
tail -n 30 "$log" >&2 || true
exit 4
