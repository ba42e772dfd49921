# Sourced by the entry points: makes sure that programs are there, from the distribution's packages. POSIX sh.

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1; then
    sudo "$@"
  else
    echo "error: this needs root: $*" >&2
    echo "hint: run it as root, or install sudo" >&2
    return 4
  fi
}

# install_packages WHY PACKAGE…: says what it installs, then does.
install_packages() {
  why=$1
  shift
  if ! command -v apt-get >/dev/null 2>&1; then
    echo "error: $why, and this is not Debian or Ubuntu" >&2
    echo "hint: install these with your package manager: $*" >&2
    return 4
  fi
  echo "installing $* ($why)" >&2
  # The lists may be older than the packages they name.
  as_root apt-get update -qq </dev/null >&2 || echo "warning: apt-get update failed; trying with the lists that are here" >&2
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" </dev/null >&2 || {
    echo "error: apt-get could not install $*" >&2
    echo "hint: read its message above; it can be run by hand: apt-get install $*" >&2
    return 4
  }
}

# needs_node_packages ROOT: whether npm has to run. No npm call when everything is in place.
needs_node_packages() {
  [ -x "$1/node_modules/.bin/node" ] && cmp -s "$1/package-lock.json" "$1/node_modules/.slipway-package-lock.json" && return 1
  return 0
}

# ensure_node ROOT: the npm packages of the checkout, the right Node among them.
ensure_node() {
  needs_node_packages "$1" || return 0
  if ! command -v npm >/dev/null 2>&1; then
    install_packages "npm is missing; it fetches the program's own Node and packages" nodejs npm || return
  fi
  echo "fetching npm packages into $1/node_modules" >&2
  rm -f "$1/node_modules/.slipway-package-lock.json"
  # The output of npm is only of interest when it fails.
  log=$(mktemp)
  if (cd "$1" && npm ci --no-audit --no-fund --loglevel=error </dev/null >"$log" 2>&1) &&
    "$1/node_modules/.bin/node" -e 0 >>"$log" 2>&1; then
    cp "$1/package-lock.json" "$1/node_modules/.slipway-package-lock.json"
    rm -f "$log"
    return 0
  fi
  # Its usage text, which follows some messages, explains nothing.
  sed '/^npm error Clean install a project/,$d' "$log" | tail -n 30 >&2
  rm -f "$log"
  echo "error: npm ci failed in $1" >&2
  echo "hint: npm has to reach a package registry; npm config get registry says which" >&2
  return 1
}
