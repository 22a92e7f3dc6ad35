#!/bin/sh
# Makes .venv fit to run Billow ("run"), an app with it ("gas", "fakeflickr"), or to develop and test it ("test"), as the lock files say.
# On Debian, what the system lacks is installed by apt if this runs as root.
set -eu
cd "$(dirname "$0")/.."
what=${1:-run}
python=.venv/bin/python

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 2; }

# Install a Debian package, or say what is missing.
apt_get() {
    package=$1 why=$2
    [ "$(id -u)" = 0 ] || die "$why is missing; install it: sudo apt-get install $package"
    command -v apt-get >/dev/null || die "$why is missing, and there is no apt-get to install it with"
    say "installing $package by apt-get"
    export DEBIAN_FRONTEND=noninteractive
    log=$(mktemp)
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$package"; } >"$log" 2>&1 || {
        tail -n 5 "$log" >&2
        rm -f "$log"
        die "apt-get could not install $package; $why is needed"
    }
    rm -f "$log"
}

# Install a Debian package that a part of the tests can do without.
apt_get_if_root() {
    package=$1 why=$2
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 0
    (apt_get "$package" "$why") || say "going on without $package"
}

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
can_make_venv() { is_new_enough "$1" && "$1" -c 'import venv, ensurepip' 2>/dev/null; }

find_python() {
    for each in ${PYTHON:-} python3 python3.13 python3.12 python3.11 /usr/bin/python3; do
        if can_make_venv "$each"; then echo "$each"; return; fi
    done
}

make_venv() {
    found=$(find_python)
    if [ -z "$found" ]; then
        is_new_enough python3 || is_new_enough /usr/bin/python3 ||
            die "Python 3.11 or newer is needed; name one by PYTHON=/path/to/python3"
        apt_get python3-venv "Python's venv module"
        found=$(find_python)
        [ -n "$found" ] || die "no Python here can make a virtual environment"
    fi
    say "making .venv with $("$found" --version)"
    "$found" -m venv .venv
}

install() {
    lock=$1
    say "installing what $lock lists"
    "$python" -m pip install --quiet --disable-pip-version-check -r "$lock"
    "$python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
}

[ -x "$python" ] || make_venv
case $what in
run)
    install requirements.lock
    touch .venv/.ready-run
    ;;
gas)
    install requirements-gas.lock
    touch .venv/.ready-run .venv/.ready-gas
    ;;
fakeflickr)
    install requirements-fakeflickr.lock
    touch .venv/.ready-run .venv/.ready-fakeflickr
    ;;
test)
    command -v chromium >/dev/null || apt_get chromium "the chromium browser, for the console's tests,"
    command -v bcftools >/dev/null || apt_get_if_root bcftools "bcftools, which the annotator's results are compared with,"
    command -v mkfs.xfs >/dev/null || apt_get_if_root xfsprogs "mkfs.xfs, for the power-cut drill,"
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || apt_get_if_root postgresql "PostgreSQL, for the tests of app.sql,"
    install requirements-dev.lock
    touch .venv/.ready-run .venv/.ready-gas .venv/.ready-fakeflickr .venv/.ready-test
    ;;
*) die "usage: scripts/setup.sh run|gas|fakeflickr|test" ;;
esac
