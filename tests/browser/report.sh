#!/usr/bin/env bash
# The report in a real Chromium: at two widths and in both colour schemes nothing overflows and nothing is logged, axe-core finds
# nothing serious, the keyboard reaches everything, the table sorts and filters, and all of it reads without scripts.
# Needs chromium and npm; says so where they are missing. With a folder as argument, screenshots stay there.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../common/program.sh"
command -v npm > /dev/null || skip "npm is missing"
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || skip "chromium is missing (apt-get install chromium)"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
shots=${1:-$folder/shots}
mkdir -p "$shots"
npm install --silent --no-save --prefix "$folder" playwright-core@1 axe-core@4 > /dev/null 2>&1 || skip "npm cannot install playwright-core and axe-core"
# The page of the records of this repository; a copy, so that nothing here changes.
if [ -n "${REPORT:-}" ]; then
    page=$REPORT
else
    cp -r "$root/results" "$folder/results"
    (cd "$root" && "$program" report --out "$folder/results" --quiet > /dev/null)
    page=$folder/results/report.html
fi
cp "$root/tests/browser/report.mjs" "$folder"
CHROMIUM=$chromium node "$folder/report.mjs" "$page" "$shots"
