# Sourced by what keeps programs in the cache; $work is its temporary folder. POSIX sh.

# unpack NAME PACKAGE…: the packages, and those of their dependencies that this machine lacks, below $work/NAME/root.
unpack() {
  name=$1
  shift
  command -v apt-get >/dev/null 2>&1 || return 1
  echo "unpacking $* for the tests" >&2
  missing=$(apt-get install --simulate --no-install-recommends "$@" 2>/dev/null | sed -n 's/^Inst \([^ ]*\) (.*/\1/p')
  [ -n "$missing" ] || return 1
  mkdir -p "$work/$name/root" "$work/$name/packages"
  # shellcheck disable=SC2086 # a list of package names
  (cd "$work/$name/packages" && apt-get download -qq $missing >/dev/null 2>&1) || return 1
  for package in "$work/$name/packages"/*.deb; do dpkg-deb --extract "$package" "$work/$name/root"; done
  rm -rf "$work/$name/packages"
}

# Any Go from 1.21 on fetches the wanted one as a module.
find_go() {
  if go version 2>/dev/null | grep -Eq 'go1\.(2[1-9]|[3-9][0-9])'; then
    command -v go
    return
  fi
  newest=$(apt-cache search --names-only '^golang-1\.[0-9]+-go$' 2>/dev/null | sed 's/ .*//' | sort -V | tail -n 1)
  [ -n "$newest" ] && unpack go "$newest" >&2 && find "$work/go/root/usr/lib" -path '*/bin/go' | head -n 1
}
