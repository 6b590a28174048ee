#!/usr/bin/env bash
# Deliveries of webhooks, judged by libraries that are not ours, and taken by the receivers of
# docs/receivers: the test `deliveries` of voxtra-webhook, with Python's and Node's.
#
#   deliveries.sh       needs Python 3 with venv, Node with npm; 77 where PyPI or npm can't be had
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."
tools=$(realpath -m "${CARGO_TARGET_DIR:-target}")/tools/deliveries

make_tools() {
    mkdir -p "$tools"
    cp "$here"/deliveries/* docs/receivers/* "$tools/"
    if ! cmp -s "$tools/requirements.txt" "$tools/python/done"; then
        python3 -m venv "$tools/python"
        "$tools/python/bin/pip" install --quiet --disable-pip-version-check --requirement "$tools/requirements.txt"
        cp "$tools/requirements.txt" "$tools/python/done"
    fi
    if ! cmp -s "$tools/package-lock.json" "$tools/node_modules/done"; then
        npm ci --prefix "$tools" --ignore-scripts --no-audit --no-fund --silent
        cp "$tools/package-lock.json" "$tools/node_modules/done"
    fi
}

# Not in a condition, where -e would not count.
set +e
(set -e; make_tools)
made=$?
set -e
[ "$made" = 0 ] || exit 77
# Of the workspace, so that the dependencies are those that the tests have.
cargo build --locked --workspace --features voxtra-speech/conformance --example receiver
WEBHOOK_TOOLS=$tools cargo test --locked --workspace --features voxtra-speech/conformance \
    --test deliveries -- --nocapture
