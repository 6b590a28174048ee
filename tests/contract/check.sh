#!/usr/bin/env bash
# The contract, judged by tools that are not ours: what `voxtra events` says of the events is a
# valid JSON Schema and a valid AsyncAPI document, also when it asks an agent for its own; and
# whatever webhooks were told in the Asterisk suite and in a demo call is as they say, and stops
# being so when it is changed.
#
#   check.sh            needs Python 3 with venv, Node with npm, and what the steps `asterisk` and `demo` of tests/run.sh left
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."
target=${CARGO_TARGET_DIR:-target}
tools=$target/tools/contract
documents=$target/tmp/documents

if [ ! -x "$tools/bin/python" ]; then
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
fi
mkdir -p "$tools/node"
cp "$here/package.json" "$here/package-lock.json" "$here/asyncapi.mjs" "$tools/node/"
if [ ! -d "$tools/node/node_modules" ]; then
    npm ci --prefix "$tools/node" --ignore-scripts --no-audit --no-fund --silent
fi

# Of the workspace, so that the dependencies are those that the tests have.
cargo build --locked --workspace --bin voxtra --bin contract-agent
rm -rf "$documents"
mkdir -p "$documents"
voxtra=$target/debug/voxtra
agent=$target/debug/contract-agent
"$voxtra" events --schema >"$documents/built-in.schema.json"
"$voxtra" events --asyncapi >"$documents/built-in.asyncapi.json"
"$voxtra" events --schema "$agent" >"$documents/agent.schema.json"
"$voxtra" events --asyncapi "$agent" --and its arguments >"$documents/agent.asyncapi.json"
"$voxtra" events "$agent" | grep -q '^order.placed  OrderPlaced$'

node "$tools/node/asyncapi.mjs" "$documents"/*.asyncapi.json
"$tools/bin/python" "$here/validate.py" "$documents" "$target/tmp/contract"
