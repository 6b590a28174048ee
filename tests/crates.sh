#!/usr/bin/env bash
# How many crates each package brings along, itself included, on this platform. Fails when one of
# them brings more than is written down here, so that weight is added on purpose.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

most() {
    cat <<'NUMBERS'
voxtra-core    20
voxtra-ari     116
voxtra-webhook 118
voxtra-speech   31
voxtra-rt      164
voxtra         180
voxtra          60 --no-default-features
voxtra-cli     214
NUMBERS
}

status=0
while read -r package most options; do
    # shellcheck disable=SC2086 # None, or one option.
    count=$(cargo tree --locked --package "$package" $options --edges normal,build --prefix none \
        --no-dedupe --format '{p}' | sed 's/ (.*//' | sort -u | wc -l)
    if [ "$count" -gt "$most" ]; then
        echo "$package $options brings $count crates, and $most were agreed upon: leave some out, or raise" \
            "the number in tests/crates.sh" >&2
        status=1
    else
        printf '%-14s %3d crates of %d %s\n' "$package" "$count" "$most" "$options"
    fi
done < <(most)
exit $status
