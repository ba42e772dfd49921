#!/bin/sh
# Real Kubernetes clusters of one node on this machine, each with a name:
#   cluster.sh up NAME [--no-policies] [--while-runs PID]   starts it and prints the path of its kubeconfig
#   cluster.sh down NAME [--wipe]             stops it; with --wipe its data go too, else `up` goes on with them
#   cluster.sh load NAME IMAGE…               copies images of the local Docker engine into it, those that it lacks
#   cluster.sh user NAME USER [GROUP…] [--expired]   prints the kubeconfig of a user without any rights
#   cluster.sh registry NAME HOST [--server URL] [--ca FILE]   where the node pulls images of HOST from, and whose certificate it trusts
#   cluster.sh gateway-api NAME               defines the kinds of the Gateway API in it; no controller serves them
#   cluster.sh run NAME COMMAND…              runs a command in the node's namespaces, `ctr` for example
#   cluster.sh list                           the clusters there are, and their addresses
#
# With --no-policies, NetworkPolicies are stored and not enforced. With --while-runs the cluster is wiped when that process has ended.
#
# A node is one process tree in its own mount, network and process namespaces, with containerd, etcd and every part of Kubernetes inside.
# The machine sees a network device, two routes and a control group for each, and a folder in the cache; `down` removes all but the folder.
# Nothing outside can be reached from a cluster but this machine, at the host address that `list` shows.
#
# Exit: 0 done · 1 it does not come up · 2 wrong arguments · 4 not possible here.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
clusters=${XDG_CACHE_HOME:-$HOME/.cache}/slipway/kubernetes/clusters

say() { echo "cluster: $*" >&2; }
fail() {
  echo "cluster: $2" >&2
  exit "$1"
}
usage() {
  sed -n '3,13s/^# \{0,1\}//p' "$0" >&2
  exit 2
}

obstacle() {
  [ "$(id -u)" -eq 0 ] || fail 4 "a cluster needs root: it has namespaces of its own"
  for program in unshare nsenter ip iptables openssl flock setsid; do
    command -v "$program" >/dev/null 2>&1 || fail 4 "a cluster needs the program $program"
  done
  mkdir -p "$clusters"
  case $(stat -f -c %T "$clusters") in
    overlayfs | nfs | fuseblk) fail 4 "images cannot lie on the file system of $clusters; set XDG_CACHE_HOME to a folder on a disk" ;;
  esac
}

# When a process began; with its number that is a process and no other, also after the machine was started anew.
started() { cut -d' ' -f22 "/proc/$1/stat" 2>/dev/null; }
first_child() { cut -d' ' -f1 "/proc/$1/task/$1/children" 2>/dev/null; }

# Whether the cluster's node runs; sets pid.
runs() {
  pid=
  since=
  [ ! -e "$folder/node.pid" ] || read -r pid since <"$folder/node.pid"
  [ -n "$since" ] && [ "$(started "$pid")" = "$since" ]
}
must_run() { runs || fail 1 "the cluster $name does not run"; }
inside() {
  must_run
  root=$(cat "$folder/programs")/root
  nsenter --target "$pid" --mount --net --pid -- env "PATH=$root/usr/bin:$root/usr/sbin:$(cat "$folder/programs")/bin:$PATH" \
    "LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu:$root/lib/x86_64-linux-gnu" "$@"
}
kubectl() { "$(cat "$folder/programs")/bin/kubectl" --kubeconfig "$folder/kubeconfig" "$@"; }

# Whether this machine reaches something else at these addresses.
is_routed() { ip route show match "$1" | grep -qv '^default'; }

# A number for each cluster decides its addresses; two that start at once do not get the same.
choose_addresses() {
  slot=0
  while grep -qsx "slot=$slot" "$clusters"/*/settings || is_routed "10.99.$slot.0/30" || is_routed "10.98.$slot.0/24" || is_routed "10.97.$slot.0/24"; do
    slot=$((slot + 1))
    [ "$slot" -lt 64 ] || fail 1 "there are 64 clusters on this machine"
  done
  cat >"$folder/settings" <<SETTINGS
slot=$slot
device=slipway-k8s$slot
host_address=10.99.$slot.1
node_address=10.99.$slot.2
pods=10.98.$slot.0/24
services=10.97.$slot.0/24
first_service=10.97.$slot.1
dns=10.97.$slot.10
node=node1
cgroup=slipway-$name
SETTINGS
}

write_configuration() {
  mkdir -p "$folder/network" "$folder/registries"
  cat >"$folder/network/10-pods.conflist" <<CONFIG
{
  "cniVersion": "0.4.0",
  "name": "pods",
  "plugins": [
    {
      "type": "ptp",
      "ipam": { "type": "host-local", "ranges": [[{ "subnet": "$pods" }]], "routes": [{ "dst": "0.0.0.0/0" }], "dataDir": "/run/pod-addresses" }
    }
  ]
}
CONFIG
  # Where this process may not lower a container's oom_score_adj, it stays as it is.
  cat >"$folder/containerd.toml" <<CONFIG
version = 2
root = "$folder/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp"]
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "testbed.local/pause:1"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "$programs/root/usr/sbin/runc"
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$programs/root/usr/lib/cni"
    conf_dir = "$folder/network"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "$folder/registries"
CONFIG
  # Images that were loaded cannot be pulled again, so none is ever collected as garbage.
  cat >"$folder/kubelet.yaml" <<CONFIG
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
cgroupDriver: cgroupfs
cgroupRoot: /$cgroup
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: $folder/certificates/ca.crt } }
authorization: { mode: Webhook }
tlsCertFile: $folder/certificates/kubelet-server.crt
tlsPrivateKeyFile: $folder/certificates/kubelet-server.key
clusterDNS: [$dns]
clusterDomain: cluster.local
resolvConf: /run/resolv.conf
makeIPTablesUtilChains: false
oomScoreAdj: 0
failSwapOn: false
maxPods: 220
imageGCHighThresholdPercent: 100
evictionHard: { memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%, nodefs.inodesFree: 1% }
serializeImagePulls: false
CONFIG
  cat >"$folder/kube-proxy.yaml" <<CONFIG
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
hostnameOverride: $node
clusterCIDR: $pods
clientConnection: { kubeconfig: $folder/certificates/kube-proxy.kubeconfig }
conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s }
CONFIG
}

# The kubelet's part of each hierarchy. A new cpuset of version 1 is empty, and nothing runs in one.
make_control_groups() {
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    group=/sys/fs/cgroup/$cgroup
    for parent in /sys/fs/cgroup "$group"; do
      mkdir -p "$parent"
      for controller in cpuset cpu io memory hugetlb pids; do
        echo "+$controller" >"$parent/cgroup.subtree_control" 2>/dev/null || true
      done
    done
    grep -q memory "$group/cgroup.controllers" ||
      fail 4 "this machine hands out no control groups: /sys/fs/cgroup/cgroup.subtree_control cannot be written"
    return
  fi
  for hierarchy in /sys/fs/cgroup/*/; do
    [ -e "$hierarchy/cgroup.procs" ] || continue
    mkdir -p "$hierarchy$cgroup"
    for file in cpuset.cpus cpuset.mems; do
      [ ! -e "$hierarchy$file" ] || cat "$hierarchy$file" >"$hierarchy$cgroup/$file"
    done
  done
}

remove_control_groups() {
  for group in "/sys/fs/cgroup/$cgroup" /sys/fs/cgroup/*/"$cgroup"; do
    [ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
  done
}

wait_for() {
  what=$1
  shift
  tries=1200
  until "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ] || ! runs; then
      tail -n 5 "$folder"/log/*.log >&2
      fail 1 "waited in vain for $what; the logs are in $folder/log"
    fi
    sleep 0.1
  done
}

start_node() {
  mkdir -p "$folder/log" "$folder/kubelet" "$folder/images" "$folder/volumes"
  rm -f "$folder"/log/*.log
  setsid unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private \
    "$here/node.sh" "$folder" "$programs" >"$folder/log/node.log" 2>&1 </dev/null 9>&- &
  holder=$!
  until pid=$(first_child "$holder") && [ -n "$pid" ]; do
    kill -0 "$holder" 2>/dev/null || fail 1 "the node did not start: $(cat "$folder/log/node.log")"
    sleep 0.02
  done
  echo "$pid $(started "$pid")" >"$folder/node.pid"
  ip link delete "$device" 2>/dev/null || true
  ip link add "$device" type veth peer name uplink netns "$pid"
  ip address add "$host_address/30" dev "$device"
  ip link set "$device" up
  nsenter --target "$pid" --net sh -c "ip address add $node_address/30 dev uplink && ip link set uplink up && ip route add default via $host_address"
  ip route replace "$pods" via "$node_address"
  ip route replace "$services" via "$node_address"
}

# Those who start, fill or end the same cluster do it one after the other. The lock goes with the cluster, so whoever waited for one
# that is gone takes the next.
take_turn() {
  mkdir -p "$clusters"
  lock=$clusters/$name.lock
  while :; do
    exec 9>"$lock"
    flock 9
    if [ "$lock" -ef /proc/self/fd/9 ]; then return; fi
  done
}

up() {
  obstacle
  if ! runs; then
    programs=$("$here/ensure-kubernetes.sh" | tail -n 1)
    [ -n "$programs" ] || exit 4
    begin=$(date +%s)
    mkdir -p "$folder"
    echo "$programs" >"$folder/programs"
    # Two that are made at once have different addresses.
    exec 8>"$clusters/addresses.lock"
    flock 8
    [ -e "$folder/settings" ] || choose_addresses
    exec 8>&-
    . "$folder/settings"
    write_configuration
    echo "$policies" >"$folder/policies"
    if [ ! -e "$folder/kubeconfig" ]; then
      rm -rf "$folder/certificates"
      mkdir -p "$folder/certificates"
      "$here/certificates.sh" cluster "$folder/certificates" "slipway-$name" "$node" "$node_address" "$first_service"
      cp "$folder/certificates/admin.kubeconfig" "$folder/kubeconfig"
    fi
    make_control_groups
    start_node
    if [ -n "$while_runs" ]; then
      setsid "$here/cluster.sh" wipe-after "$name" "$while_runs" "$(started "$while_runs")" >/dev/null 2>&1 </dev/null 9>&- &
    fi
    wait_for "the API server" kubectl get --raw /readyz
    sed -e "s|DNS_ADDRESS|$dns|" "$here/objects.yaml" | kubectl apply -f - >/dev/null
    wait_for "the node" kubectl wait --for=condition=Ready "node/$node" --timeout=1s
    wait_for "the cluster's DNS" kubectl -n kube-system rollout status deployment/coredns --timeout=1s
    say "$name is ready after $(($(date +%s) - begin)) s"
  fi
  echo "$folder/kubeconfig"
}

down() {
  if runs; then
    kill -KILL "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
  fi
  rm -f "$folder/node.pid"
  if [ -e "$folder/settings" ]; then
    . "$folder/settings"
    ip link delete "$device" 2>/dev/null || true
    remove_control_groups
  fi
  # Its mounts go a moment after its last process.
  tries=20
  until [ -z "$wipe" ] || rm -rf "$folder" 2>/dev/null; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail 1 "$folder could not be removed"
    sleep 0.5
  done
  [ -z "$wipe" ] || rm -f "$clusters/$name.lock"
}

# An image is known by its identity, so that a new one of the same name is loaded again.
load() {
  must_run
  lacking=
  for image in "$@"; do
    id=$(docker image inspect --format '{{.Id}}' "$image") || fail 1 "the Docker engine has no image $image; ./slipway images build makes ours"
    [ -e "$folder/images/$(echo "$image $id" | sha256sum | cut -c 1-32)" ] || lacking="$lacking $image"
  done
  [ -n "$lacking" ] || return 0
  # shellcheck disable=SC2086 # a list of names
  docker save $lacking | inside ctr -n k8s.io images import --platform linux/amd64 - >&2
  for image in $lacking; do
    id=$(docker image inspect --format '{{.Id}}' "$image")
    touch "$folder/images/$(echo "$image $id" | sha256sum | cut -c 1-32)"
  done
}

user() {
  user=${1:?}
  shift
  days=30
  groups=
  for argument in "$@"; do
    if [ "$argument" = --expired ]; then days=-1; else groups="$groups $argument"; fi
  done
  . "$folder/settings"
  # shellcheck disable=SC2086 # a list of names
  "$here/certificates.sh" user "$folder/certificates" "slipway-$name" "$node_address" "$user" "$days" $groups
  echo "$folder/certificates/$user.kubeconfig"
}

# containerd reads this anew for every pull.
registry() {
  host=${1:?}
  shift
  server=https://$host
  authority=
  while [ $# -gt 1 ]; do
    case $1 in
      --server) server=$2 ;;
      --ca) authority=$2 ;;
      *) usage ;;
    esac
    shift 2
  done
  target=$folder/registries/$host
  mkdir -p "$target"
  {
    echo "[host.\"$server\"]"
    echo '  capabilities = ["pull", "resolve"]'
    if [ -n "$authority" ]; then
      cp "$authority" "$target/ca.crt"
      echo "  ca = \"$target/ca.crt\""
    fi
  } >"$target/hosts.toml"
}

gateway_api() {
  must_run
  definitions=$("$here/gateway-api.sh" | tail -n 1)
  [ -n "$definitions" ] || exit 4
  kubectl apply --server-side -f "$definitions" >&2
  kubectl wait --for=condition=Established --timeout=60s crd/gateways.gateway.networking.k8s.io crd/httproutes.gateway.networking.k8s.io >&2
}

list() {
  for settings in "$clusters"/*/settings; do
    [ -e "$settings" ] || continue
    folder=$(dirname "$settings")
    . "$settings"
    state=down
    if runs; then state=up; fi
    echo "$(basename "$folder") $state host=$host_address node=$node_address kubeconfig=$folder/kubeconfig"
  done
}

task=${1:-}
[ -n "$task" ] || usage
shift
if [ "$task" = list ]; then
  list
  exit 0
fi
name=${1:-}
case $name in
  "" | *[!a-z0-9-]*) usage ;;
esac
shift
folder=$clusters/$name
case $task in
  up | down | load) take_turn ;;
esac
policies=enforced
while_runs=
wipe=
case $task in
  up)
    while [ $# -gt 0 ]; do
      case $1 in
        --no-policies) policies= ;;
        --while-runs)
          [ $# -ge 2 ] || usage
          while_runs=$2
          shift
          ;;
        *) usage ;;
      esac
      shift
    done
    up
    ;;
  down)
    if [ "${1:-}" = --wipe ] && [ $# -eq 1 ]; then
      wipe=1
    elif [ $# -ne 0 ]; then
      usage
    fi
    down
    ;;
  wipe-after)
    while [ "$(started "$1")" = "$2" ]; do sleep 1; done
    take_turn
    wipe=1
    down
    ;;
  load) load "$@" ;;
  user) user "$@" ;;
  registry) registry "$@" ;;
  gateway-api) gateway_api ;;
  run) inside "$@" ;;
  *) usage ;;
esac
