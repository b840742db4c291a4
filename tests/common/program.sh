# For the scripts beside the tests, which source it: the checkout, the program to try, and how a script says that it is skipped.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
program=${LEMMASCOPE:-$root/target/release/lemmascope}
skip() {
    echo "skipped: $1"
    exit 0
}
[ -x "$program" ] || skip "no $program; build it with cargo build --release, or name it in LEMMASCOPE"
