#!/usr/bin/env bash
# Real conversations, through a real Asterisk, with real speech-to-text, language model and voice:
# gets what is missing, starts it, runs the tests, stops it.
#
#   run.sh [--long] [ARGUMENTS OF cargo test…]      for example: run.sh --long -- interrupts
#
# The exit code is that of the tests; 77 when this machine cannot have an Asterisk or the stack.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."

if [ "${1:-}" = --long ]; then
    shift
    export VOXTRA_AI_LONG=1
fi

# Compiled before anything starts. Of the workspace, so that the dependencies are those that the
# other tests have; the command is the optimised one, as users have it.
targets=(--workspace --test asterisk_ai)
options=()
for argument in "$@"; do
    if [ "$argument" = -- ]; then break; fi
    options+=("$argument")
done
cargo test --locked "${targets[@]}" "${options[@]}" --no-run
if [ -z "${VOXTRA_BIN:-}" ]; then
    cargo build --locked --release -p voxtra-cli --bin voxtra
    VOXTRA_BIN=$PWD/target/release/voxtra
    if [ -n "${CARGO_TARGET_DIR:-}" ]; then VOXTRA_BIN=$(realpath "$CARGO_TARGET_DIR")/release/voxtra; fi
fi
export VOXTRA_BIN RUST_BACKTRACE=0

# Ports of its own: a stack that a person uses goes on.
export VOXTRA_STACK_WHISPER_PORT=18300 VOXTRA_STACK_LLAMA_PORT=18301 VOXTRA_STACK_PIPER_PORT=18302
export VOXTRA_STACK_SPARE_WHISPER_PORT=18303

# The second speech-to-text, which a long test stops.
spare() { VOXTRA_STACK_WHISPER_PORT=$VOXTRA_STACK_SPARE_WHISPER_PORT "$here/../../stack/stack.sh" "$1" whisper; }
if [ -n "${VOXTRA_AI_LONG:-}" ]; then
    trap 'spare stop' EXIT
    spare start
fi

# Like Asterisk, the command under test needs its turn every 20 ms; the models take what is left.
ahead=()
if chrt --rr 1 true 2>/dev/null; then ahead=(chrt --rr 1); fi
stack/stack.sh run tests/asterisk/rig.sh run "${ahead[@]}" cargo test --locked --no-fail-fast "${targets[@]}" "$@"
