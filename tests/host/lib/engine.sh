# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# A running Docker Engine with buildx, the way Molecule's docker driver needs it.

engine_minimum=23
# shellcheck disable=SC2154  # set by the script that reads this file
engine_pid="$state/dockerd.pid"
engine_log="$state/dockerd.log"

# The version of the daemon that answers, or nothing.
engine_version() {
    timeout 20 docker version --format '{{.Server.Version}}' 2>/dev/null || true
}

engine_fits() {
    local major=${1%%.*}
    [[ "$major" =~ ^[0-9]+$ ]] && ((major >= engine_minimum))
}

prepare_engine() {
    local running
    running=$(engine_version)
    if [[ -n "$running" ]]; then
        engine_fits "$running" ||
            fail "a Docker Engine $running is running; these tests need $engine_minimum or later." \
                "Upgrade it, or remove it: Debian 13's is then installed in its place."
    else
        install_engine
        start_engine
    fi
    docker buildx version >/dev/null 2>&1 ||
        fail "docker has no buildx: install the package docker-buildx (Debian) or docker-buildx-plugin (Docker)."
    install_compose
    open_devices
}

install_engine() {
    local installed=""
    if command -v dockerd >/dev/null; then
        installed=$(dockerd --version | sed -n 's/^Docker version \([0-9.]*\).*/\1/p')
        engine_fits "$installed" ||
            fail "Docker Engine $installed is installed; these tests need $engine_minimum or later." \
                "Upgrade it, or remove it: Debian 13's is then installed in its place."
        return
    fi
    require_debian docker.io docker-cli docker-buildx
    say "installing Docker Engine 26.1 from Debian 13 (usually about 20 s)"
    install_from_debian_13 docker.io docker-cli docker-buildx
}

install_compose() {
    if ! docker compose version >/dev/null 2>&1; then
        require_debian docker-compose
        say "installing Docker Compose 2.26 from Debian 13 (usually about 10 s)"
        install_from_debian_13 docker-compose
    fi
}

start_engine() {
    ((EUID == 0)) || fail "root is needed to start the Docker daemon."
    if [[ -d /run/systemd/system ]]; then
        systemctl start docker.service
    else
        say "starting dockerd, since no systemd does (log: $engine_log; to end it: tests/host/prepare stop)"
        # The lock of this script must not live on in the daemon.
        setsid dockerd --pidfile "$engine_pid" >"$engine_log" 2>&1 </dev/null 9>&- &
    fi
    local _
    for _ in {1..60}; do
        if [[ -n "$(engine_version)" ]]; then
            return
        fi
        sleep 0.5
    done
    tail -n 20 "$engine_log" >&2 2>/dev/null || true
    fail "the Docker daemon did not answer within 30 s."
}

# udev gives everyone these devices, and rootless daemons in containers need them so. Where no udev
# runs they stay root's own.
open_devices() {
    local device
    for device in /dev/net/tun /dev/fuse; do
        if [[ -c "$device" && "$(stat -c %a "$device")" != 666 ]] && ((EUID == 0)); then
            chmod 0666 "$device"
        fi
    done
}

stop_engine() {
    local pid _
    pid=$(cat "$engine_pid" 2>/dev/null || true)
    # The file outlives a crash, and its number may be another process by then.
    if [[ -z "$pid" || "$(cat "/proc/$pid/comm" 2>/dev/null)" != dockerd ]]; then
        return
    fi
    say "ending dockerd"
    kill "$pid"
    for _ in {1..120}; do
        if [[ ! -d "/proc/$pid" ]]; then
            return
        fi
        sleep 0.25
    done
    fail "dockerd (pid $pid) did not end within 30 s; its log: $engine_log"
}
