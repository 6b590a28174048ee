#!/usr/bin/env bash
# A real Asterisk for the tests, in a private Debian root, on loopback only. See README.md beside
# this file.
#
#   rig.sh install            make the root (once, about 350 MB, needs root)
#   rig.sh start|stop|restart|status
#   rig.sh kill               end Asterisk as a crash would
#   rig.sh run COMMAND…       start, run COMMAND with VOXTRA_ASTERISK… set, stop; one at a time per instance
#   rig.sh cli COMMAND…       run a command of Asterisk's console
#   rig.sh path WHAT          monitor | sounds | log | root | url | tls | authority: where things are
#   rig.sh env                the variables that `run` sets, for `eval`
#   rig.sh remove             delete everything the rig ever made
#
# Exit codes: 0 done · 1 failed · 2 wrong usage · 3 (status) not running · 77 this machine cannot
# have one.
#
#   VOXTRA_ASTERISK_ROOT      where the root lives (default: $XDG_CACHE_HOME/voxtra/asterisk)
#   VOXTRA_ASTERISK_PORT      port of ARI on 127.0.0.1 (default 18088), and 10,000 more for TLS. Each port is an
#                             Asterisk of its own.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
base=${VOXTRA_ASTERISK_ROOT:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/voxtra/asterisk}
port=${VOXTRA_ASTERISK_PORT:-18088}
# The same place seen from outside and from inside the root.
root=$base/root
inside=/voxtra/$port
instance=$root$inside

tag=rig nothing="NO REAL ASTERISK HERE" where=VOXTRA_ASTERISK_ROOT
. "$here/../../stack/machine.sh"

main() {
    case $port in
    '' | *[!0-9]*) fail "VOXTRA_ASTERISK_PORT must be a number, not '$port'" ;;
    esac
    tls_port=$((port + 10000))
    local command=${1:-}
    shift || true
    case $command in
    install | start | stop | restart | kill | remove) locked "do_$command" ;;
    run) run "$@" ;;
    status) status ;;
    cli) cli "$*" ;;
    path) path "${1:-}" ;;
    env) environment ;;
    *) usage ;;
    esac
}

# ------------------------------------------------------------------------------------------------ install

do_install() {
    if [ -e "$root/.complete" ]; then return; fi
    [ "$(id -u)" = 0 ] || impossible "making the root needs root: run 'sudo $0 install'"
    unshare --mount --propagation private -- true 2>/dev/null || impossible "mount namespaces are not allowed here"
    command -v apt-get >/dev/null || impossible "this needs a Debian machine (no apt-get here)"
    command -v mmdebstrap >/dev/null || debian_package mmdebstrap "the Debian package mmdebstrap"
    say "making a private Debian with Asterisk in $root (about half a minute)"
    # In a mount namespace of its own: an installation that is killed leaves nothing mounted.
    debian_folder "$base/new" asterisk,asterisk-core-sounds-en-gsm \
        unshare --mount --propagation private -- mmdebstrap --variant=minbase ||
        impossible "no Debian root could be made"
    rm -rf --one-file-system "$base/new/var/cache/apt" "$base/new/var/lib/apt/lists"
    chown -R root:root "$base"/new/var/{lib,log,spool}/asterisk
    rm -rf --one-file-system "$root"
    mv "$base/new" "$root"
    touch "$root/.complete"
    say "made: $(chroot "$root" asterisk -V)"
}

do_remove() {
    for pid in $(every_pid); do kill -KILL "$pid" 2>/dev/null || true; done
    rm -rf --one-file-system "$root" "$base/new" "$base/install.log"
}

# ------------------------------------------------------------------------------------------ start and stop

do_start() {
    do_install
    [ "$(id -u)" = 0 ] || impossible "running it needs root: run 'sudo $0 start'"
    unshare --mount --propagation private -- true 2>/dev/null || impossible "mount namespaces are not allowed here"
    configure
    if running >/dev/null; then
        if cmp -s "$instance/etc.want" "$instance/etc.have"; then
            wait_ready
            return
        fi
        say "the configuration has changed: restarting"
        do_stop
    fi
    if connects "$port"; then
        fail "port $port is taken by another program: set VOXTRA_ASTERISK_PORT"
    fi
    if connects "$tls_port"; then
        fail "port $tls_port, for TLS, is taken by another program: set VOXTRA_ASTERISK_PORT"
    fi
    rm -f "$instance"/run/*
    cp "$instance/etc.want" "$instance/etc.have"
    # -p: ahead of whatever else the machine does, as a telephone exchange is: one that is starved
    # loses audio by itself. A mount namespace of its own: the bind mounts go when Asterisk goes,
    # however it goes.
    setsid unshare --mount --propagation private -- /bin/sh -c '
        mount --bind /proc "$1/proc" && mount --bind /dev "$1/dev" && exec chroot "$1" asterisk -p -f -n -C "$2/etc/asterisk.conf"
    ' sh "$root" "$inside" </dev/null >"$instance/log/stdout" 2>&1 9>&- &
    wait_ready
}

do_stop() {
    local pid
    pid=$(running) || return 0
    asterisk_cli "core stop now" >/dev/null 2>&1 || kill -TERM "$pid" 2>/dev/null || true
    gone "$pid" 100 && return
    say "Asterisk does not stop: killing it"
    do_kill
}

do_kill() {
    local pid
    pid=$(running) || return 0
    kill -KILL "$pid" 2>/dev/null || true
    gone "$pid" 50 || fail "process $pid cannot be killed"
}

do_restart() {
    do_stop
    do_start
}

status() {
    local pid
    if pid=$(running); then
        echo "running: process $pid, http://127.0.0.1:$port/ari"
    else
        echo "not running"
        exit 3
    fi
}

# Every Asterisk that runs in our root, by the root of the process: a pid file may be stale.
every_pid() {
    local exe pid
    for exe in /proc/[0-9]*/exe; do
        pid=${exe%/exe}
        pid=${pid#/proc/}
        # Read from outside the namespace, the link may or may not carry the root in front.
        case $(readlink "$exe" 2>/dev/null) in */usr/sbin/asterisk) ;; *) continue ;; esac
        if [ "/proc/$pid/root/.complete" -ef "$root/.complete" ]; then echo "$pid"; fi
    done
}

# The process of this instance; fails when there is none.
running() {
    local pid
    for pid in $(every_pid); do
        if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q -- "-n -C $inside/etc/"; then
            echo "$pid"
            return
        fi
    done
    return 1
}

gone() {
    local tenths=$2
    while [ -e "/proc/$1/exe" ] && [ -n "$(readlink "/proc/$1/exe" 2>/dev/null)" ]; do
        [ $((tenths -= 1)) -ge 0 ] || return 1
        sleep 0.1
    done
}

wait_ready() {
    local tenths=300
    until ari_answers && asterisk_cli "core waitfullybooted" >/dev/null 2>&1; do
        if [ $((tenths -= 1)) -lt 0 ]; then
            tail -n 30 "$instance"/log/{stdout,messages} >&2 || true
            fail "Asterisk was not ready within 30 s"
        fi
        if [ $tenths -lt 290 ] && ! running >/dev/null; then
            tail -n 30 "$instance"/log/{stdout,messages} >&2 || true
            fail "Asterisk ended while starting"
        fi
        sleep 0.1
    done
}

# Without credentials ARI says 401, which is enough to know that it is there.
ari_answers() {
    local line
    {
        exec 8<>"/dev/tcp/127.0.0.1/$port" &&
            printf 'GET /ari/asterisk/ping HTTP/1.0\r\n\r\n' >&8 &&
            read -r -t 2 line <&8
    } 2>/dev/null || { exec 8>&-; return 1; }
    exec 8>&-
    case $line in *' 401 '*) ;; *) return 1 ;; esac
}

# ------------------------------------------------------------------------------------------- configuration

configure() {
    mkdir -p "$instance"/{etc,run,log,spool/monitor,spool/recording,db,sounds}
    local file name
    for file in "$here"/etc/*.conf; do
        name=$(basename "$file")
        sed -e "s|@INSTANCE@|$inside|g" -e "s|@PORT@|$port|g" -e "s|@TLS_PORT@|$tls_port|g" \
            "$file" >"$instance/etc/$name"
    done
    chmod 700 "$instance/etc"
    [ -e "$instance/etc/tls.pem" ] || certificate
    cat "$instance"/etc/*.conf | cksum >"$instance/etc.want"
    for file in "$here"/../../assets/*.wav; do
        if [ -e "$file" ]; then install_sound "$file"; fi
    done
}

# A certificate of an authority of our own, for `localhost` and 127.0.0.1.
certificate() {
    command -v openssl >/dev/null || impossible "this needs the command openssl"
    local made=$instance/etc
    local key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
    {
        openssl req -x509 "${key[@]}" -keyout "$made/authority.key" -out "$made/authority.pem" \
            -subj "/CN=Voxtra's tests" -days 3650 &&
            openssl req "${key[@]}" -keyout "$made/tls.key" -out "$made/tls.csr" -subj /CN=localhost &&
            openssl x509 -req -in "$made/tls.csr" -CA "$made/authority.pem" -CAkey "$made/authority.key" \
                -CAcreateserial -days 3650 -out "$made/tls.new" \
                -extfile <(echo "subjectAltName=DNS:localhost,IP:127.0.0.1")
    } 2>"$instance/log/openssl" || fail "no certificate: see $instance/log/openssl"
    rm -f "$made"/{authority.key,authority.srl,tls.csr}
    mv "$made/tls.new" "$made/tls.pem"
}

# Asterisk tells the rate of a WAV by its suffix: .wav is 8 kHz, .wav16 is 16 kHz.
install_sound() {
    local rate suffix
    rate=$(od -An -t u4 -j 24 -N 4 "$1" | tr -d ' ')
    case $rate in
    8000) suffix=wav ;;
    16000) suffix=wav16 ;;
    *) return 0 ;;
    esac
    cp -f "$1" "$instance/sounds/$(basename "$1" .wav).$suffix"
}

# --------------------------------------------------------------------------------------------------- using

asterisk_cli() {
    timeout 20 chroot "$root" asterisk -C "$inside/etc/asterisk.conf" -rx "$1" 9>&-
}

cli() {
    running >/dev/null || fail "not running"
    asterisk_cli "$1"
}

path() {
    case $1 in
    monitor) echo "$instance/spool/monitor" ;;
    sounds) echo "$instance/sounds" ;;
    log) echo "$instance/log/messages" ;;
    root) echo "$root" ;;
    url) echo "http://127.0.0.1:$port/ari" ;;
    tls) echo "https://localhost:$tls_port/ari" ;;
    authority) echo "$instance/etc/authority.pem" ;;
    *) fail "no such path: '$1' (monitor, sounds, log, root, url, tls, authority)" ;;
    esac
}

environment() {
    printf 'export VOXTRA_ASTERISK=%q\n' "$(path url)"
    printf 'export VOXTRA_ASTERISK_TLS=%q\n' "$(path tls)"
    printf 'export VOXTRA_ASTERISK_AUTHORITY=%q\n' "$(path authority)"
    printf 'export VOXTRA_ASTERISK_MONITOR=%q\n' "$(path monitor)"
    printf 'export VOXTRA_ASTERISK_SOUNDS=%q\n' "$(path sounds)"
    printf 'export VOXTRA_ASTERISK_RIG=%q\n' "$here/rig.sh"
    printf 'export VOXTRA_ASTERISK_ROOT=%q\n' "$base"
    printf 'export VOXTRA_ASTERISK_PORT=%q\n' "$port"
}

run() {
    [ $# -gt 0 ] || { say "run what?"; exit 2; }
    mkdir -p "$base" 2>/dev/null || impossible "cannot write to $base: set $where"
    # A lock of its own, for the whole run: the command may stop and start Asterisk meanwhile.
    exec 7>"$base/run-$port.lock"
    flock -w 1800 7 || fail "another run has been using port $port for half an hour"
    "$here/rig.sh" start 7>&-
    trap '"$here/rig.sh" stop 7>&-' EXIT
    trap 'exit 130' INT TERM HUP
    eval "$(environment)"
    local code=0
    "$@" 7>&- || code=$?
    exit "$code"
}

main "$@"
