//! The benchmark of conversations, for a few seconds: whatever the time, each turn is answered.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use serde_json::Value;

/// Ended with the test.
struct Agent(Child);

impl Agent {
    fn assert_is_up(&mut self) {
        assert_eq!(self.0.try_wait().unwrap(), None, "the agent has ended");
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn every_turn_is_answered_and_its_steps_are_noted() {
    let marks = Path::new(env!("CARGO_TARGET_TMPDIR")).join("conversation-marks");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let agent = Command::new(env!("CARGO_BIN_EXE_conversation_agent"))
        // A machine that stands still for a while in mid-speech ends no turn.
        .args([&address.port().to_string(), "2000"])
        .arg(&marks)
        .spawn()
        .unwrap();
    let mut agent = Agent(agent);
    while TcpStream::connect(address).is_err() {
        agent.assert_is_up();
        std::thread::sleep(Duration::from_millis(20));
    }
    let speech = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/caller-hello.wav");
    let callers = Command::new(env!("CARGO_BIN_EXE_conversation_callers"))
        .args([&address.to_string(), "--calls", "5", "--seconds", "6"])
        .arg("--recording")
        .arg(speech)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&callers.stderr);
    assert!(callers.status.success(), "{told}");
    let found: Value = serde_json::from_slice(&callers.stdout).unwrap();
    let calls = found["calls"].as_array().unwrap();
    assert_eq!(calls.len(), 5);
    let mut turns = 0;
    for call in calls {
        assert_eq!(call["ended_early"], false, "{call}");
        assert_eq!(call["stray"], 0, "{call}");
        for turn in call["turns"].as_array().unwrap() {
            turns += 1;
            assert!(turn["answered"].is_u64(), "unanswered: {turn}");
            assert_eq!(turn["early"], false, "answered before it had ended: {turn}");
        }
    }
    assert!(turns >= 5, "{turns} turns of 5 callers");
    // They are written when a call ends, which the agent may do a little later.
    let noted = loop {
        agent.assert_is_up();
        let noted = std::fs::read_to_string(&marks).unwrap();
        if noted.lines().count() >= turns {
            break noted;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    drop(agent);
    for line in noted.lines() {
        let marks: Value = serde_json::from_str(line).unwrap();
        for step in ["call", "transcript", "decided", "asked", "spoken", "frame"] {
            assert!(!marks[step].is_null(), "no {step}: {marks}");
        }
    }
}
