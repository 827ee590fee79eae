#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Makes build/browser: Playwright to drive Debian's Chromium, and axe-core. Prints its Python.
set -euo pipefail

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder="$checkout/build/browser"
playwright=1.49.1
axe=4.10.2

if [[ ! -x /usr/bin/chromium ]] || ! command -v npm >/dev/null; then
    apt-get -qq -o DPkg::Lock::Timeout=600 install --yes --no-install-recommends chromium npm >&2
fi
if [[ ! -f "$folder/$playwright-$axe" ]]; then
    rm -rf "$folder"
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check "playwright==$playwright" >&2
    (cd "$folder" && npm pack --silent "axe-core@$axe" >&2)
    tar -C "$folder" -xzf "$folder/axe-core-$axe.tgz" package/axe.min.js
    touch "$folder/$playwright-$axe"
fi
echo "$folder/bin/python"
