#!/bin/bash
# What a sweep of 1e9 replicates over 1000 shards costs: CPU seconds and file of the shards, CPU seconds and memory of the merge.
# All shards are measured, one after another, for the cheapest sampler; `bash benches/shards.sh` after cargo build --release.
set -euo pipefail
program=$(cd "$(dirname "$0")/.." && pwd)/target/release/lemmascope
shards=${SHARDS:-1000}
cd "$(mktemp -d)"
cat > sweep.toml <<'TOML'
claim = "normal-interval"
title = "A sweep"
about = "One heavy cell."
methods = ["literal"]

[precision]
replicates = 1000000000
relative = 1e-9
until = "precise"

[[grid]]
sigma = 1
z = 0.3
eps = 0.1
TOML
for shard in $(seq "$shards"); do
    /usr/bin/time -a -o shards.txt -f '%U %S %M' "$program" run sweep.toml --out parts --shard "$shard/$shards" --threads 1 --quiet
done
awk '{u += $1 + $2; if ($3 > m) m = $3} END {printf "%d shards: %.1f CPU s, %.2f each; at most %.0f MB\n", NR, u, u/NR, m/1000}' shards.txt
du -ab parts | awk 'NR > 0 && /cells$/ {s += $1; n++} END {printf "%d files, %.1f MB together, %.0f bytes each\n", n, s/1e6, s/n}'
/usr/bin/time -f 'merge: %U + %S CPU s, %M KB' "$program" merge parts --out merged --threads 1 --quiet
/usr/bin/time -f 'unsplit: %U + %S CPU s, %M KB' "$program" run sweep.toml --out whole --threads 1 --quiet
cmp merged/sweep.csv whole/sweep.csv && echo "the same bytes"
