//! `voxtra echo`, called with `voxtra call`.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};

use super::{RECORDING, fresh_directory, voxtra};

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
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line
            .split([' ', ';'])
            .find(|word| word.starts_with("127."))
            .unwrap_or_else(|| panic!("{line}"));
        let address = address.to_owned();
        Self { child, address }
    }

    /// Interrupts it as Ctrl-C does; its status and what it printed.
    fn interrupt(mut self) -> (Option<i32>, String) {
        let killed = Command::new("kill")
            .args(["-INT", &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(killed.success());
        let mut out = String::new();
        self.child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut out)
            .unwrap();
        (self.child.wait().unwrap().code(), out)
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn samples(path: &std::path::Path) -> Vec<i16> {
    hound::WavReader::open(path)
        .unwrap()
        .samples()
        .map(Result::unwrap)
        .collect()
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
    let types: Vec<String> = printed
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["type"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    let count = |wire: &str| types.iter().filter(|found| *found == wire).count();
    for wire in ["media.started", "session.destroyed"] {
        assert_eq!(count(wire), 2, "{wire}: {types:?}");
    }
    // Where the machine itself stammers, one utterance may become two, but none is missed or left open.
    let started = count("user.speech.started");
    assert!(started >= 2, "{types:?}");
    assert_eq!(count("user.speech.ended"), started, "{types:?}");
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
