#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# mmdebstrap hook: give the image at $1 the users that inventories and tests log in as.
# Root already has the authorized key; both users get the same one.
set -euo pipefail

root=$1

add_user() {
    local name=$1 uid=$2
    chroot "$root" useradd --create-home --user-group --uid "$uid" --shell /bin/bash "$name"
    install -d -m 0700 -o "$uid" -g "$uid" "$root/home/$name/.ssh"
    install -m 0600 -o "$uid" -g "$uid" \
        "$root/root/.ssh/authorized_keys" "$root/home/$name/.ssh/authorized_keys"
}

add_user admin 1000
add_user plain 1001

echo 'admin ALL=(ALL:ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/admin"
chmod 0440 "$root/etc/sudoers.d/admin"
