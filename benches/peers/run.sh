#!/bin/sh
# Boxes by quadrature: this program's CPU time (criterion's, of one cell) beside SciPy's for the same cells, in one session.
# A joint box of SciPy's that is not done after LIMIT seconds counts with that time. Needs python3 with numpy and scipy.
# usage: benches/peers/run.sh [PYTHON] [LIMIT]
cd "$(dirname "$0")/../.." || exit 1
python=${1:-python3}
limit=${2:-300}
cargo bench -p lemmascope-benches --bench evidence -- quadrature 2>/dev/null | grep -E "^quadrature|time:"
peer() {
    echo "scipy $*: $(timeout "$limit" "$python" benches/peers/boxes_scipy.py "$@" || echo "more than $limit s")"
}
peer box 64 4 0.1
peer box-erf 64 4 0.1
for j in 1 4 32 63; do
    peer joint 64 "$j" 4 0.1
done
