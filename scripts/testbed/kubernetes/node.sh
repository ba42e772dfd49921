#!/bin/sh
# The first process of a node: brings up a whole Kubernetes in the namespaces it runs in. Called by cluster.sh; when it ends, every
# process of the node ends with it.
#   node.sh FOLDER PROGRAMS    the cluster's folder, whose `settings` cluster.sh wrote, and the folder of the programs
set -eu
folder=$1
programs=$2
. "$folder/settings"
root=$programs/root
certificates=$folder/certificates

# Whatever their flags say, kubelet, containerd and plugins write below these, too: to a layer of the node's own.
for path in /etc /opt /var/lib /var/log /usr/libexec; do
  [ -d "$path" ] || continue
  layer=$folder/layers$path
  mkdir -p "$layer/upper" "$layer/work"
  mount -t overlay overlay -o "lowerdir=$path,upperdir=$layer/upper,workdir=$layer/work" "$path"
done
# The machine's own engine has its sockets below /run; both would use /run/containerd.
mount -t tmpfs tmpfs /run
mkdir -p /var/lib/kubelet
mount --bind "$folder/kubelet" /var/lib/kubelet
# These belong to the whole machine. The kubelet finds them as it wants them and changes none.
while read -r setting value; do
  echo "$value" >"/run/$(basename "$setting")"
  mount --bind "/run/$(basename "$setting")" "/proc/sys/$setting"
done <<SETTINGS
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000
SETTINGS
mount --make-rshared /
echo "127.0.0.1 localhost" >/etc/hosts
echo "$node_address $node" >>/etc/hosts
# Nobody outside is asked for names.
echo "nameserver 127.0.0.1" >/run/resolv.conf

PATH=$root/usr/sbin:$root/usr/bin:$root/sbin:$programs/bin:$PATH
LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu:$root/lib/x86_64-linux-gnu
export PATH LD_LIBRARY_PATH
ip link set lo up
until ip -o address show dev uplink 2>/dev/null | grep -q "$node_address"; do sleep 0.05; done
echo 1 >/proc/sys/net/ipv4/ip_forward

# keep PROGRAM ARGUMENT…: runs it, and again whenever it ends, as an init system would.
keep() {
  (
    while :; do
      "$@" >>"$folder/log/$(basename "$1").log" 2>&1 || true
      sleep 1
    done
  ) &
}

member() { echo "--kubeconfig=$certificates/$1.kubeconfig --authentication-kubeconfig=$certificates/$1.kubeconfig --authorization-kubeconfig=$certificates/$1.kubeconfig --leader-elect=false --bind-address=127.0.0.1"; }

# Nothing here has to survive the machine, so it need not be on the disk before etcd answers.
keep etcd --data-dir "$folder/etcd" --unsafe-no-fsync --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
  --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 --initial-cluster default=http://127.0.0.1:2380
keep containerd --config "$folder/containerd.toml"
keep kube-apiserver --etcd-servers=http://127.0.0.1:2379 --secure-port=6443 "--advertise-address=$node_address" \
  "--service-cluster-ip-range=$services" --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \
  "--tls-cert-file=$certificates/apiserver.crt" "--tls-private-key-file=$certificates/apiserver.key" "--client-ca-file=$certificates/ca.crt" \
  "--service-account-key-file=$certificates/service-accounts.pub" "--service-account-signing-key-file=$certificates/service-accounts.key" \
  --service-account-issuer=https://kubernetes.default.svc.cluster.local \
  "--kubelet-client-certificate=$certificates/apiserver-kubelet-client.crt" "--kubelet-client-key=$certificates/apiserver-kubelet-client.key" \
  "--kubelet-certificate-authority=$certificates/ca.crt" --kubelet-preferred-address-types=InternalIP \
  "--requestheader-client-ca-file=$certificates/front-proxy-ca.crt" --requestheader-allowed-names=front-proxy-client \
  --requestheader-extra-headers-prefix=X-Remote-Extra- --requestheader-group-headers=X-Remote-Group --requestheader-username-headers=X-Remote-User \
  "--proxy-client-cert-file=$certificates/front-proxy-client.crt" "--proxy-client-key-file=$certificates/front-proxy-client.key" \
  --enable-aggregator-routing=true --allow-privileged=true
until kubectl --kubeconfig "$certificates/admin.kubeconfig" get --raw /readyz >/dev/null 2>&1; do sleep 0.2; done
# shellcheck disable=SC2046 # a list of flags
keep kube-controller-manager $(member kube-controller-manager) "--service-account-private-key-file=$certificates/service-accounts.key" \
  "--root-ca-file=$certificates/ca.crt" "--cluster-signing-cert-file=$certificates/ca.crt" "--cluster-signing-key-file=$certificates/ca.key" \
  --use-service-account-credentials
# shellcheck disable=SC2046 # a list of flags
keep kube-scheduler $(member kube-scheduler)
keep kube-proxy "--config=$folder/kube-proxy.yaml"
if [ "$(cat "$folder/policies")" = enforced ]; then
  keep kube-router "--kubeconfig=$certificates/admin.kubeconfig" --run-firewall=true --run-router=false --run-service-proxy=false \
    "--hostname-override=$node" "--service-cluster-ip-range=$services"
fi
until [ -S /run/containerd/containerd.sock ]; do sleep 0.1; done
for archive in "$programs/images"/*.tar; do
  mark=$folder/images/$(basename "$archive")
  [ -e "$mark" ] || { ctr -n k8s.io images import "$archive" && touch "$mark"; }
done >"$folder/log/images.log" 2>&1
keep kubelet "--config=$folder/kubelet.yaml" "--kubeconfig=$certificates/kubelet.kubeconfig" "--hostname-override=$node" "--node-ip=$node_address"
keep host-volumes --kubeconfig "$certificates/admin.kubeconfig" --folder "$folder/volumes" --name slipway.test/host-volumes --node "$node"
# Orphans are its children, and are gone when they end.
while :; do wait; sleep 1; done
