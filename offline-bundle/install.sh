#!/bin/sh
# Puts the slipway executable of an offline bundle in place. Nothing is unpacked and nothing is written beside the bundle.
#
#   sh install.sh BUNDLE [--to DIR] [--key FILE.pub]... [--parts DIR]... [--unchecked]
#
# Check this script itself first: it is covered by the bundle's signature, so look at docs or at README.txt in the bundle for
# the two commands that check it with plain minisign.
set -eu
umask 022
LC_ALL=C
export LC_ALL

usage() {
  cat <<'END'
usage: sh install.sh BUNDLE [options]

BUNDLE is a bundle (slipway-….tar), or the header (….split.json) or a part of a split one.

  --to DIR       where to put slipway (default: /usr/local/bin as root, else ~/.local/bin)
  --key FILE     public key to check the signature with; may be given more than once
                 (default: the .pub files in ~/.config/slipway/trusted-keys, as root also in /etc/slipway/trusted-keys)
  --parts DIR    a further folder with parts of a split bundle; may be given more than once
  --unchecked    do without the signature: nothing then says who made what is installed
  -h, --help     print this help
END
}

# fail STATUS MESSAGE [HINT]: the statuses are those of slipway: 2 usage, 4 this machine, 8 the bundle.
fail() {
  status=$1
  printf 'error: %s\n' "$2" >&2
  if [ $# -gt 2 ]; then printf '  %s\n' "$3" >&2; fi
  exit "$status"
}

has() { command -v "$1" >/dev/null 2>&1; }

staged=''
cleanup() {
  status=$?
  trap - EXIT
  if [ -n "$staged" ]; then rm -f -- "$staged"; fi
  if [ -f "$work/made" ]; then
    while IFS= read -r folder; do rmdir -- "$folder" 2>/dev/null || :; done <"$work/made"
  fi
  rm -rf -- "$work"
  exit "$status"
}

bundle=''
target=''
unchecked=no
work=$(mktemp -d) || fail 4 "no temporary folder can be made" "set TMPDIR to a folder that can be written"
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
: >"$work/keys"
: >"$work/folders"

need_value() {
  if [ "$2" -lt 2 ]; then fail 2 "$1 needs a value" "sh install.sh --help says more"; fi
}
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      usage
      exit 0
      ;;
    --to) need_value "$1" $#; target=$2; shift 2 ;;
    --to=*) target=${1#*=}; shift ;;
    --key) need_value "$1" $#; printf '%s\n' "$2" >>"$work/keys"; shift 2 ;;
    --key=*) printf '%s\n' "${1#*=}" >>"$work/keys"; shift ;;
    --parts) need_value "$1" $#; printf '%s\n' "$2" >>"$work/folders"; shift 2 ;;
    --parts=*) printf '%s\n' "${1#*=}" >>"$work/folders"; shift ;;
    --unchecked) unchecked=yes; shift ;;
    -*) fail 2 "unknown option $1" "sh install.sh --help says which there are" ;;
    *)
      if [ -n "$bundle" ]; then fail 2 "one bundle at a time, not $bundle and $1"; fi
      bundle=$1
      shift
      ;;
  esac
done
if [ -z "$bundle" ]; then
  usage >&2
  exit 2
fi

# --- This machine -----------------------------------------------------------------------------------------------------------

if [ "$(uname -s)" != Linux ]; then fail 4 "slipway runs on Linux, this is $(uname -s)"; fi
case $(uname -m) in
  x86_64 | amd64) platform=linux/amd64 ;;
  aarch64 | arm64) platform=linux/arm64 ;;
  *) fail 4 "there is no slipway for processors of the kind $(uname -m), only for x86_64 and aarch64" ;;
esac
for tool in tar awk sed od dd ls mktemp; do
  if ! has "$tool"; then fail 4 "$tool is not installed" "install it, or copy the bundle to a machine that has it"; fi
done
if [ -z "$target" ]; then
  if [ "$(id -u)" -eq 0 ]; then
    target=/usr/local/bin
  elif [ -n "${HOME:-}" ]; then
    target=$HOME/.local/bin
  else
    fail 2 "HOME is not set" "say with --to where slipway is to be put"
  fi
fi
case $target in
  /*) ;;
  *) target=$(pwd)/$target ;;
esac

sha256_of() {
  if has sha256sum; then
    sha256sum <"$1" | awk '{ print $1 }'
  elif has openssl; then
    openssl dgst -sha256 -r <"$1" | awk '{ print $1 }'
  elif has shasum; then
    shasum -a 256 <"$1" | awk '{ print $1 }'
  else
    fail 4 "nothing here makes SHA-256 sums" "install coreutils (sha256sum) or openssl"
  fi
}

# --- Reading the bundle -----------------------------------------------------------------------------------------------------

# GNU tar can stop at what was asked for; others read on to the end.
once=''
case $(tar --version 2>/dev/null || :) in
  *"GNU tar"*) once=--occurrence=1 ;;
esac

# entry NAME LIMIT: that file of the bundle on standard output, LIMIT bytes at most.
entry() {
  if [ -s "$work/parts" ]; then
    # Told apart by its result, not by the status of cat, which a tar that has enough may leave behind.
    # shellcheck disable=SC2086 # one option or none
    joined 2>/dev/null | tar $once -xOf - "$1" 2>"$work/tar.err" | head -c "$2"
  else
    # shellcheck disable=SC2086 # one option or none
    tar $once -xOf "$bundle" "$1" 2>"$work/tar.err" | head -c "$2"
  fi
}

joined() {
  while IFS= read -r part; do
    cat -- "$part" || return 1
  done <"$work/parts"
}

# find_parts HEADER: lists the parts of a split bundle, in order; they may lie in several folders.
find_parts() {
  awk '
    /^  "parts": \[/ { inside = 1; next }
    inside && /^  \]/ { exit }
    inside && /"file": "/ { file = $0; sub(/^.*"file": "/, "", file); sub(/".*$/, "", file) }
    inside && /"size": [0-9]/ { size = $0; sub(/^.*"size": /, "", size); sub(/[^0-9].*$/, "", size) }
    inside && /^    \}/ { print size, file }
  ' "$1" >"$work/listed"
  if [ ! -s "$work/listed" ]; then fail 8 "$1 names no parts" "is it the .split.json of a split bundle?"; fi
  own=$(dirname -- "$1")
  while read -r size file; do
    case $file in
      '' | *[!A-Za-z0-9._+-]* | .*) fail 8 "$1 names a part that cannot be one: $file" ;;
    esac
    place=''
    { printf '%s\n' "$own"; cat "$work/folders"; } >"$work/places"
    while IFS= read -r folder; do
      if [ -z "$place" ] && [ -f "$folder/$file" ]; then place=$folder/$file; fi
    done <"$work/places"
    if [ -z "$place" ]; then
      fail 8 "the part $file is missing" "put it beside $1, or name its folder with --parts DIR"
    fi
    found=$(($(wc -c <"$place")))
    if [ "$found" != "$size" ]; then
      fail 8 "the part $place has $found bytes, it should have $size" "copy it again, or rebuild it: slipway bundle repair"
    fi
    printf '%s\n' "$place" >>"$work/parts"
  done <"$work/listed"
}

: >"$work/parts"
case $bundle in
  *.part[0-9]* | *.parity[0-9]*)
    header=${bundle%.par*}.split.json
    if [ ! -f "$header" ]; then fail 8 "the header $header is not beside $bundle" "give the .split.json itself"; fi
    bundle=$header
    ;;
esac
if [ ! -f "$bundle" ]; then fail 2 "there is no file $bundle"; fi
case $bundle in
  /*) ;;
  *) bundle=$(pwd)/$bundle ;;
esac
case $bundle in
  *.split.json) find_parts "$bundle" ;;
esac

# Larger documents than these are no bundle's.
entry bundle.json 33554432 >"$work/bundle.json" || :
if [ ! -s "$work/bundle.json" ]; then
  fail 8 "$bundle is not a bundle: it holds no bundle.json" "$(sed -n 1p "$work/tar.err")"
fi

# --- Who made it ------------------------------------------------------------------------------------------------------------

trusted_keys() {
  cat "$work/keys"
  if [ -s "$work/keys" ]; then return 0; fi
  # As the XDG specification has it, a relative folder is none.
  case ${XDG_CONFIG_HOME:-} in
    /*) config=$XDG_CONFIG_HOME ;;
    *) config=${HOME:-/nonexistent}/.config ;;
  esac
  for folder in "$config/slipway/trusted-keys" /etc/slipway/trusted-keys; do
    if [ "$folder" = /etc/slipway/trusted-keys ] && [ "$(id -u)" -ne 0 ]; then continue; fi
    for file in "$folder"/*.pub; do
      if [ ! -f "$file" ]; then continue; fi
      refuse_open "$folder"
      refuse_open "$file"
      printf '%s\n' "$file"
    done
  done
}

# refuse_open PATH: whoever can write there says whom this user trusts.
refuse_open() {
  # shellcheck disable=SC2012 # small machines have no find; name and type of what is listed do not matter
  owner=$(ls -ldnL -- "$1" | awk '{ print $3 }')
  case $(ls -ldnL -- "$1") in
    ????????w*) open=yes ;;
    # Where each user has a group of their own, a folder that this group may write is nobody else's; root is more careful.
    ?????w*) if [ "$(id -u)" -eq 0 ]; then open=yes; else open=no; fi ;;
    *) open=no ;;
  esac
  if [ "$open" = yes ] || { [ "$owner" != 0 ] && [ "$owner" != "$(id -u)" ]; }; then
    fail 8 "$1 can be written by others, who could so make this user trust any bundle" \
      "look at the keys in it, then chown it to this user and chmod go-w; or give the maker's key with --key FILE.pub"
  fi
}

# bytes FILE START COUNT
bytes() { dd if="$1" bs=1 skip="$2" count="$3" 2>/dev/null; }

decode() { openssl base64 -d -A; }

openssl_is_enough() {
  if ! has openssl; then return 1; fi
  case $(openssl version) in
    'OpenSSL '[3-9]* | 'OpenSSL '[1-9][0-9]*) return 0 ;;
    *) return 1 ;;
  esac
}

# Public key: Ed, 8 bytes key id, 32 bytes key. Signature: ED, key id, 64 bytes over the BLAKE2b-512 sum of the file; then
# 64 bytes over that signature and the trusted comment. (minisign's format)
verify_with_openssl() {
  sed -n 2p "$1" | decode >"$work/key" 2>/dev/null || return 1
  sed -n 2p "$work/bundle.json.minisig" | decode >"$work/signature" 2>/dev/null || return 1
  if [ "$(($(wc -c <"$work/key")))" != 42 ] || [ "$(($(wc -c <"$work/signature")))" != 74 ]; then return 1; fi
  if [ "$(bytes "$work/key" 0 2)" != Ed ] || [ "$(bytes "$work/signature" 0 2)" != ED ]; then return 1; fi
  if [ "$(bytes "$work/key" 2 8 | od -An -tx1)" != "$(bytes "$work/signature" 2 8 | od -An -tx1)" ]; then return 1; fi
  { printf '\060\052\060\005\006\003\053\145\160\003\041\000'; bytes "$work/key" 10 32; } >"$work/key.der"
  bytes "$work/signature" 10 64 >"$work/signature.raw"
  openssl dgst -blake2b512 -binary "$work/bundle.json" >"$work/sum" || return 1
  ed25519 "$work/sum" "$work/signature.raw" || return 1
  sed -n 4p "$work/bundle.json.minisig" | decode >"$work/comment.raw" 2>/dev/null || return 1
  {
    cat "$work/signature.raw"
    sed -n '3s/^trusted comment: //p' "$work/bundle.json.minisig" | tr -d '\n'
  } >"$work/commented"
  ed25519 "$work/commented" "$work/comment.raw"
}

# ed25519 FILE SIGNATURE
ed25519() {
  openssl pkeyutl -verify -pubin -inkey "$work/key.der" -keyform DER -rawin -in "$1" -sigfile "$2" >/dev/null 2>&1
}

# verify FILE.pub
verify() {
  # Only the prehashed kind (ED): the other one covers other bytes.
  case $(sed -n 2p "$work/bundle.json.minisig") in
    RU[QRST]*) ;;
    *) return 1 ;;
  esac
  if [ "$tool" = minisign ]; then
    minisign -Vq -m "$work/bundle.json" -x "$work/bundle.json.minisig" -p "$1" >/dev/null 2>&1
  else
    verify_with_openssl "$1"
  fi
}

check_signature() {
  if has minisign; then
    tool=minisign
  elif openssl_is_enough; then
    tool=openssl
  else
    fail 4 "the signature cannot be checked: neither minisign nor OpenSSL 3 is installed" \
      "install one of them, or take the risk with --unchecked"
  fi
  entry bundle.json.minisig 65536 >"$work/bundle.json.minisig" || :
  if [ ! -s "$work/bundle.json.minisig" ]; then
    fail 8 "$bundle is not signed" "ask whoever made it for a signed one, or take the risk with --unchecked"
  fi
  trusted_keys >"$work/trusted"
  if [ ! -s "$work/trusted" ]; then
    fail 8 "there is no key to check the signature with" \
      "give the maker's public key with --key FILE.pub, or take the risk with --unchecked"
  fi
  signer=''
  while IFS= read -r key; do
    if [ ! -r "$key" ]; then fail 2 "the key $key cannot be read"; fi
    if [ -z "$signer" ] && verify "$key"; then signer=$key; fi
  done <"$work/trusted"
  if [ -z "$signer" ]; then
    fail 8 "no trusted key made the signature of $bundle, or it was changed since; tried: $(tr '\n' ' ' <"$work/trusted")" \
      "nothing was installed; get the maker's key by another way than the bundle, or the bundle again"
  fi
  printf 'signature: good, by the key in %s (checked with %s)\n' "$signer" "$tool"
}

if [ "$unchecked" = yes ]; then
  printf 'warning: --unchecked: nothing says who made this bundle\n' >&2
else
  check_signature
fi

# --- What is in it ----------------------------------------------------------------------------------------------------------

is_hex() {
  case $1 in
    *[!0-9a-f]*) return 1 ;;
  esac
  [ ${#1} -eq 64 ]
}

wanted=$(sed -n 's/^  "checksums": "sha256:\([0-9a-f]*\)",\{0,1\}$/\1/p' "$work/bundle.json" | sed -n 1p)
if ! is_hex "$wanted"; then fail 8 "bundle.json of $bundle names no checksums"; fi
entry checksums.txt 67108864 >"$work/checksums.txt" || :
if [ "$(sha256_of "$work/checksums.txt")" != "$wanted" ]; then
  fail 8 "checksums.txt of $bundle is not the one that bundle.json names: it is damaged or was changed" \
    "nothing was installed; copy the bundle again"
fi

hex=$(awk -v platform="$platform" '
  function value(line) { sub(/^ *"[a-z]*": "/, "", line); sub(/",?$/, "", line); return line }
  /^  "artifacts": \[/ { inside = 1; next }
  inside && /^  \]/ { exit }
  inside && /^    \{/ { name = ""; for_platform = ""; digest = "" }
  inside && /^      "name": / { name = value($0) }
  inside && /^      "platform": / { for_platform = value($0) }
  inside && /^        "digest": / { digest = value($0) }
  inside && /^    \}/ && name == "slipway" && for_platform == platform { sub(/^sha256:/, "", digest); print digest; exit }
' "$work/bundle.json")
if ! is_hex "$hex"; then
  fail 8 "$bundle carries no slipway for $platform" "make the bundle with --platform $platform, or take another one"
fi
if ! grep -Fqx "$hex  blobs/sha256/$hex" "$work/checksums.txt"; then
  if grep -q '^  "content": "delta"' "$work/bundle.json"; then
    fail 8 "$bundle is a delta, and its slipway is in the bundle it builds on" "run this script on that one"
  fi
  fail 8 "checksums.txt of $bundle does not list slipway for $platform"
fi

# --- Putting it in place ----------------------------------------------------------------------------------------------------

missing=$target
while [ ! -d "$missing" ]; do
  printf '%s\n' "$missing" >>"$work/made"
  missing=$(dirname -- "$missing")
done
if ! mkdir -p -- "$target" 2>/dev/null; then
  fail 4 "the folder $target cannot be made by $(id -un 2>/dev/null || id -u)" "choose another one with --to, or run this as root"
fi
if [ -d "$target/slipway" ]; then fail 4 "$target/slipway is a folder" "choose another place with --to"; fi
staged=$(mktemp "$target/.slipway.XXXXXX" 2>/dev/null) || {
  staged=''
  fail 4 "$target cannot be written by $(id -un 2>/dev/null || id -u)" "choose another place with --to, or run this as root"
}
entry "blobs/sha256/$hex" 1073741824 >"$staged" || fail 4 "slipway cannot be written to $target" "is the disk full?"
if [ "$(sha256_of "$staged")" != "$hex" ]; then
  if [ ! -s "$staged" ]; then fail 8 "blobs/sha256/$hex, slipway for $platform, is not in $bundle: it ends too early"; fi
  fail 8 "slipway in $bundle is damaged: it is not sha256 $hex" "nothing was installed; copy the bundle again"
fi
chmod 0755 "$staged"
if ! version=$("$staged" --version 2>"$work/start.err"); then
  fail 4 "slipway does not start here: $(sed -n 1p "$work/start.err")" \
    "it needs glibc 2.28 or later and libstdc++, and a folder programs may be run from; nothing was installed"
fi
mv -f -- "$staged" "$target/slipway" || fail 4 "$target/slipway cannot be replaced"
staged=''
rm -f -- "$work/made"

printf 'installed: %s/slipway, version %s\n' "$target" "$version"
program=slipway
case :${PATH:-}: in
  *":$target:"*) ;;
  *)
    program=$target/slipway
    # shellcheck disable=SC2016 # for the reader's own shell
    printf 'note: %s is not in PATH; to change that: export PATH="%s:$PATH"\n' "$target" "$target"
    ;;
esac
# As it can be typed.
quote() {
  case $1 in
    *[!A-Za-z0-9_./:@%+,=-]*) printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")" ;;
    *) printf '%s' "$1" ;;
  esac
}
if [ "$unchecked" = yes ]; then trust='--allow-unsigned'; else trust="--key $(quote "$signer")"; fi
printf 'next: %s install --mode compose --bundle %s %s\n' "$(quote "$program")" "$(quote "$bundle")" "$trust"
if [ "$(id -u)" -ne 0 ] && [ ! -w /var/run/docker.sock ]; then
  printf 'note: this user may not use Docker yet; root can say: usermod -aG docker %s\n' "$(id -un 2>/dev/null || id -u)"
fi
