#!/usr/bin/env bash
# What `voxtra!` adds to the build of an agent: the built-in catalogue's like and a session of
# twenty handlers, beside the same agent without them; and the build after one handler was touched.
# Debug builds, everything that they depend on built before.
#
#   benches/compile_time.sh [ROUNDS]          medians of so many rounds, in turn (default 5); half a minute each on two cores
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
rounds=${1:-5}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CARGO_TARGET_DIR=$work/target

# An agent as `cargo new` has it. The name, and what stands above `main`.
agent() {
    mkdir -p "$work/$1/src"
    cp "$root/Cargo.lock" "$work/$1/"
    cat >"$work/$1/Cargo.toml" <<TOML
[package]
name = "$1"
version = "0.1.0"
edition = "2024"

[dependencies]
voxtra-rt = { path = "$root/voxtra-rt" }
tokio = { version = "1", features = ["macros", "rt-multi-thread"] }

[profile.dev]
debug = "line-tables-only"

[workspace]
TOML
    {
        echo 'use voxtra_rt::{app::Application, session::{Call, CallError}};'
        cat
        cat <<RUST
async fn greet(call: Call) -> Result<(), CallError> { call.answer().await?; call.say("Welcome.").await?; call.hangup().await }

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let app = Application::builder().default(greet)$2.start().await?;
    app.run().await;
    Ok(())
}
RUST
    } >"$work/$1/src/main.rs"
}

# The built-in events under other names: the same structs, enums, JSON and descriptions.
events() {
    echo 'voxtra_rt::core::voxtra! { events {'
    sed -n '/^    catalogue {/,/^    }/p' "$root/voxtra-core/src/event/catalogue.rs" | sed '1d;$d' \
        | sed -E 's/^        ([a-z_]+(\.[a-z_]+)*) \{/        my.\1 {/; s/Vec<ToolCall>/Vec<String>/'
    echo '} }'
}

handlers() {
    cat <<'RUST'
voxtra_rt::core::voxtra! {
    session Twenty {
        route extension "1000";
        state { count: u32 = 0, last: Option<char> = None }

        on call.started(direction: outbound) { call.say("Hello, this is Acme.").await?; goto menu; }
        on call.started { call.answer().await?; goto menu; }
        on call.ringing { state.count += 1; }
        on call.answered { state.count += 2; }
        on call.ended(e) { println!("{}", e.duration_seconds); }
        on call.failed(e) { println!("{}", e.reason); }
        on media.started(e) { println!("{}", e.sample_rate); }
        on media.stopped { state.count = 0; }
        on user.speech.started { state.count += 3; }
        on user.speech.ended(e) if e.duration_ms > 1_000 { call.say("I see.").await?; }
        on user.transcript(e) { call.say(&e.text).await?; }
        on silence.detected { call.say("Are you there?").await?; }
        on barge_in { state.count += 4; }
        on turn.ended { state.count += 5; }
        on error(e) { println!("{}", e.message); }

        step menu {
            enter { call.say("Press one or two.").await?; }
            interrupt on dtmf.received(digit: '1') { call.transfer("PJSIP/100").await?; }
            interrupt on dtmf.received(digit: '2') { call.transfer("PJSIP/200").await?; }
            on dtmf.received(digit: '3'..='8') { call.say("Sorry?").await?; goto menu; }
            on dtmf.received(e) if state.last == Some(e.digit) { call.hangup().await?; }
            on dtmf.received(e) { state.last = Some(e.digit); goto menu; }
            after 8s of user.silence { goto menu; }
        }

        catch hangup;
        hangup { println!("{}", state.count); }
    }
}
RUST
}

agent plain "" </dev/null
{ events; handlers; } | agent declared '.session::<Twenty>()'
for name in plain declared; do
    echo "building $name, once" >&2
    cargo build --quiet --manifest-path "$work/$name/Cargo.toml"
done

# Seconds that a build of the crate alone takes.
build() {
    local began
    began=$(date +%s.%N)
    cargo build --quiet --offline --manifest-path "$work/$1/Cargo.toml"
    echo "$(date +%s.%N) $began" | awk '{ printf "%.3f\n", $1 - $2 }'
}

for round in $(seq "$rounds"); do
    for name in plain declared; do
        # The crate's own, nothing of what it depends on.
        cargo clean --quiet --offline --manifest-path "$work/$name/Cargo.toml" -p "$name"
        build "$name" >>"$work/$name.clean"
    done
    # One handler says something else.
    sed -i -E "s/\"I see[^\"]*\"/\"I see, $round.\"/" "$work/declared/src/main.rs"
    build declared >>"$work/declared.touched"
    sed -i -E "s/\"Welcome[^\"]*\"/\"Welcome, $round.\"/" "$work/plain/src/main.rs"
    build plain >>"$work/plain.touched"
done

median() { sort -n "$1" | awk '{ all[NR] = $1 } END { printf "%.2f", (NR % 2) ? all[(NR + 1) / 2] : (all[NR / 2] + all[NR / 2 + 1]) / 2 }'; }

echo "| debug build of an agent, its dependencies built before | plain function | 25 events and 20 handlers | more |"
echo "|---|---:|---:|---:|"
for what in clean touched; do
    a=$(median "$work/plain.$what") b=$(median "$work/declared.$what")
    case $what in clean) label="from nothing" ;; touched) label="one handler touched" ;; esac
    echo "| $label | $a s | $b s | $(echo "$b $a" | awk '{ printf "%.2f", $1 - $2 }') s |"
done
