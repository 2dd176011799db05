#!/usr/bin/env bash
# Makes .venv and brings it to a lock file: `venv.sh requirements.lock`. Does nothing when it is there already.
set -euo pipefail
cd "$(dirname "$0")/../.."
lock=$1
venv=.venv
everything=requirements-dev.lock # holds all of requirements.lock, in the same versions

find_python() {
    for python in python3.12 python3.11 python3; do
        if "$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null; then
            echo "$python"
            return
        fi
    done
    echo "cloudfilm needs Python 3.11 or 3.12 with its venv module; on Debian or Ubuntu: apt-get install python3 python3-venv" >&2
    return 1
}

installed() { # is this lock file, as it is now, in the virtual environment?
    cmp -s "$1" "$venv/.installed-$1"
}

exec 9>.venv.lock
flock 9 # several copies may be started at once
if [ -x "$venv/bin/python" ] && "$venv/bin/python" -c '' 2>/dev/null; then
    if installed "$lock" || { installed "$everything" && [ "$lock" = requirements.lock ]; }; then
        exit 0
    fi
else
    python=$(find_python)
    echo "making a virtual environment with $("$python" --version) ..."
    rm -rf "$venv"
    "$python" -m venv "$venv"
fi
echo "installing the packages of $lock (once; about half a minute) ..."
rm -f "$venv"/.installed-*
"$venv/bin/python" -m pip install -qq --disable-pip-version-check --require-hashes -r "$lock"
cp "$lock" "$venv/.installed-$lock"
