#!/usr/bin/env bash
# Compares the benches of this tree with those of another commit, on this machine, one after the
# other.
#
#   benches/against.sh [COMMIT]      default: where this branch left origin/main
#
# Prints a table: for each bench, both times and how much slower the slower one is. Then, where the
# commit has them too, the instruction counts and how they changed; these do not depend on what else
# the machine is doing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

base=${1:-$(git merge-base HEAD origin/main)}
base=$(git rev-parse --verify "$base^{commit}")
command -v critcmp >/dev/null || cargo install --quiet --locked critcmp
tree=$(mktemp -d)
trap 'git worktree remove --force "$tree" 2>/dev/null || true; rm -rf "$tree"' EXIT
git worktree add --quiet --force --detach "$tree" "$base"
# One folder for both, so that dependencies are built once and the results lie side by side.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"

core() {
    cargo bench --quiet --workspace --bench core -- --noplot --save-baseline "$1" >&2
}

(cd "$tree" && core before)
core after
echo "### Time per bench, $(git rev-parse --short "$base") beside this tree"
echo '```'
critcmp before after
echo '```'

if [ -f "$tree/benches/instructions.rs" ] && command -v valgrind >/dev/null; then
    instructions() {
        benches/with_runner.sh cargo bench --quiet --workspace --bench instructions -- "$1"
    }
    (cd "$tree" && instructions --save-baseline=before >&2)
    echo "### Instructions"
    echo '```'
    instructions --baseline=before
    echo '```'
fi
