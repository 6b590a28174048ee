# What scripts share that get programs of Debian into a folder and run them there. Sourced, not run.
#
# The script sets `tag`, its name in messages; `nothing`, what is said where this machine can't have
# it; `base`, its folder; and `where`, the variable that names another one.

say() { echo "$tag: $*" >&2; }
fail() { say "$*"; exit 1; }
impossible() {
    say "$nothing: $*"
    exit 77
}

# The comment at the script's beginning.
usage() {
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" >&2
    exit 2
}

# locked COMMAND…: one change at a time, whoever asks. What is started in it must not inherit the
# lock (9>&-), or it would hold it for life.
locked() {
    mkdir -p "$base" 2>/dev/null || impossible "cannot write to $base: set $where"
    exec 9>"$base/lock"
    flock -w 600 9 || fail "somebody else has been busy with $base for ten minutes"
    "$@"
    exec 9>&-
}

# Whether somebody listens on this port of 127.0.0.1.
connects() { (exec 8<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# debian_package NAME WHAT: installs it where that is possible, and says what to install otherwise.
debian_package() {
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        say "installing the Debian package $1"
        if DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$1" >&2 ||
            { apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$1" >&2; }; then
            return
        fi
    fi
    impossible "please install $2, and try again"
}

# The mirror that this machine already uses; nothing when it uses none (mmdebstrap then has a
# default of its own).
debian_mirror() {
    local list
    for _ in 1 2; do
        list=$(apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 2>/dev/null | sed -n 's/^Debian|Debian|//p' | head -n 1)
        if [ -n "$list" ]; then break; fi
        # apt knows the origin of a source only once it has fetched it.
        apt-get update -qq >&2 || true
    done
    echo "$list"
}

# debian_folder FOLDER PACKAGES MMDEBSTRAP…: these packages of Debian sid, or of forky, in a folder
# of their own, made by this command. Fails when neither can be had.
debian_folder() {
    local folder=$1 packages=$2 suite mirror
    shift 2
    mirror=$(debian_mirror)
    for suite in sid forky; do
        rm -rf --one-file-system "$folder"
        if "$@" --quiet --aptopt='Acquire::Check-Valid-Until "false"' --include="$packages" \
            "$suite" "$folder" ${mirror:+"$mirror"} >>"$base/install.log" 2>&1; then
            return
        fi
        say "Debian $suite could not be had; all that was said is in $base/install.log"
        tail -n 5 "$base/install.log" >&2
    done
    rm -rf --one-file-system "$folder"
    return 1
}
