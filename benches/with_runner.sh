#!/usr/bin/env bash
# Runs a command with gungraun-runner, which counts the instructions of benches/instructions.rs, on
# its PATH: the very version that Cargo.lock asks for, built below target/tools when it isn't there
# (a minute or two, once).
#
#   benches/with_runner.sh cargo bench -p voxtra-benches --bench instructions
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [ $# = 0 ] || [ "$1" = --help ] || [ "$1" = -h ]; then
    sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 0
fi

version=$(sed -n '/^name = "gungraun-runner"$/{n;s/^version = "\(.*\)"$/\1/p;}' "$root/Cargo.lock")
[ -n "$version" ] || { echo "with_runner.sh: Cargo.lock has no gungraun-runner" >&2; exit 1; }

tools=${CARGO_TARGET_DIR:-$root/target}/tools/gungraun-runner-$version
if [ ! -x "$tools/bin/gungraun-runner" ]; then
    echo "with_runner.sh: building gungraun-runner $version below $tools, once" >&2
    # It only starts valgrind and reads what that writes: not worth optimising.
    cargo install --quiet --locked --debug --config profile.dev.debug=0 --root "$tools" \
        --target-dir "$tools/build" "gungraun-runner@$version"
    rm -rf "$tools/build"
fi
PATH=$tools/bin:$PATH exec "$@"
