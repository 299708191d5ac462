#!/usr/bin/env bash
# Installs, from Debian's packages, the real programs that some tests talk to (test/components.ts says why each), and
# git, by which the checks list the files. Ubuntu's packages have the same names but for Chromium. What is present is skipped; run it as often as you like, as root or with
# sudo. `--list` prints the names for LAB_REQUIRE instead and installs nothing; `--bench` installs too what benchmarks are measured next to.
set -euo pipefail

# component   command whose presence shows it   Debian packages
components='
python3       python3                           python3
openssl       openssl                           openssl
tshark        tshark                            tshark
etcd          etcd                              etcd-server
chromium      chromium                          chromium
redis         redis-server                      redis-server
nats          nats-server                       nats-server
gcc           gcc                               gcc libc6-dev
bubblewrap    bwrap                             bubblewrap
slurm         slurmctld                         munge slurmctld slurmd slurm-client slurm-wlm-basic-plugins
netns         ip                                iproute2
'
tools='
git           git                               git
'
# Programs of others that benchmarks of rake are measured next to: with --bench alone.
peers='
make          make                              make
distcc        distcc                            distcc
icecc         icecc                             icecc
parallel      parallel                          parallel
'

# Of Ubuntu, where Chromium is a snap: that has a folder for temporary files of its own, and a container cannot run it. Where
# somebody has put a program there, as GitHub's machines have, it is used.
os_release=${OS_RELEASE:-/etc/os-release}
if [[ -r $os_release && $'\n'$(<"$os_release")$'\n' == *$'\nID=ubuntu\n'* ]] && ! command -v chromium >/dev/null; then
  components=$(awk '$1 != "chromium"' <<<"$components")
  echo "chromium: a snap here, left out" >&2
fi

# Root of a container may not make network namespaces, and nothing that is installed changes that: not asked for there.
may_make_namespaces() (
  name=lab-probe-$$
  exec 2>/dev/null
  ip netns add "$name" || exit 1
  trap 'ip netns del "$name"' EXIT
  ip -n "$name" link add br0 type bridge && ip -n "$name" link add one type veth peer name two
)

may_make_sandboxes() {
  bwrap --unshare-all --ro-bind / / --proc /proc --dev /dev true 2>/dev/null
}

if [[ ${1:-} == --list ]]; then
  if ! may_make_sandboxes; then components=${components/bubblewrap /}; fi
  if ! may_make_namespaces; then components=${components/netns /}; fi
  awk 'NF > 2 { names = names sep $1; sep = "," } END { print names }' <<<"$components"
  exit 0
fi

wanted=
if [[ ${1:-} == --bench ]]; then wanted=$peers; fi

missing=()
while read -r name command packages; do
  if [[ -z $name ]]; then continue; fi
  if command -v "$command" >/dev/null; then
    echo "$name: present"
  else
    echo "$name: to be installed from $packages"
    read -ra more <<<"$packages"
    missing+=("${more[@]}")
  fi
done <<<"$components$tools$wanted"
if [[ ${#missing[@]} -eq 0 ]]; then exit 0; fi

as_root=()
if [[ $(id -u) -ne 0 ]]; then as_root=(sudo -n); fi
install() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" </dev/null
}
# The lists of packages are fetched only where those that are here do not suffice.
if ! install; then
  "${as_root[@]}" apt-get update -q </dev/null
  install
fi
