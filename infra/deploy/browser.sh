#!/usr/bin/env bash
# The tests look at the pages in a real browser: finds Chromium, brings one without root, or says what to install.
set -euo pipefail
cd "$(dirname "$0")/../.."

for browser in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$browser" >/dev/null; then
        exit 0
    fi
done
if .venv/bin/python -m playwright install --dry-run chromium 2>/dev/null | sed -n 's/.*Install location: *//p' | head -1 | xargs -r test -d; then
    exit 0
fi
echo "no Chromium here; bringing one without root ..."
if ! .venv/bin/python -m playwright install chromium >/dev/null 2>&1; then
    echo "the tests need Chromium; on Debian or Ubuntu: apt-get install chromium" >&2
    exit 1
fi
