#!/usr/bin/env bash
# Builds the pages of the phone into .venv/share/phone: `phone.sh h5 viewer`, or also `weapp alipay`. Does nothing for those that are
# there already, built from the same sources.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
share=.venv/share/phone
server=${PHONE_SERVER_URL:-} # built into the mini-programs; the pages in a browser ask where they came from

exec 9>.venv.phone.lock
flock 9 # several copies may be started at once
mkdir -p "$share"
[ $# -gt 0 ] || set -- h5 viewer

package_of() { # where a target's package.json is
    if [ "$1" = viewer ]; then echo miniprogram/viewer; else echo miniprogram; fi
}

sources_of() { # every file that a target is built from, by its content
    local folder
    folder=$(package_of "$1")
    (
        cd "$folder"
        find . \( -name node_modules -o -name dist -o -name build -o -name .swc -o -path ./browser -o -path ./viewer \) -prune -o -type f -print0 |
            LC_ALL=C sort -z | xargs -0 sha256sum
        sha256sum "$root/miniprogram/config/pack.js" "$root/infra/deploy/phone.sh" | cut -d' ' -f1
        echo "$server"
    ) | sha256sum | cut -d' ' -f1
}

find_npm() {
    command -v npm >/dev/null && command -v node >/dev/null && return
    local node=.venv/share/node
    if [ ! -x "$node/bin/npm" ]; then
        echo "bringing Node, which builds the pages of the phone (once; 230 MB) ..."
        rm -rf "$node"
        .venv/bin/python -m venv "$node"
        "$node/bin/python" -m pip install -qq --disable-pip-version-check --require-hashes -r infra/deploy/fonts/node.lock
    fi
    PATH=$root/$node/bin:$PATH
}

bring_packages() { # of one package.json, by its lock file
    local folder=$1
    cmp -s "$folder/package-lock.json" "$folder/node_modules/.brought" && return
    echo "bringing the packages that build $folder (once; a minute or two) ..."
    if ! (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >"$root/$share/npm.log" 2>&1); then
        tail -5 "$share/npm.log" >&2
        echo "they could not be brought: is a registry of npm packages within reach? (npm config get registry)" >&2
        exit 1
    fi
    cp "$folder/package-lock.json" "$folder/node_modules/.brought" # last: now they are whole
}

make_it() { # a target, into a folder
    cd "$(package_of "$1")"
    case $1 in
    viewer) nice npm run --silent build -- "$2" ;;
    h5) # axe-core is for the tests, which do without npm
        TARGET_FOLDER=$2 nice npm run --silent build:h5 && nice node config/pack.js "$2" &&
            cp node_modules/axe-core/axe.min.js "$root/$share"
        ;;
    *) TARGET_FOLDER=$2 PHONE_SERVER_URL=$server nice npm run --silent "build:$1" ;;
    esac
}

build() {
    local target=$1 stamp folder made begun=$SECONDS
    folder=$(package_of "$target")
    [ -f "$folder/package.json" ] || return 0
    stamp=$(sources_of "$target")
    [ "$(cat "$share/$target/stamp" 2>/dev/null)" = "$stamp" ] && return
    find_npm
    bring_packages "$folder"
    echo "building the phone: $target (once; half a minute) ..."
    made=$(mktemp -d "$share/.$target.XXXXXX")
    if ! (make_it "$target" "$root/$made") >"$share/$target.log" 2>&1; then
        rm -rf "$made"
        tail -40 "$share/$target.log" >&2
        echo "$target could not be built" >&2
        exit 1
    fi
    echo "$stamp" >"$made/stamp"
    chmod -R go+rX "$made"
    rm -rf "$share/$target.old"
    [ ! -e "$share/$target" ] || mv "$share/$target" "$share/$target.old"
    mv "$made" "$share/$target"
    rm -rf "$share/$target.old"
    echo "built $target in $((SECONDS - begun)) s"
}

rm -rf "$share"/.[a-z]*.?????? # of a build that was killed
for target in "$@"; do
    build "$target"
done
