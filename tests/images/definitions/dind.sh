# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
# An engine in a container, which keeps the contract of the public image docker:dind: its environment,
# layout of certificates, ports, volumes and entrypoint.

# shellcheck source=../dind/install.sh
source "$here/dind/install.sh"
packages=("${engine_packages[@]}")
command='[]'
config='{"Entrypoint": ["dockerd-entrypoint.sh"],
    "Env": ["DOCKER_TLS_CERTDIR=/certs"],
    "ExposedPorts": {"2375/tcp": {}, "2376/tcp": {}},
    "Volumes": {"/var/lib/docker": {}}}'
ingredients=("$here"/dind/*)

customize() {
    install_engine_scripts "$here/dind" "$1"
}
