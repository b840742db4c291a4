#!/usr/bin/env bash
# What machines read, by their own schemas: JUnit XML, SARIF, the data package and the citation of an export, what verbs print under
# --json, and the steps of the action for GitHub. Needs python3 with pip, and npm for SARIF's schema; says what is skipped.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../common/program.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
install() {
    python3 -m venv "$1" && "$1/bin/pip" install --quiet "${@:2}" > /dev/null 2>&1
}
# cffconvert asks for an older jsonschema.
install "$folder/venv" xmlschema junitparser jsonschema pyyaml frictionless && install "$folder/cff" cffconvert \
    || skip "python3 cannot install xmlschema, junitparser, jsonschema, pyyaml, frictionless and cffconvert"
# The schema of SARIF 2.1.0 comes with a package of npm.
npm install --silent --no-save --ignore-scripts --prefix "$folder" @microsoft/jest-sarif@1.0.0-beta.0 > /dev/null 2>&1 || true
"$folder/venv/bin/python" "$root/tests/schemas/validate.py" "$program" "$root" "$folder"
