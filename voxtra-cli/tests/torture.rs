//! `voxtra torture` against `voxtra echo`, and against servers that deserve to fail.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

const VOXTRA: &str = env!("CARGO_BIN_EXE_voxtra");
/// What nothing in these tests takes, even on a busy machine.
const LONG: Duration = Duration::from_secs(30);

/// A running `voxtra echo`; killed when dropped.
struct Echo {
    child: Child,
    address: String,
    /// What it has said, for whoever has to find out why a case failed.
    log: Arc<Mutex<String>>,
}

impl Echo {
    /// With at most so many open files, if it matters.
    fn start(files: Option<u32>) -> Self {
        let limit = files.map_or_else(String::new, |files| format!("ulimit -n {files}; "));
        let mut child = Command::new("sh")
            .arg("-c")
            .arg(format!("{limit}exec \"$0\" echo --listen 127.0.0.1:0"))
            .arg(VOXTRA)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut address = None;
        while address.is_none() {
            let mut line = String::new();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "it did not start");
            address = line
                .split([' ', ';'])
                .find(|word| word.starts_with("127."))
                .map(str::to_owned);
        }
        let log = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&log);
        // It may say more, and must not wait for a reader.
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let mut kept = kept.lock().unwrap();
                kept.push_str(&line);
                kept.push('\n');
            }
        });
        let address = address.unwrap();
        Self {
            child,
            address,
            log,
        }
    }

    fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs `voxtra torture … --json`: its status, and what it found.
fn torture(arguments: &[&str]) -> (Option<i32>, Value) {
    let run = Command::new(VOXTRA)
        .args(["torture", "--json"])
        .args(arguments)
        .output()
        .unwrap();
    let out = String::from_utf8(run.stdout).unwrap();
    let err = String::from_utf8(run.stderr).unwrap();
    let found = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"));
    (run.status.code(), found)
}

/// The result of one case.
fn result<'a>(found: &'a Value, name: &str) -> &'a str {
    let cases = found["cases"].as_array().unwrap();
    let case = cases.iter().find(|case| case["name"] == name);
    case.unwrap_or_else(|| panic!("no case {name}"))["result"]
        .as_str()
        .unwrap()
}

#[test]
fn our_own_server_stands_everything_and_is_back_to_what_it_was() {
    let echo = Echo::start(None);
    let (status, found) = torture(&[&echo.address, "--pid", &echo.child.id().to_string()]);
    let failed: Vec<&Value> = found["cases"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|case| case["result"] != "pass")
        // Those in which the suite itself came late, as it says.
        .filter(|case| {
            let reason = case["reason"].as_str().unwrap_or_default();
            case["result"] != "skip" || !reason.starts_with("can't be judged")
        })
        // Whether frames were late is judged in an optimised build alone (`tests/run.sh torture`).
        .filter(|case| !cfg!(debug_assertions) || case["name"] != "well-behaved-call")
        .collect();
    assert!(
        failed.is_empty(),
        "{failed:#?}\n{}\nthe server's log:\n{}",
        found["well_behaved_call"],
        echo.log()
    );
    assert!(status == Some(0) || cfg!(debug_assertions) && status == Some(1));
    assert_eq!(found["manner"], "echoes");
    let call = &found["well_behaved_call"];
    assert_eq!(call["lost"], 0);
    assert_eq!(call["frames_sent"], call["frames_received"]);
    assert!(found["cases"].as_array().unwrap().len() >= 60);
}

/// The first thing that comes back within a time; `None` if the connection ends.
fn answered(mut line: &TcpStream) -> Option<u8> {
    line.set_read_timeout(Some(LONG)).unwrap();
    let mut first = [0];
    match line.read(&mut first) {
        Ok(1) => Some(first[0]),
        Ok(_) => None,
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => None,
        Err(error) => panic!("neither an answer nor an end: {error}"),
    }
}

/// A call: an id, and a frame that is echoed.
fn call(address: SocketAddr) -> TcpStream {
    let mut line = TcpStream::connect(address).unwrap();
    let mut bytes = vec![1, 0, 16];
    bytes.extend([7; 16]);
    bytes.extend([0x10, 1, 0x40]);
    bytes.extend([1; 320]);
    // Whoever is turned away at once may not be able to.
    let _ = line.write_all(&bytes);
    line
}

#[test]
fn a_server_without_descriptors_turns_away_at_once_and_recovers() {
    const FILES: u32 = 120;
    let echo = Echo::start(Some(FILES));
    let address = echo.address.parse().unwrap();
    // Strangers hold a part of the descriptors, and have to give them up.
    let strangers: Vec<_> = (0..200)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    let calls: Vec<_> = (0..60).map(|_| call(address)).collect();
    assert!(calls.iter().all(|line| answered(line) == Some(0x10)));
    // More than there can be: each is either served or closed, and none is left in the dark.
    let more: Vec<_> = (0..FILES).map(|_| call(address)).collect();
    let turned_away = more.iter().filter(|line| answered(line).is_none()).count();
    assert!(turned_away >= 60, "{turned_away}");
    assert!(strangers.iter().all(|line| answered(line).is_none()));
    drop((calls, more, strangers));
    let end = Instant::now() + LONG;
    while answered(&call(address)) != Some(0x10) {
        assert!(Instant::now() < end, "it did not recover");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A server that sends back whatever it reads.
fn mirror() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for mut line in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut bytes = [0; 4096];
                while let Ok(count @ 1..) = line.read(&mut bytes) {
                    if line.write_all(&bytes[..count]).is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

#[test]
fn a_mirror_is_found_out() {
    let address = mirror();
    let (status, found) = torture(&[
        &address,
        "--case",
        "identity",
        "--case",
        "violations",
        "--case",
        "cuts",
        "--case",
        "silent-caller",
        "--case",
        "never-reads",
        "--case",
        "silent-crowd",
        "--connections",
        "200",
    ]);
    assert_eq!(status, Some(1));
    for (name, expected) in [
        ("id-answered", "fail"),
        ("no-id", "fail"),
        ("slow-id", "fail"),
        ("unknown-kind", "fail"),
        ("second-id", "fail"),
        ("empty-audio", "fail"),
        ("dtmf-digit", "fail"),
        ("error-frames", "fail"),
        ("hangup", "fail"),
        ("silent-caller", "fail"),
        ("silent-crowd", "fail"),
        ("never-reads", "fail"),
        ("odd-payload", "pass"),
        ("mulaw-under-pcm", "pass"),
        ("frame-cut", "pass"),
        ("thirty-at-once", "pass"),
        ("descriptors", "skip"),
    ] {
        assert_eq!(result(&found, name), expected, "{name}: {}", found["cases"]);
    }
}

#[test]
fn what_cannot_be_tried_says_why() {
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    for (arguments, status, said) in [
        (&["torture"][..], 2, "ADDR"),
        (&["torture", "127.0.0.1:9", "--case", "rats"], 2, "--list"),
        (
            &["torture", "127.0.0.1:9", "--pid", "4294967295"],
            2,
            "4294967295",
        ),
        (&["torture", &nobody], 1, "--uuid"),
    ] {
        let run = Command::new(VOXTRA).args(arguments).output().unwrap();
        let err = String::from_utf8(run.stderr).unwrap();
        assert_eq!(run.status.code(), Some(status), "{arguments:?}: {err}");
        assert!(err.contains(said), "{arguments:?}: {err}");
        assert!(run.stdout.is_empty());
    }
    let list = Command::new(VOXTRA)
        .args(["torture", "--list"])
        .output()
        .unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    assert!(list.contains("slow-id") && list.contains("a good server"));
}
