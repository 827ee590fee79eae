# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2034
# Debian 13 where systemd is installed but does not run, as in an image build.

suite=trixie
packages=(ca-certificates iproute2 python3 python3-apt sudo systemd)
command='["sleep", "infinity"]'

# Image builders and public container images forbid packages to start their services.
customize() {
    printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d"
    chmod 0755 "$1/usr/sbin/policy-rc.d"
}
