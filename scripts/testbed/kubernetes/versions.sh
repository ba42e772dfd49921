# Sourced: which versions the cluster of the tests is made of. Another version is another folder in the cache.
kubernetes_version=1.35.4
coredns_version=1.13.2
helm4_version=4.1.1
kube_router_version=2.1.0
# Seconds on two cores with empty caches.
typical_build=960
