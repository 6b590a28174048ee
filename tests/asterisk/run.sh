#!/usr/bin/env bash
# Every test that needs a real Asterisk: makes one if need be, starts it, runs the tests, stops it.
#
#   run.sh [ARGUMENTS OF cargo test…]      for example: run.sh --release, run.sh -- barge_in
#
# The exit code is that of the tests; 77 when this machine cannot have an Asterisk.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."

# Compiled before Asterisk starts, so that a mistake in the code costs no start.
# Of the workspace, so that the dependencies are those that the other tests have.
targets=(--workspace --test asterisk_ari --test asterisk_calls --test asterisk_sip --test asterisk_restart --test asterisk_check)
options=()
for argument in "$@"; do
    if [ "$argument" = -- ]; then break; fi
    options+=("$argument")
done
cargo test "${targets[@]}" "${options[@]}" --no-run

# What webhooks are told in this run is kept there, for tests/contract/check.sh.
rm -rf "${CARGO_TARGET_DIR:-target}/tmp/contract"

# The applications under test need their turn every 20 ms, like Asterisk, whatever else the machine
# is doing.
ahead=()
if chrt --rr 1 true 2>/dev/null; then ahead=(chrt --rr 1); fi

# To find the lines of a backtrace takes seconds of a core, which the other calls would miss.
export RUST_BACKTRACE=0

# A call is mostly waiting: many at once take hardly longer than one.
export RUST_TEST_THREADS=${RUST_TEST_THREADS:-8}
exec "$here/rig.sh" run "${ahead[@]}" cargo test --no-fail-fast "${targets[@]}" "$@"
