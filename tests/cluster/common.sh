# What the tests of the engines share: an experiment, the records of an unsplit run, and the comparison. Read with `source`.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../common/program.sh"
folder=$(mktemp -d)
cd "$folder"

# One heavy cell, which spreads over the shards, and others; some ten seconds a shard.
cat > sweep.toml <<'TOML'
claim = "nsn-box"
title = "A sweep"
about = "For the tests of the engines."
methods = ["quadrature", "literal"]

[precision]
replicates = 40000000
relative = 1e-6
until = "precise"

[[grid]]
k = 64
d = [4, 8]
eps = 0.5
TOML

# Waits until a command succeeds, for a number of seconds.
until_true() {
    local seconds=$1
    shift
    for _ in $(seq "$((5 * seconds))"); do
        if "$@"; then return; fi
        sleep 0.2
    done
    echo "failed: after $seconds s not yet: $*"
    return 1
}

# Compares what was merged with an unsplit run.
compare() {
    "$program" run sweep.toml --out whole --quiet
    local file
    for file in whole/*; do
        [ "$(basename "$file")" = timings.csv ] || cmp "$file" "$1/$(basename "$file")"
    done
    echo "passed: $2: four shards, one killed and queued again, merged to the bytes of an unsplit run"
}
