#!/bin/bash
# Four shards as tasks of a real HyperQueue on this machine, one killed and queued again, merged, and compared byte for byte.
# The wheel of PyPI holds the server and the workers: pip install hyperqueue
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python=${PYTHON:-python3}
"$python" -c 'import hyperqueue' 2> /dev/null || skip "no hyperqueue in $python: install it with pip"
"$python" "$root/tests/cluster/hyperqueue.py" "$program"
"$program" merge results/shards --out results --quiet
compare results HyperQueue
