//! `voxtra demo`, as a newcomer runs it.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use super::{fresh_directory, run};

#[test]
fn the_whole_call_happens_and_is_written_down() {
    let directory = fresh_directory("demo");
    let demo = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_voxtra"));
        command.arg("demo").current_dir(&directory);
        command
    };
    let run = run(&mut demo());
    assert_eq!(run.status, 0, "{}\n{}", run.out, run.err);
    assert!(
        run.out.contains("barge_in") && run.out.contains("Everything that should happen did."),
        "{}",
        run.out
    );
    let figure = |label: &str| {
        let line = run
            .out
            .lines()
            .find(|line| line.trim_start().starts_with(label))
            .unwrap();
        line.trim_start()[label.len()..].trim().to_owned()
    };
    assert_eq!(figure("Allocations per frame"), "0");
    let silent_after = figure("Barge-in to silence");
    let silent_after: u32 = silent_after
        .strip_suffix(" ms")
        .and_then(|ms| ms.parse().ok())
        .unwrap_or_else(|| panic!("barge-in to silence: {silent_after}"));
    assert!(silent_after > 0);
    assert!(
        !run.out.contains('\x1b') && run.err.is_empty(),
        "{}",
        run.err
    );

    let results = directory.join("voxtra-demo");
    let lines = fs::read_to_string(results.join("events.jsonl")).unwrap();
    let events: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(events.first().unwrap()["type"], "session.created");
    assert_eq!(events.last().unwrap()["type"], "session.destroyed");
    assert!(
        events
            .iter()
            .all(|event| event["session_id"] == events[0]["session_id"])
    );

    // What was said is nobody else's business.
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&results), 0o700);
    for file in ["events.jsonl", "call.wav", "report.html"] {
        assert_eq!(mode(&results.join(file)), 0o600, "{file}");
    }

    let wav = hound::WavReader::open(results.join("call.wav")).unwrap();
    assert_eq!((wav.spec().channels, wav.spec().sample_rate), (2, 8000));
    assert!(wav.duration() > 8000 * 15);

    let report = fs::read_to_string(results.join("report.html")).unwrap();
    assert!(report.contains("Agent held"), "the cough held the agent");
    assert!(report.contains("barge_in") && report.contains("data:audio/wav;base64,"));
}

#[test]
fn where_the_local_stack_is_missing_one_line_says_how_to_get_it() {
    let directory = fresh_directory("demo-ai");
    // Free a moment ago: nobody answers there.
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port().to_string();
    drop(free);
    let demo = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_voxtra"));
        command.args(["demo", "--ai"]).args(more);
        command.current_dir(&directory).env("NO_COLOR", "1");
        command.env("VOXTRA_STACK_DIR", directory.join("stack"));
        for server in ["WHISPER", "LLAMA", "PIPER"] {
            command.env(format!("VOXTRA_STACK_{server}_PORT"), &port);
        }
        run(&mut command)
    };
    let help = |run: &super::Run| {
        let mut lines = run.err.lines();
        let line = lines.find(|line| line.contains("help:")).unwrap();
        line.to_owned()
    };
    let absent = demo(&[]);
    assert_eq!((absent.status, absent.out.as_str()), (1, ""));
    assert!(absent.err.contains("the local stack is not installed"));
    let not_reached = format!("127.0.0.1:{port} is not reached: Connection refused");
    assert_eq!(
        absent.err.matches(&not_reached).count(),
        3,
        "{}",
        absent.err
    );
    let line = help(&absent);
    let command = line.split('`').nth(1).unwrap();
    let script = command.strip_suffix(" start").unwrap();
    assert!(script.ends_with("/stack/stack.sh") && Path::new(script).is_file());
    assert!(line.contains("gets and starts it"), "{line}");

    fs::create_dir_all(directory.join("stack/venv")).unwrap();
    fs::write(directory.join("stack/venv/.complete"), "").unwrap();
    let stopped = demo(&[]);
    assert_eq!(stopped.status, 1);
    assert!(stopped.err.contains("the local stack is not running"));
    assert!(help(&stopped).ends_with("start` starts it"));

    // Nobody is told of a stack who has an agent of other providers.
    let agent = format!(
        "[provider.p]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:{port}/v1\"\nmodel = \"m\"\n\
         [agent.a]\ninstructions = \"Be brief.\"\nspeech_to_text = \"p\"\nlanguage_model = \"p\"\ntext_to_speech = \"p\"\n\
         [[audiosocket]]\nuuid = \"40325ec2-5efd-4bd3-805f-53576e581d13\"\nextension = \"1\"\n"
    );
    fs::write(directory.join("own.toml"), agent).unwrap();
    let own = demo(&["-c", "own.toml"]);
    assert_eq!(own.status, 1, "{}", own.err);
    assert!(own.err.contains(&format!("provider p: {not_reached}")));
    assert!(help(&own).contains("voxtra check --online -c own.toml"));
    // Nothing was written.
    assert!(!directory.join("voxtra-demo").exists());
}
