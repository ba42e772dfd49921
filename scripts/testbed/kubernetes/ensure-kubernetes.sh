#!/bin/sh
# Makes the programs of a real Kubernetes available on this machine and prints their folder as the last line of stdout:
#   ensure-kubernetes.sh [--check] [--within SECONDS]
#
# They come from package registries alone: Kubernetes, CoreDNS, kube-router and helm 4 are compiled from their released Go modules, the container
# runtime, etcd and the network plugins are Debian's packages, unpacked and not installed. Everything lies in the cache, in a folder
# named after what it was made of, so that a second run builds nothing. Interrupted, it goes on where it was.
#
# --check    only says whether they are there
# --within   builds only when that should fit in so many seconds, and stops when it does not
# --estimate prints how many seconds the build should take here
#
# Tried: Debian 12. Exit: 0 they are there · 2 wrong option · 3 would take, or took, longer than --within · 4 not possible here ·
# 5 not there (--check).
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$here/versions.sh"
. "$here/../debian-mirror.sh"
. "$here/../unpack-packages.sh"
cache=${XDG_CACHE_HOME:-$HOME/.cache}/slipway/kubernetes
go_version=$(sed -n 's/.*GO_VERSION: "\([^"]*\)".*/\1/p' "$here/../../../images/catalogue.yaml")
suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release 2>/dev/null || true)
inputs=$(cd "$here" && cat ensure-kubernetes.sh versions.sh go/*/*.go && echo "$go_version $suite")
key=$(echo "$inputs" | sha256sum | cut -c 1-16)
programs=$cache/$key
progress=$cache/go/progress

say() { echo "ensure-kubernetes: $*" >&2; }
give_up() {
  echo "ensure-kubernetes: $1" >&2
  echo "  $2" >&2
  exit 4
}

# What an interrupted build has compiled is not compiled again.
estimate() {
  read -r made all 2>/dev/null <"$progress" || made=0 all=1
  echo $((typical_build * (all - made) / all + 60))
}

check=
within=
while [ $# -gt 0 ]; do
  case $1 in
    --check) check=1 ;;
    --estimate)
      if [ -e "$programs/complete" ]; then echo 0; else estimate; fi
      exit 0
      ;;
    --within)
      within=${2:-}
      shift
      ;;
    --within=*) within=${1#*=} ;;
    -h | --help)
      sed -n '2,15s/^# \{0,1\}//p' "$0"
      exit 0
      ;;
    *)
      echo "ensure-kubernetes: unknown option $1" >&2
      exit 2
      ;;
  esac
  [ $# -eq 0 ] || shift
done
case $within in
  *[!0-9]*)
    echo "ensure-kubernetes: --within takes a number of seconds" >&2
    exit 2
    ;;
esac

if [ -e "$programs/complete" ]; then
  echo "$programs"
  exit 0
fi
if [ -n "$check" ]; then
  say "the programs of the cluster are not built here; scripts/testbed/kubernetes/ensure-kubernetes.sh builds them"
  exit 5
fi
if [ -n "$within" ]; then
  if [ "$(estimate)" -gt "$within" ]; then
    say "the build should take $(estimate) s here, and may take $within s"
    exit 3
  fi
  status=0
  timeout --signal=TERM --kill-after=10 "$within" "$0" || status=$?
  [ "$status" -ne 124 ] && [ "$status" -ne 137 ] && exit "$status"
  say "stopped after $within s; the next build goes on from here"
  exit 3
fi

for program in apt-get dpkg-deb docker flock gzip sha256sum; do
  command -v "$program" >/dev/null 2>&1 || give_up "$program is not on this machine" "the cluster is built on Debian, with a Docker engine beside it"
done
[ "$(uname -m)" = x86_64 ] || give_up "this machine is no x86_64" "the cluster's packages are those for amd64"
case $suite in
  bookworm | trixie) ;;
  *) give_up "the cluster is made of packages for Debian 12 and 13, and this is ${suite:-another system}" "run this on Debian 12 or 13" ;;
esac
mkdir -p "$cache/go"
exec 9>"$cache/build.lock"
if ! flock -n 9; then
  say "another run is building; waiting for it"
  flock 9
  if [ -e "$programs/complete" ]; then
    echo "$programs"
    exit 0
  fi
fi

begin=$(date +%s)
elapsed() { echo "$(($(date +%s) - begin)) s"; }
work=$(mktemp -d "$cache/work.XXXXXX")
counter=
clean_up() {
  [ -z "$counter" ] || kill "$counter" 2>/dev/null || true
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
say "builds Kubernetes $kubernetes_version into $programs; about $(estimate) s"

# fetch SUITE PACKAGE…: unpacks packages of the suite below $work/result/root. apt works in a folder of its own, so that the system's
# sources stay as they are.
fetch() {
  apt=$work/apt-$1
  mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/packages"
  : >"$apt/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $1 main" >"$apt/sources.list"
  cat >"$apt/apt.conf" <<SETTINGS
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt";
APT::Sandbox::User "root";
SETTINGS
  shift
  (
    cd "$apt/packages"
    export APT_CONFIG="$apt/apt.conf"
    apt-get update -qq && apt-get download -qq "$@"
  ) >&2 || give_up "the packages $* could not be fetched" "read apt's message above"
  for package in "$apt/packages"/*.deb; do dpkg-deb --extract "$package" "$work/result/root"; done
  rm -rf "$apt"
}

# Debian 13's runtime, etcd and plugins run on Debian 12's C library; its runc does not. The static busybox of Debian 12 resolves no
# names in an image that holds nothing else.
fetch_packages() {
  mirror=$(debian_mirror /etc/apt "$suite")
  [ -n "$mirror" ] || give_up "no Debian mirror is configured in /etc/apt" "configure one"
  fetch trixie containerd etcd-server containernetworking-plugins busybox-static
  fetch "$suite" runc nftables libnftables1 libnftnl11 libmnl0 libjansson4 libedit2 libseccomp2 ipset libipset13
  say "packages unpacked, $(elapsed)"
}


# The module is Kubernetes' own go.mod with its staging folders pointed at the modules they are published as. Every other requirement is
# held at Kubernetes' version, so that nothing beside it can move what it is compiled against.
write_module() {
  module=$cache/go/module
  rm -rf "$module"
  mkdir -p "$module"
  cp -R "$here/go/." "$module"
  upstream=$(cd / && "$go" mod download -json "k8s.io/kubernetes@v$kubernetes_version" | sed -n 's/.*"GoMod": "\(.*\)",/\1/p')
  staging=v0.${kubernetes_version#1.}
  {
    sed -e 's|^module .*|module slipway/testbed/kubernetes|' -e '/^replace (/,/^)/d' -e "s| v0\.0\.0\$| $staging|; s| v0\.0\.0 | $staging |" "$upstream"
    echo "require k8s.io/kubernetes v$kubernetes_version"
    echo "require github.com/coredns/coredns v$coredns_version"
    echo "require helm.sh/helm/v4 v$helm4_version"
    echo "require github.com/cloudnativelabs/kube-router/v2 v$kube_router_version"
    echo 'replace ('
    sed -n '/^replace (/,/^)/p' "$upstream" | awk -v version="$staging" '/=>/ { print "\t" $1 " => " $1 " " version }'
    sed -n '/^require (/,/^)/p' "$upstream" | awk '$2 ~ /^v/ && $2 != "v0.0.0" { print "\t" $1 " => " $1 " " $2 }'
    echo ')'
  } >"$module/go.mod"
  (cd "$module" && "$go" mod edit -fmt)
}

# Says every half minute how far the compiler is, and keeps that for the estimate of a build that goes on later.
count_packages() {
  read -r before _ 2>/dev/null <"$progress" || before=0
  while sleep 10; do
    made=$((before + $(wc -l <"$1")))
    [ "$made" -lt "$2" ] || made=$2
    echo "$made $2" >"$progress"
    turn=$(((${turn:-0} + 1) % 3))
    [ "$turn" -ne 0 ] || say "compiled $made of $2 packages, $(elapsed)"
  done
}

compile() {
  go=$(find_go)
  [ -n "$go" ] || give_up "there is no Go here to begin with" "install any Go from 1.21 on; it fetches the one that is needed"
  # No debugger looks at these programs. GOGC and GOMEMLIMIT are those of the compiler: it collects garbage only when it holds much.
  export GOPATH="$cache/go/path" GOMODCACHE="$cache/go/modules" GOCACHE="$cache/go/compiled" GOTMPDIR="$work" GOTOOLCHAIN="go$go_version" \
    GOFLAGS="-buildvcs=false -mod=mod -modcacherw -gcflags=all=-dwarf=false" CGO_ENABLED=0 GOWORK=off GOGC=off GOMEMLIMIT=768MiB
  write_module
  say "compiles with $(cd "$module" && "$go" env GOVERSION)"
  names="k8s.io/component-base/version k8s.io/client-go/pkg/version"
  flags="-s -w -X helm.sh/helm/v4/internal/version.version=v$helm4_version"
  for name in $names; do
    flags="$flags -X $name.gitVersion=v$kubernetes_version -X $name.gitMajor=1 -X $name.gitMinor=$(echo "$kubernetes_version" | cut -d. -f2)"
    flags="$flags -X $name.gitTreeState=clean -X $name.buildDate=2026-01-01T00:00:00Z"
  done
  log=$work/compiled
  : >"$log"
  programs_of_module="./kube ./coredns ./pause helm.sh/helm/v4/cmd/helm github.com/cloudnativelabs/kube-router/v2/cmd/kube-router"
  # shellcheck disable=SC2086 # a list of packages
  all=$(cd "$module" && "$go" list -deps $programs_of_module | wc -l)
  count_packages "$log" "$all" 9>&- &
  counter=$!
  # shellcheck disable=SC2086 # a list of packages
  (cd "$module" && nice -n 5 "$go" build -v -ldflags "$flags" -o "$work/result/bin/" $programs_of_module) 2>"$log" || {
    tail -n 30 "$log" >&2
    give_up "Kubernetes could not be compiled" "read the compiler's message above"
  }
  kill "$counter" && counter=
  echo "$all $all" >"$progress"
  for name in kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet kubectl host-volumes; do
    ln -s kube "$work/result/bin/$name"
  done
  say "Kubernetes compiled, $(elapsed)"
}

# make_image NAME ENTRYPOINT USER: an archive of the files in $work/image.
make_image() {
  # `docker import` of the same files gives another image each day; a name that is the test bed's own is no trouble beside others.
  tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$work/image" -cf - . |
    docker import --change "ENTRYPOINT $2" --change "USER $3" --change "ENV PATH=/bin" - "testbed.local/$1:1" >/dev/null
  docker save -o "$work/result/images/$1.tar" "testbed.local/$1:1"
  docker rmi "testbed.local/$1:1" >/dev/null
  rm -rf "$work/image"
}

make_images() {
  mkdir -p "$work/result/images" "$work/image/bin"
  cp "$work/result/bin/pause" "$work/image/bin/pause"
  make_image pause '["/bin/pause"]' 65532
  mkdir -p "$work/image/bin"
  cp "$work/result/bin/coredns" "$work/image/bin/coredns"
  make_image coredns '["/bin/coredns"]' 65532
  mkdir -p "$work/image/bin" "$work/image/tmp"
  chmod 1777 "$work/image/tmp"
  busybox=$work/result/root/usr/bin/busybox
  cp "$busybox" "$work/image/bin/busybox"
  for name in $("$busybox" --list); do [ "$name" = busybox ] || ln -s busybox "$work/image/bin/$name"; done
  make_image busybox '[]' 65532
  rm "$work/result/bin/pause" "$work/result/bin/coredns"
  say "images made, $(elapsed)"
}

mkdir -p "$work/result/root" "$work/result/bin"
fetch_packages
compile
make_images
: >"$work/result/complete"
# A rename, so that nobody sees half of it.
rm -rf "$programs"
mv "$work/result" "$programs"
say "done, $(elapsed)"
echo "$programs"
