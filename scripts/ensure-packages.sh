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
  # One run fetches, the others wait for it and find everything in place.
  (
    if command -v flock >/dev/null 2>&1 && ! flock -n 9; then
      echo "another run is fetching npm packages into $1/node_modules; waiting for it" >&2
      flock 9
    fi
    if needs_node_packages "$1"; then fetch_node_packages "$1"; fi
  ) 9<"$1/package-lock.json"
}

# fetch_node_packages ROOT: beside the old ones, which a program may be using, and then in their place.
fetch_node_packages() {
  why="there are none yet"
  if [ -e "$1/node_modules" ]; then why="package-lock.json has changed"; fi
  echo "fetching npm packages into $1/node_modules ($why)" >&2
  fresh=$1/.node_modules.new
  rm -rf "$fresh"
  mkdir "$fresh" || return
  for name in package.json package-lock.json .npmrc; do
    [ ! -e "$1/$name" ] || cp "$1/$name" "$fresh/$name" || return
  done
  # The output of npm is only of interest when it fails. It must not hold the lock longer than this run.
  log=$(mktemp)
  if (cd "$fresh" && npm ci --no-audit --no-fund --loglevel=error </dev/null >"$log" 2>&1 9<&-) &&
    "$fresh/node_modules/.bin/node" -e 0 >>"$log" 2>&1 &&
    mv "$fresh/package-lock.json" "$fresh/node_modules/.slipway-package-lock.json" &&
    { [ ! -e "$1/node_modules" ] || mv "$1/node_modules" "$fresh/old"; } &&
    mv "$fresh/node_modules" "$1/node_modules"; then
    rm -rf "$log" "$fresh"
    return 0
  fi
  # Its usage text, which follows some messages, explains nothing.
  sed '/^npm error Clean install a project/,$d' "$log" | tail -n 30 >&2
  rm -rf "$log" "$fresh"
  echo "error: npm ci failed in $1" >&2
  echo "hint: npm has to reach a package registry; npm config get registry says which" >&2
  return 1
}
