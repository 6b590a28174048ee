#!/usr/bin/env bash
# Makes a Python with the protocol's own library for the tests of MCP servers, and says where:
#
#   VOXTRA_TEST_MCP_PYTHON=$(tests/mcp/venv.sh) cargo test …
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."
tools=$(realpath -m "${CARGO_TARGET_DIR:-target}")/tools/mcp
if [ ! -f "$tools/done" ]; then
    python3 -m venv "$tools" >&2
    "$tools/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt" >&2
    touch "$tools/done"
fi
echo "$tools/bin/python"
