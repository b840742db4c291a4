#!/bin/sh
# Times literal draws and existence, and the draws of declared lemmas, by NumPy and by the program in one session, one core each, and
# prints tables of both.
# usage: PYTHON=V/bin/python benches/peers/literal.sh [--rounds 5]
set -eu
cd "$(dirname "$0")/../.."
# Settings for another machine's BLAS are none of this one's.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
cargo build --release --quiet
for peers in literal_peers declared_peers; do
    "${PYTHON:-python3}" "benches/peers/$peers.py" "${CARGO_TARGET_DIR:-target}/release/lemmascope" "$@"
done
