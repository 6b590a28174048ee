# Sourced by each peer's `run`. What they have in common:
#
#   run PORT [MODE]   echoes AudioSocket audio on 127.0.0.1:PORT until it is killed; installs first if need be
#   run PORT SILENCE_MS MARKS   instead, where it is an agent (benches/conversation.py)
#   run --version     installs (or builds) and prints what it is, in one line
#
# MODE is `direct`, each frame goes back as it comes (the default), or `paced`, through the peer's
# own paced playback. Installed things go below $VOXTRA_PEERS (default: target/peers); nothing of
# theirs is in this repository.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
name=$(basename "$here")
root=$(cd "$here/../../.." && pwd)
peers=${VOXTRA_PEERS:-$root/target/peers}
home=$peers/$name

fail() {
    echo "benches/peers/$name/run: $*" >&2
    exit 1
}

usage() {
    echo "usage: benches/peers/$name/run PORT [$1] | --version" >&2
    exit 2
}

# need PROGRAM ADVICE
need() {
    command -v "$1" >/dev/null || fail "$1 is missing: $2"
}

# once STAMP COMMAND…: installs what STAMP names, unless that was done before; two at a time wait
# for each other.
once() {
    local stamp=$home/.installed-$1
    shift
    [ ! -e "$stamp" ] || return 0
    mkdir -p "$home"
    (
        flock 9
        [ ! -e "$stamp" ] || exit 0
        echo "installing $name into $home" >&2
        "$@" >"$home/install.log" 2>&1 || {
            tail -n 20 "$home/install.log" >&2
            fail "not installed (above; all of it in $home/install.log). Is the package registry in reach? Then try again."
        }
        touch "$stamp"
    ) 9>"$home/.lock"
}

# arguments MODES "$@": sets port and mode, or leaves with how it is used.
arguments() {
    local modes=$1
    port=${2:-}
    mode=${3:-direct}
    [ "$port" = --version ] || [[ $port =~ ^[0-9]+$ ]] || usage "$modes"
    [[ "|$modes|" == *"|$mode|"* ]] || fail "there is no mode '$mode' for it; there is: ${modes//|/, }"
}

# conversation "$@": the same for an agent; sets port, silence_ms and marks.
conversation() {
    port=${1:-} silence_ms=${2:-} marks=${3:-}
    if [ "$port" != --version ]; then
        [[ $port =~ ^[0-9]+$ && $silence_ms =~ ^[0-9]+$ && -n $marks ]] || {
            echo "usage: benches/peers/$name/run PORT SILENCE_MS MARKS | --version" >&2
            exit 2
        }
    fi
}
