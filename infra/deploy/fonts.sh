#!/usr/bin/env bash
# Brings the font of reports and films into .venv, from npm by its lock file. Does nothing when it is there already.
set -euo pipefail
cd "$(dirname "$0")/../.."
wanted=infra/deploy/fonts
target=.venv/share/fonts/noto-sans-sc
package=node_modules/@expo-google-fonts/noto-sans-sc

exec 9>.venv.lock
flock 9 # several copies may be started at once
if cmp -s "$wanted/package-lock.json" "$target/package-lock.json"; then
    exit 0
fi

build=$(mktemp -d .venv/fonts.XXXXXX)
trap 'rm -rf "$build"' EXIT
echo "bringing the Chinese font (once; 20 MB) ..."
if ! command -v npm >/dev/null; then # a whole Node for two files; it goes again
    .venv/bin/python -m venv "$build/node"
    "$build/node/bin/python" -m pip install -qq --disable-pip-version-check --require-hashes -r "$wanted/node.lock"
    PATH=$PWD/$build/node/bin:$PATH
fi
cp "$wanted/package.json" "$wanted/package-lock.json" "$build"
if ! (cd "$build" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >npm.log 2>&1); then
    tail -5 "$build/npm.log" >&2
    echo "the font could not be brought: is a registry of npm packages within reach? (npm config get registry)" >&2
    exit 1
fi

rm -rf "$target"
mkdir -p "$target"
cp "$build/$package/400Regular/NotoSansSC_400Regular.ttf" "$build/$package/700Bold/NotoSansSC_700Bold.ttf" \
    "$build/$package/LICENSE_FONT" "$target"
cp "$wanted/package-lock.json" "$target" # last: now it is whole
