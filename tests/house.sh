#!/usr/bin/env bash
# What keeps the house in order and no compiler checks: the width of comments and pages, words that
# were given up, and imports that point the wrong way. Says each place that breaks a rule.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C.UTF-8

status=0

# no RULE PATTERN PATHSPEC…: the pattern (Perl's) is found in none of these files.
no() {
    local rule=$1 pattern=$2 files found
    shift 2
    files=$(git ls-files -- "$@")
    if [ -z "$files" ]; then
        printf 'tests/house.sh: there are no files %s\n' "$*" >&2
        status=1
        return
    fi
    found=$(xargs -d '\n' grep -nP -- "$pattern" <<<"$files" || true)
    if [ -n "$found" ]; then
        printf '%s\n    %s\n' "$rule" "${found//$'\n'/$'\n    '}" >&2
        status=1
    fi
}

# Code in comments and in pages is indented, and may be as wide as it likes; so may what has no
# blank to break at.
no 'a comment is wider than 100 characters' \
    '^(?=.{101})\s*//[/!]? (?!    )(?=.{0,90} \S+ )' '*.rs' ':!*/compile_fail/*'
no 'a comment is wider than 100 characters' '^(?=.{101})\s*# (?! )(?!-{5})' '*.sh' '*.py' '*Cargo.toml'

words='Mouth|Ears|CallerEar|AgentVoice|Courier|go_round|Lobby|Leash|turn_away|Deed'
words+='|bury|heed|AriLine|RehearsedLine'
no 'an older word of ours: house words are in ARCHITECTURE.md' "\\b($words)\\b" '*.rs'

# Imports point one way: config and rehearsal stand above app, app above carrier, carrier above
# session, session above media.
arrow() {
    local from=$1 to=$2
    no "an import that points the wrong way: $from must not know $to" "(crate::|voxtra_)($to)\\b" \
        "voxtra-rt/src/$from/*"
}
arrow session 'app|ari|carrier|config|mcp|rehearsal|webhook'
arrow mcp 'app|ari|carrier|config|media|rehearsal|webhook'
arrow carrier 'app|config|mcp|rehearsal|webhook'
arrow media 'app|ari|carrier|config|mcp|rehearsal|session|speech|webhook'
arrow app 'config|rehearsal'

# They serve other programs as well: they name none of our packages but themselves. What Asterisk
# once said (`fixtures/`) is as it was.
for package in ari webhook; do
    no "voxtra-$package names another package of ours, or Voxtra" "(?i)voxtra(?![-_]$package\b)" \
        "voxtra-$package" ':!*/fixtures/*'
done

exit $status
