#!/bin/bash
# Trains the voice detector from nothing and puts its weights into the tree: training/run.sh
# [--calls N] [--epochs N] [...] Sounds, calls and tools go to $VOXTRA_TRAINING (11 GB;
# ~/.cache/voxtra-training). Needs Debian or a relative of it, python3 and, where a speech
# synthesiser is missing, root. Two hours on one core. What train.py has as defaults is the recipe
# of the weights in the tree.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${VOXTRA_TRAINING:-$HOME/.cache/voxtra-training}
mkdir -p "$cache"
export OMP_NUM_THREADS=1 NUMBA_CACHE_DIR=$cache/numba
if [ ! -x "$cache/venv/bin/python" ]; then
  python3 -m venv "$cache/venv"
  "$cache/venv/bin/pip" -q install -r "$here/requirements.txt"
fi
python=$cache/venv/bin/python
"$python" "$here/test_reserved.py"
[ -f "$cache/sounds.npz" ] || "$python" "$here/sources.py" "$cache"
"$python" "$here/train.py" "$cache" "$cache/out" "$@"
"$python" "$here/export.py" "$cache/out/network.pt" "$here/.."
"$python" "$here/sample.py" "$cache/out/network.pt" "$here/.."
"$python" "$here/report.py" "$cache" "$cache/out/network.pt"
