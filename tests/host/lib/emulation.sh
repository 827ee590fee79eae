# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# arm64 programs on an amd64 machine: qemu-user and its registration with the kernel.

binfmt=/proc/sys/fs/binfmt_misc

# The F flag makes the kernel keep the interpreter open, so that it also works inside containers
# and root filesystems that do not contain it.
emulation_ready() {
    [[ "$(uname -m)" == aarch64 ]] ||
        { grep -qsx enabled "$binfmt/qemu-aarch64" && grep -qs '^flags:.*F' "$binfmt/qemu-aarch64"; }
}

prepare_emulation() {
    if emulation_ready; then
        return
    fi
    local rule=/usr/lib/binfmt.d/qemu-aarch64.conf
    if [[ ! -e "$rule" ]]; then
        require_debian qemu-user qemu-user-binfmt
        say "installing qemu-user 10 from Debian 13, to run arm64 programs (usually about 20 s)"
        install_from_debian_13 qemu-user qemu-user-binfmt
    fi
    if ! emulation_ready; then
        if ((EUID != 0)); then
            fail "root is needed to register the arm64 handler with the kernel." \
                "Run: systemctl restart systemd-binfmt"
        fi
        say "registering qemu-aarch64 with the kernel"
        if [[ ! -e "$binfmt/register" ]]; then
            mount -t binfmt_misc binfmt_misc "$binfmt"
        fi
        # Named alone, since without arguments it would first drop what others registered.
        /usr/lib/systemd/systemd-binfmt "$rule"
    fi
    if ! emulation_ready; then
        fail "the kernel has no usable arm64 handler: $binfmt/qemu-aarch64 is missing or lacks the F flag."
    fi
}
