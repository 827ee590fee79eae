# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Words for the person who waits.

say() {
    echo "prepare: $*"
}

fail() {
    printf 'prepare: %s\n' "$@" >&2
    exit 1
}
