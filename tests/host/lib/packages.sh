# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Debian packages: from the machine's own release, or single ones from Debian 13 on Debian 12.

export DEBIAN_FRONTEND=noninteractive
apt=(apt-get -q -y -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0)

os_release() {
    # shellcheck source=/dev/null
    (source /etc/os-release && echo "${!1:-}")
}

# Ends the run with a plain word where packages cannot be installed by these scripts.
# Arguments: the packages that are missing.
require_debian() {
    local release
    release="$(os_release ID) $(os_release VERSION_ID)"
    if [[ "$release" != "debian 12" && "$release" != "debian 13" ]]; then
        fail "these scripts install packages on Debian 12 and 13 only; this is $(os_release PRETTY_NAME)." \
            "Install what provides the same as these Debian packages, then try again: $*"
    fi
    case "$(uname -m)" in
        x86_64 | aarch64) ;;
        *) fail "the tests run on amd64 and arm64 machines; this one is $(uname -m)." ;;
    esac
    if ((EUID != 0)); then
        fail "root is needed once, to install: $*" "Run the same command as root, or install them yourself."
    fi
}

# Runs a noisy command; its output is shown only when it fails.
quietly() {
    local log
    log=$(mktemp)
    if ! "$@" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        fail "failed: $*"
    fi
    rm -f "$log"
}

# With no systemd as PID 1 a package's script would start its service by the sysvinit way, outside
# our control; invoke-rc.d leaves services alone in runlevel 1.
install_quietly() {
    if [[ -d /run/systemd/system ]]; then
        quietly "${apt[@]}" install --no-install-recommends "$@"
    else
        RUNLEVEL=1 quietly "${apt[@]}" install --no-install-recommends "$@"
    fi
}

# Installs the packages whose commands (or files) are missing.
# Arguments: what for, the usual seconds, then pairs COMMAND=PACKAGE or /FILE=PACKAGE.
install_missing() {
    local purpose=$1 seconds=$2 pair probe missing=()
    shift 2
    for pair in "$@"; do
        probe=${pair%%=*}
        if [[ ! -e "$probe" ]] && ! command -v "$probe" >/dev/null; then
            missing+=("${pair#*=}")
        fi
    done
    if ((${#missing[@]})); then
        require_debian "${missing[@]}"
        say "installing ${missing[*]} for $purpose (usually about $seconds s)"
        quietly "${apt[@]}" update
        install_quietly "${missing[@]}"
    fi
}

# The mirror that this machine takes its own release from, as apt resolved it; or nothing.
# Argument: "release", or "security" for the mirror of the security updates.
debian_mirror() {
    local label=Debian codename
    codename=$(os_release VERSION_CODENAME)
    if [[ "$1" == security ]]; then
        label=Debian-Security codename+=-security
    fi
    # shellcheck disable=SC2016  # apt fills these in, not the shell
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' \
        "Label: $label" "Codename: $codename" 'Component: main' | head -n 1
}

# Makes sure that apt has read its package lists, which fresh machines and containers lack.
require_mirror() {
    if [[ -z "$(debian_mirror release)" ]] && ((EUID == 0)); then
        quietly "${apt[@]}" update
    fi
    if [[ -z "$(debian_mirror release)" ]]; then
        fail "apt knows no Debian mirror for this release: run apt-get update, and check /etc/apt/sources.list*"
    fi
}

# sources.list lines for a suite, from the mirrors that this machine uses itself.
debian_sources() {
    local suite=$1 mirror security options='[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'
    mirror=$(debian_mirror release)
    security=$(debian_mirror security)
    echo "deb $options $mirror $suite main"
    echo "deb $options $mirror $suite-updates main"
    if [[ -n "$security" ]]; then
        echo "deb $options $security $suite-security main"
    fi
}

# Installs packages from Debian 13: on Debian 12 through a source that only this call knows. The
# machine's apt configuration stays untouched, and the low pin lets nothing but the named packages
# be replaced. Arguments: the packages.
install_from_debian_13() {
    quietly "${apt[@]}" update
    if [[ "$(os_release VERSION_ID)" == 13 ]]; then
        install_quietly "$@"
        return
    fi
    require_mirror
    local mirror private etc=/etc/apt
    mirror=$(debian_mirror release)
    private=$(mktemp -d)
    # shellcheck disable=SC2064  # expanded now: the name is known in this function only
    trap "rm -rf '$private'" EXIT
    chmod 0755 "$private"
    mkdir -p "$private/lists/partial" "$private/sources" "$private/preferences"
    link_parts "$etc/sources.list.d" "$private/sources"
    link_parts "$etc/preferences.d" "$private/preferences"
    cat >"$private/sources/debian13.sources" <<SOURCE
Types: deb
URIs: $mirror
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCE
    cat >"$private/preferences/debian13" <<PIN
Package: *
Pin: release n=trixie
Pin-Priority: 50

Package: $*
Pin: release n=trixie
Pin-Priority: 990
PIN
    # The functions called from here see this `apt` in place of the usual one.
    local own=("${apt[@]}")
    local apt=("${own[@]}" -o "Dir::Etc::SourceParts=$private/sources"
        -o "Dir::Etc::PreferencesParts=$private/preferences" -o "Dir::State::Lists=$private/lists"
        -o Acquire::Languages=none)
    quietly "${apt[@]}" update
    install_quietly "$@"
}

link_parts() {
    local file
    for file in "$1"/*; do
        if [[ -f "$file" ]]; then
            ln -s "$file" "$2/"
        fi
    done
}
