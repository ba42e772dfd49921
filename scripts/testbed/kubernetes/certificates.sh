#!/bin/sh
# The certificates of a cluster and the kubeconfigs that carry them, in a folder of their own.
#   certificates.sh cluster FOLDER CONTEXT NODE NODE_ADDRESS FIRST_SERVICE_ADDRESS   all that the cluster itself needs
#   certificates.sh user FOLDER CONTEXT NODE_ADDRESS NAME DAYS [GROUP…]              NAME.kubeconfig; less than 0 days: over already
set -eu
umask 077
task=$1
folder=$2
context=$3
shift 3
cd "$folder"

key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }

authority() {
  key "$1"
  openssl req -x509 -new -key "$1.key" -days 3650 -subj "/CN=$1" -out "$1.crt"
}

# issue NAME SUBJECT AUTHORITY DAYS [NAMES]
issue() {
  key "$1"
  printf 'keyUsage=digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n' >"$1.extensions"
  [ -z "${5:-}" ] || echo "subjectAltName=$5" >>"$1.extensions"
  # A random serial number: users are made side by side.
  openssl req -new -key "$1.key" -subj "$2" |
    openssl x509 -req -CA "$3.crt" -CAkey "$3.key" -set_serial "0x$(openssl rand -hex 16)" -days "$4" -extfile "$1.extensions" -out "$1.crt" 2>/dev/null
  rm "$1.extensions"
}

kubeconfig() {
  cat >"$1.kubeconfig" <<CONFIG
apiVersion: v1
kind: Config
clusters:
  - name: $context
    cluster: { server: "https://$address:6443", certificate-authority-data: $(base64 -w0 ca.crt) }
users:
  - name: $1
    user: { client-certificate-data: $(base64 -w0 "$1.crt"), client-key-data: $(base64 -w0 "$1.key") }
contexts:
  - name: $context
    context: { cluster: $context, user: $1 }
current-context: $context
CONFIG
}

member() {
  issue "$1" "$2" ca 3650
  kubeconfig "$1"
}

if [ "$task" = user ]; then
  address=$1
  user=$2
  days=$3
  shift 3
  subject=
  for group in "$@"; do subject=$subject/O=$group; done
  issue "$user" "$subject/CN=$user" ca "$days"
  kubeconfig "$user"
  exit 0
fi

node=$1
address=$2
first_service=$3
authority ca
authority front-proxy-ca
openssl genrsa -out service-accounts.key 2048 2>/dev/null
openssl rsa -in service-accounts.key -pubout -out service-accounts.pub 2>/dev/null
service=kubernetes.default.svc
issue apiserver /CN=kube-apiserver ca 3650 \
  "DNS:kubernetes,DNS:kubernetes.default,DNS:$service,DNS:$service.cluster.local,DNS:localhost,IP:127.0.0.1,IP:$address,IP:$first_service"
issue apiserver-kubelet-client /O=system:masters/CN=apiserver-kubelet-client ca 3650
issue front-proxy-client /CN=front-proxy-client front-proxy-ca 3650
issue kubelet-server "/O=system:nodes/CN=system:node:$node" ca 3650 "DNS:$node,IP:$address"
member admin /O=system:masters/CN=admin
member kubelet "/O=system:nodes/CN=system:node:$node"
member kube-controller-manager /CN=system:kube-controller-manager
member kube-scheduler /CN=system:kube-scheduler
member kube-proxy /CN=system:kube-proxy
