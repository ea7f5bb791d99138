#!/usr/bin/env bash
# Sets up what a fresh machine lacks: `setup.sh python` the locked environment, `setup.sh haproxy` HAProxy.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { # message, hint
    printf 'error: %s\n\nhint: %s\n' "$1" "$2" >&2
    exit 1
}

private_uv() {
    [ -x build/uv/bin/uv ] && return
    echo "setup: uv is not installed: putting a private one into build/uv" >&2
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
        fail "Python 3.11 or newer is needed" "apt-get install python3 (Debian 12 or newer)"
    python3 -m venv build/uv 2>/dev/null && build/uv/bin/python -m pip install --quiet uv ||
        fail "could not install uv into build/uv" "apt-get install python3-venv, or install uv and put it on PATH"
}

python_environment() {
    # A stamp instead of `uv sync` each time: a second start needs no network and no time.
    local stamp=.venv/.synced wanted
    wanted=$(cat pyproject.toml uv.lock | sha256sum)
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && return
    command -v uv >/dev/null || private_uv
    echo "setup: Python environment from uv.lock" >&2
    uv sync --frozen --quiet
    echo "$wanted" >"$stamp"
}

haproxy_package() {
    command -v haproxy >/dev/null && return
    local apt="apt-get"
    if [ "$(id -u)" != 0 ]; then
        sudo -n true 2>/dev/null && apt="sudo -n apt-get" || fail "HAProxy is needed" "sudo apt-get install haproxy"
    fi
    command -v apt-get >/dev/null || fail "HAProxy is needed" "install haproxy 2.4 or newer with your package manager"
    echo "setup: HAProxy from Debian's packages" >&2
    { $apt update -qq && DEBIAN_FRONTEND=noninteractive $apt install -y -qq --no-install-recommends haproxy; } >/dev/null ||
        fail "could not install HAProxy" "apt-get install haproxy"
}

case "${1:-}" in
python) python_environment ;;
haproxy) haproxy_package ;;
*) fail "usage: setup.sh python|haproxy" "the Makefile calls it" ;;
esac
