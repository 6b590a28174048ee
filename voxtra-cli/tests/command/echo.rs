//! `voxtra echo`, called with `voxtra call`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::{RECORDING, fresh_directory, samples, voxtra};

/// A running `voxtra echo`; killed when dropped.
struct Echo {
    child: Child,
    address: String,
}

impl Echo {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_voxtra"))
            .args(["echo", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A line of the log may come before the one that says where it listens.
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = said
            .find_map(|line| {
                let line = line.unwrap();
                let mut words = line.split([' ', ';']);
                words
                    .find(|word| word.starts_with("127."))
                    .map(str::to_owned)
            })
            .expect("it says where it listens");
        Self { child, address }
    }

    /// Interrupts it as Ctrl-C does; its status and what it printed.
    fn interrupt(mut self) -> (Option<i32>, String) {
        let mut stdout = self.child.stdout.take().unwrap();
        let reader = std::thread::spawn(move || {
            let mut out = String::new();
            stdout.read_to_string(&mut out).unwrap();
            out
        });
        (self.leave(), reader.join().unwrap())
    }

    /// Interrupts it; its status.
    fn leave(&mut self) -> Option<i32> {
        let killed = Command::new("kill")
            .args(["-INT", &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(killed.success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn every_caller_hears_itself_bit_for_bit_and_is_heard() {
    let directory = fresh_directory("echo");
    let echo = Echo::start(&["--json", "--threads", "2"]);
    for rate in ["8000", "16000"] {
        let out = directory.join(format!("{rate}.wav"));
        let run = voxtra(&[
            "call",
            &echo.address,
            "--wav",
            RECORDING,
            "--rate",
            rate,
            "--out",
            out.to_str().unwrap(),
            "--wait",
            "0.5",
        ]);
        assert_eq!(run.status, 0, "{}", run.err);
        assert!(!run.out.contains("complaint"), "{}", run.out);
        if rate == "8000" {
            let (said, heard) = (samples(RECORDING.as_ref()), samples(&out));
            assert!(heard.windows(said.len()).any(|window| window == said));
        }
    }
    let (status, printed) = echo.interrupt();
    assert_eq!(status, Some(130));
    let printed: Vec<Value> = printed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let types: Vec<&str> = printed
        .iter()
        .map(|line| line["type"].as_str().unwrap())
        .collect();
    let count = |wire: &str| types.iter().filter(|found| **found == wire).count();
    for wire in ["media.started", "session.destroyed"] {
        assert_eq!(count(wire), 2, "{wire}: {types:?}");
    }
    // Where the machine itself stammers, one utterance may become two, but none is missed or left
    // open.
    let started = count("user.speech.started");
    assert!(started >= 2, "{types:?}");
    assert_eq!(count("user.speech.ended"), started, "{types:?}");

    let summary = printed.last().unwrap();
    assert_eq!(summary["type"], "summary");
    assert_eq!(summary["calls"], 2);
    for frames in ["frames_in", "frames_out"] {
        assert!(summary[frames].as_u64().unwrap() > 100, "{summary}");
    }
    assert_eq!(summary["refused"], serde_json::json!({}));
    assert_eq!(summary["second_claims"], 0);
    assert!(summary["handling_us"]["p99"].as_f64().unwrap() > 0.0);
    assert_eq!(
        summary["media_path"],
        serde_json::json!({ "allocations": 0, "frees": 0 })
    );
}

#[test]
fn a_person_reads_the_same_at_the_end() {
    let echo = Echo::start(&[]);
    let run = voxtra(&["call", &echo.address, "--wav", RECORDING]);
    assert_eq!(run.status, 0, "{}", run.err);
    let (_, printed) = echo.interrupt();
    let summary = printed.split("\n\n").last().unwrap();
    let labels: Vec<&str> = summary
        .lines()
        .map(|line| line.trim().split("  ").next().unwrap())
        .collect();
    assert_eq!(
        labels,
        [
            "Calls",
            "Frames in / out",
            "Frames dropped",
            "Handling p50 / p99 / max",
            "Connections refused",
            "Allocations / frees"
        ]
    );
    assert!(summary.trim_end().ends_with(" 0 / 0"), "{summary}");
}

#[test]
fn output_that_nobody_reads_keeps_no_caller_from_the_echo_and_nobody_from_leaving() {
    let mut echo = Echo::start(&["--json"]);
    // A call's events are more than 1 kB, and a pipe takes 64.
    for n in 0..100_u8 {
        let mut peer = TcpStream::connect(&echo.address).unwrap();
        peer.set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let id = [&[0x01, 0, 16][..], &[n; 16]].concat();
        let audio = [&[0x10, 0x01, 0x40][..], &[n; 320]].concat();
        peer.write_all(&[id, audio.clone()].concat()).unwrap();
        let mut heard = vec![0; audio.len()];
        while heard != audio {
            peer.read_exact(&mut heard).unwrap();
        }
    }
    let mut out = echo.child.stdout.take().unwrap();
    assert_eq!(echo.leave(), Some(130));
    let mut printed = String::new();
    out.read_to_string(&mut printed).unwrap();
    assert!(printed.len() >= 60_000 && !printed.contains("summary"));
}

#[test]
fn an_address_that_is_taken_is_a_failure_that_says_so() {
    let echo = Echo::start(&[]);
    let run = voxtra(&["echo", "--listen", &echo.address]);
    assert_eq!(run.status, 1);
    assert!(
        run.err.contains(&echo.address) && run.err.contains("--listen"),
        "{}",
        run.err
    );
}
