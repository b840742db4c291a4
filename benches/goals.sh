#!/usr/bin/env bash
# Times whole commands against the goals, on a machine that does nothing else: benches/goals.sh [build] [tests]
# Without words only what is built is timed; `build` and `tests` begin with an empty target folder.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# Prints what was done, its wall seconds, its CPU seconds, and the goal.
timed() {
    local name=$1 goal=$2
    shift 2
    local times
    times=$({ TIMEFORMAT='%R %U'; time "$@" >/dev/null 2>"$out/stderr"; } 2>&1) || { cat "$out/stderr" >&2; exit 1; }
    printf '%-52s %9s s %9s CPU s   goal %s\n' "$name" $times "$goal"
}
fifty() { for _ in $(seq 50); do "$program" evaluate chernoff --set tail=upper --set n=10 --set p=0.5 --set delta=0.5; done; }

for word in "$@"; do
    case $word in
    build) CARGO_TARGET_DIR=$out/build timed 'cargo build --release, empty target folder' 75 cargo build --release ;;
    tests) CARGO_TARGET_DIR=$out/tests timed 'cargo test --release, empty target folder' 240 cargo test --release ;;
    *) echo "unknown word $word; write build or tests" >&2 && exit 2 ;;
    esac
done
cargo build --release --quiet
program=target/release/lemmascope
timed 'run, two threads' 60 "$program" run --quiet --threads 2 --out "$out/two"
timed 'run, one thread (two take at most 1/1.9 of it)' - "$program" run --quiet --threads 1 --out "$out/one"
timed 'run again, all of it measured' 1 "$program" run --quiet --out "$out/two"
timed 'check against the results, all measured again' 45 "$program" check --quiet --fresh --threads 2 --baseline "$out/two"
timed '50 times evaluate' 0.5 fifty
diff -rq "$out/one" "$out/two" --exclude timings.csv --exclude .cells && echo 'one thread and two leave the same files'
echo 'the ten costliest cells, by wall time of two threads:'
sort -t, -k4 -rg "$out/two/timings.csv" | head -10
