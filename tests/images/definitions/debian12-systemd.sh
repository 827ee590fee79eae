# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2034
# Debian 12 with systemd as PID 1: packages, the service and the daemon's configuration are real.
# Not Debian 13: its systemd starts no service under user-mode emulation.

suite=bookworm
packages=(ca-certificates dbus iproute2 python3 python3-apt sudo systemd systemd-sysv)
command='["/lib/systemd/systemd"]'

# The container is privileged: these would change the kernel settings of the host, or drop its
# binfmt_misc registrations, which the container itself runs on. The timers would take apt's locks
# in the middle of a test.
masked=(
    systemd-binfmt.service proc-sys-fs-binfmt_misc.automount proc-sys-fs-binfmt_misc.mount
    systemd-sysctl.service systemd-modules-load.service
    apt-daily.timer apt-daily-upgrade.timer
)

customize() {
    local root=$1 unit
    for unit in "${masked[@]}"; do
        ln -sf /dev/null "$root/etc/systemd/system/$unit"
    done
}
