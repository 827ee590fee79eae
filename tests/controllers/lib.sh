# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034
# What the scripts in this folder share: places, words, and the search for a Python.

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build="$checkout/build"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/arm64-docker"

say() {
    echo "$(basename "$0"): $*"
}

fail() {
    printf '%s: ' "$(basename "$0")" >&2
    printf '%s\n' "$@" >&2
    exit 1
}

# Prints the first interpreter of the given versions that runs and can make virtual environments.
# A name on PATH may be a pyenv shim that runs nothing, so each candidate is tried.
find_python() {
    local version candidate
    for version in "$@"; do
        for candidate in "/usr/bin/python$version" "$(command -v "python$version" || true)" \
            "$HOME/.pyenv/versions/$version".*/bin/"python$version"; do
            if [[ -x "$candidate" ]] && "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
                echo "$candidate"
                return
            fi
        done
    done
    return 1
}
