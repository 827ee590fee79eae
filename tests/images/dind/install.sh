# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What both images of an engine in a container have, beside Debian's packages.

# shellcheck disable=SC2034  # read by ../build
suite=trixie
engine_packages=(ca-certificates docker-buildx docker-cli docker.io iproute2 iptables openssl tini)

# Arguments: the folder with the scripts, and the root filesystem.
install_engine_scripts() {
    local scripts=$1 root=$2
    install -m 0755 "$scripts/docker-entrypoint" "$root/usr/local/bin/docker-entrypoint.sh"
    install -m 0755 "$scripts/dockerd-entrypoint" "$root/usr/local/bin/dockerd-entrypoint.sh"
    install -m 0755 "$scripts/certificates" "$root/usr/local/bin/dind-certificates"
    install -m 0755 "$scripts/cgroups" "$root/usr/local/bin/dind-cgroups"
    mkdir -p "$root/certs/client"
    chmod 1777 "$root/certs" "$root/certs/client"
    groupmod --root "$root" --gid 2375 docker
    rm -rf "$root/var/cache/apt" "$root/var/lib/apt/lists"
}
