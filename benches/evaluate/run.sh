#!/usr/bin/env bash
# Fetches the recordings, makes the labelled calls and plays them.
#
#   benches/evaluate/run.sh DIR              all of them (270 MB of packages); DIR/evaluation.json has the figures
#   benches/evaluate/run.sh DIR --small      the few that CI plays (6 MB), which fail where they are out of bounds
#
# Needs Debian or a relative of it, and python3 with venv. What was fetched stays in DIR.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# -ge 1 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
small=${2:-}
cd "$here/../.."

if [ ! -x "$folder/venv/bin/python" ]; then
    python3 -m venv "$folder/venv"
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
fi
if [ "$small" = --small ]; then
    "$folder/venv/bin/python" "$here/recordings.py" "$folder" --small
    # Of the workspace and beside a test, so that the dependencies are those that the tests have.
    # The core is optimised there, too.
    cargo build --quiet --locked --workspace --features voxtra-speech/conformance \
        --bin evaluate --test conversation
    "${CARGO_TARGET_DIR:-target}/debug/evaluate" "$folder" --check --ours
else
    "$folder/venv/bin/python" "$here/recordings.py" "$folder"
    cargo run --quiet --release --locked -p voxtra-benches --bin evaluate -- "$folder" --json \
        >"$folder/evaluation.json.part"
    mv "$folder/evaluation.json.part" "$folder/evaluation.json"
fi
