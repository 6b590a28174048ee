#!/bin/bash
# Trains the voice detector from nothing and puts its weights into the tree: training/run.sh [--calls N] [--seeds N] [--epochs N] [--jobs N]
# Sounds, calls and tools go to $VOXTRA_TRAINING (about 6 GB; ~/.cache/voxtra-training). Needs Debian or a relative of it, python3 and,
# where a speech synthesiser is missing, root. On one core, an hour or two.
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
train() { "$python" "$here/train.py" "$cache" "$@"; }
# First everything; then, slowly, with more weight on noise alone; then on more calls with a little less of it.
train "$cache/first" --calls 5600 --epochs 14 "$@"
train "$cache/second" --calls 5600 --epochs 3 --start "$cache/first/network.pt" --alone 4 --rate 1.5e-3 "$@"
train "$cache/out" --calls 7200 --epochs 3 --start "$cache/second/network.pt" --alone 2.5 --rate 1.5e-3 --validation 200 "$@"
"$python" "$here/export.py" "$cache/out/network.pt" "$here/.."
"$python" "$here/sample.py" "$cache/out/network.pt" "$here/.."
"$python" "$here/report.py" "$cache" "$cache/out/network.pt"
