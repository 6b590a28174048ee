//! `voxtra demo`, as a newcomer runs it.

use std::fs;
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
