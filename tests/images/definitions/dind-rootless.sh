# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
# The same without root, as the public image docker:dind-rootless: user 1000 with 65536 subordinate ids.

# shellcheck source=../dind/install.sh
source "$here/dind/install.sh"
packages=("${engine_packages[@]}" fuse-overlayfs rootlesskit slirp4netns uidmap)
# The image has /run/user.
options=(--skip=cleanup/run)
command='[]'
config='{"Entrypoint": ["dockerd-entrypoint.sh"], "User": "rootless",
    "Env": ["DOCKER_TLS_CERTDIR=/certs", "HOME=/home/rootless"],
    "ExposedPorts": {"2375/tcp": {}, "2376/tcp": {}},
    "Volumes": {"/home/rootless/.local/share/docker": {}}}'
ingredients=("$here"/dind/*)

customize() {
    local root=$1
    install_engine_scripts "$here/dind" "$root"
    groupadd --root "$root" --gid 1000 rootless
    useradd --root "$root" --uid 1000 --gid 1000 --create-home --shell /bin/sh rootless
    echo rootless:100000:65536 >"$root/etc/subuid"
    echo rootless:100000:65536 >"$root/etc/subgid"
    mkdir -p "$root/home/rootless/.local/share/docker" "$root/run/user"
    chown -R 1000:1000 "$root/home/rootless"
    chmod 1777 "$root/run/user"
}
