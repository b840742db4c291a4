#!/bin/sh
# Times literal draws and existence by NumPy and by the program in one session, one core each, and prints a table of both.
# usage: PYTHON=V/bin/python benches/peers/literal.sh [--rounds 5]
set -eu
cd "$(dirname "$0")/../.."
# Settings for another machine's BLAS are none of this one's.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
cargo build --release --quiet
exec "${PYTHON:-python3}" benches/peers/literal_peers.py "${CARGO_TARGET_DIR:-target}/release/lemmascope" "$@"
