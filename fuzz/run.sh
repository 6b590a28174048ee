#!/usr/bin/env bash
# Runs fuzz targets, two at a time, and says what each did.
#
#   fuzz/run.sh                       every target for 20 s: what CI does
#   fuzz/run.sh TARGET [SECONDS]      one target, for as long as you like (default 20)
#   fuzz/run.sh all SECONDS           every target for SECONDS
#
# What is new goes to fuzz/corpus/TARGET, which git ignores; the seeds stay as they are. Something
# found is in fuzz/artifacts/TARGET. FUZZ_JOBS says how many run at a time; other flags of libFuzzer
# can stand in FUZZ_FLAGS.
#
# No nightly compiler and no cargo-fuzz are needed: the flags are those of
# `cargo fuzz build -s none`, and so is the folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

targets=(decode session event_json ari config webhook wav macro)
chosen=${1:-all}
seconds=${2:-20}
jobs=${FUZZ_JOBS:-2}
if [ "$chosen" != all ]; then
    if [[ " ${targets[*]} " != *" $chosen "* ]]; then
        echo "fuzz/run.sh: no target named '$chosen'; there are: ${targets[*]}" >&2
        exit 2
    fi
    targets=("$chosen")
fi

triple=$(rustc -vV | sed -n 's/^host: //p')
bins=()
for target in "${targets[@]}"; do bins+=(--bin "$target"); done
RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Cllvm-args=-simplifycfg-branch-fold-threshold=0 \
-Cllvm-args=-sanitizer-coverage-stack-depth -Cdebug-assertions -Ccodegen-units=1" \
    cargo build --release --target "$triple" "${bins[@]}"

logs=$(mktemp -d)
trap 'rm -rf "$logs"; kill $(jobs -p) 2>/dev/null || true' EXIT

# The longest input worth trying.
longest() {
    case $1 in
    decode) echo 4096 ;;
    session) echo 400 ;;
    macro) echo 1500 ;;
    *) echo 2048 ;;
    esac
}

fuzz() {
    local target=$1 dictionary=()
    mkdir -p "corpus/$target" "artifacts/$target"
    [ ! -f "dictionaries/$target.dict" ] || dictionary=("-dict=dictionaries/$target.dict")
    # shellcheck disable=SC2086
    "target/$triple/release/$target" "corpus/$target" "seeds/$target" "${dictionary[@]}" \
        -max_total_time="$seconds" -max_len="$(longest "$target")" -timeout=10 -rss_limit_mb=1024 \
        -artifact_prefix="artifacts/$target/" -print_final_stats=1 ${FUZZ_FLAGS:-} >"$logs/$target" 2>&1
}

report() {
    local target=$1 status=$2 runs edges
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$logs/$target")
    edges=$(grep -a -o 'cov: [0-9]*' "$logs/$target" | tail -n 1 || true)
    if [ "$status" = 0 ]; then
        printf '%-10s  %10s executions  %6s edges  nothing found\n' "$target" "${runs:-?}" "${edges#cov: }"
    else
        printf '%-10s  FAILED (status %d)\n' "$target" "$status"
        grep -a -m 1 -A 12 'panicked at\|ERROR: ' "$logs/$target" | cut -c 1-400 || tail -n 20 "$logs/$target"
        grep -a 'Test unit written' "$logs/$target" || true
        printf 'To repeat it: fuzz/target/%s/release/%s fuzz/FILE\n' "$triple" "$target"
    fi
}

failed=0
declare -A running=()
collect() {
    local pid status=0
    wait -n -p pid "${!running[@]}" || status=$?
    report "${running[$pid]}" "$status"
    [ "$status" = 0 ] || failed=1
    unset "running[$pid]"
}
echo "fuzzing ${targets[*]}: $seconds s each, $jobs at a time"
for target in "${targets[@]}"; do
    [ ${#running[@]} -lt "$jobs" ] || collect
    fuzz "$target" &
    running[$!]=$target
done
while [ ${#running[@]} -gt 0 ]; do collect; done
exit "$failed"
