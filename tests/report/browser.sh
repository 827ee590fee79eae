#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Makes build/browser: Playwright to drive Debian's Chromium, and axe-core. Prints its Python.
set -euo pipefail

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder="$checkout/build/browser"
playwright=1.49.1
axe=4.10.2

# A Node.js that is not Debian's has an npm of its own, beside which Debian's cannot be.
missing=()
[[ -x /usr/bin/chromium ]] || missing+=(chromium)
command -v npm >/dev/null || missing+=(npm)
if ((${#missing[@]})); then
    apt-get -qq -o DPkg::Lock::Timeout=600 install --yes --no-install-recommends "${missing[@]}" >&2
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
