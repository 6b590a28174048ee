#!/usr/bin/env bash
# Which types of other crates stand in the public interface of each library: those that
# external_types.txt lists, and no others.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target/tmp"
# Rustdoc's JSON is unstable, and stable Rust's rustdoc writes it when it is told to. Told to cargo
# as a whole, dependencies would be compiled anew.
cat >"$target/tmp/rustdoc-json" <<'SCRIPT'
#!/bin/sh
RUSTC_BOOTSTRAP=1 exec rustdoc "$@"
SCRIPT
chmod +x "$target/tmp/rustdoc-json"

status=0
for package in voxtra-core voxtra-ari voxtra-webhook voxtra-speech voxtra-rt voxtra; do
    RUSTDOC=$(realpath "$target/tmp/rustdoc-json") cargo rustdoc --locked --quiet --lib \
        --package "$package" -- -Z unstable-options --output-format json
    python3 tests/external_types.py "$package" "$target/doc/${package//-/_}.json" || status=1
done
exit $status
