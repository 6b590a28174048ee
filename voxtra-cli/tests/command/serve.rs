//! `voxtra serve` without ARI: calls that the dialplan's `AudioSocket()` would bring.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread;
use std::time::Duration;

use super::{RECORDING, Run, fresh_directory, run, voxtra};

const PARROT: &str = "40325ec2-5efd-4bd3-805f-53576e581d13";
const ANNOUNCE: &str = "11111111-2222-4333-8444-555555555555";

const ROUTES: &str = r#"
[speech]
voice = "none"

[[audiosocket]]
uuid = "40325ec2-5efd-4bd3-805f-53576e581d13"
extension = "1000"

[[audiosocket]]
uuid = "11111111-2222-4333-8444-555555555555"
extension = "2000"

[[route]]
extension = "1000"
agent = "parrot"

[[route]]
extension = "2000"
agent = "announce"

[[prompt]]
name = "announce"
file = "announce.wav"
"#;

pub(super) struct Serve {
    child: Child,
    address: String,
}

impl Serve {
    fn start(directory: &Path) -> Self {
        let (serve, mut log) = Self::start_logging(directory, None);
        thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        serve
    }

    /// Starts it with this as RUST_LOG. Its log is there to be read.
    fn start_logging(directory: &Path, filter: Option<&str>) -> (Self, BufReader<ChildStderr>) {
        fs::copy(RECORDING, directory.join("announce.wav")).unwrap();
        Self::with(
            directory,
            ROUTES,
            &[("RUST_LOG", filter.unwrap_or_default())],
        )
    }

    /// Starts it with this configuration, which says nothing of [media], and these environment
    /// variables. Its log is there to be read.
    pub(super) fn with(
        directory: &Path,
        configuration: &str,
        variables: &[(&str, &str)],
    ) -> (Self, BufReader<ChildStderr>) {
        // Free a moment ago; the configuration takes no port 0, since Asterisk has to know it.
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let media = format!("[media]\nlisten = \"{free}\"\n");
        fs::write(directory.join("voxtra.toml"), media + configuration).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_voxtra"))
            .arg("serve")
            .current_dir(directory)
            .env("NO_COLOR", "1")
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut seen = String::new();
        let address = loop {
            let mut line = String::new();
            assert!(log.read_line(&mut line).unwrap() > 0, "it ended: {seen}");
            if let Some((_, rest)) = line.split_once("media=") {
                break rest.split_whitespace().next().unwrap().to_owned();
            }
            seen += &line;
        };
        (Self { child, address }, log)
    }

    fn call(&self, uuid: &str, arguments: &[&str]) -> Run {
        voxtra(
            &[
                &[
                    "call",
                    self.address.as_str(),
                    "--wav",
                    RECORDING,
                    "--uuid",
                    uuid,
                ],
                arguments,
            ]
            .concat(),
        )
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn signal(&mut self, signal: &str) -> Option<i32> {
        run(Command::new("kill").args([signal, &self.child.id().to_string()]));
        self.child.wait().unwrap().code()
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn loud_samples(path: &Path) -> usize {
    let mut wav = hound::WavReader::open(path).unwrap();
    wav.samples::<i16>()
        .filter(|sample| sample.as_ref().unwrap().unsigned_abs() > 2000)
        .count()
}

#[test]
fn the_built_in_agents_answer_and_sigterm_is_the_proper_end() {
    let directory = fresh_directory("serve");
    let mut serve = Serve::start(&directory);
    let said = loud_samples(RECORDING.as_ref());

    let heard = directory.join("parrot.wav");
    let run = serve.call(PARROT, &["--out", heard.to_str().unwrap()]);
    assert_eq!(run.status, 0, "{}", run.err);
    assert!(
        loud_samples(&heard) * 10 > said * 9,
        "the parrot says it all again"
    );

    let heard = directory.join("announce.wav.heard.wav");
    let run = serve.call(
        ANNOUNCE,
        &["--out", heard.to_str().unwrap(), "--wait", "20"],
    );
    assert_eq!(run.status, 0, "{}", run.err);
    assert!(
        run.out.contains("the server"),
        "it hangs up when it has said everything: {}",
        run.out
    );

    let stranger = serve.call("99999999-2222-4333-8444-555555555555", &[]);
    assert_eq!(stranger.status, 1);
    assert!(stranger.err.contains("--uuid"), "{}", stranger.err);

    assert_eq!(serve.signal("-TERM"), Some(0));
    let mut out = String::new();
    serve
        .child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut out)
        .unwrap();
    assert_eq!(out, "", "logs go to stderr");
}

#[test]
fn the_log_tells_of_each_calls_beginning_and_end() {
    let directory = fresh_directory("serve-log");
    let (serve, mut log) = Serve::start_logging(&directory, None);
    let run = serve.call(ANNOUNCE, &["--wait", "20"]);
    assert_eq!(run.status, 0, "{}", run.err);
    let mut logged = String::new();
    while !logged.contains("call ended") {
        assert!(log.read_line(&mut logged).unwrap() > 0, "{logged}");
    }
    let line = |text: &str| logged.lines().find(|line| line.contains(text)).unwrap();
    let started = line("call started");
    assert!(started.contains("to=\"2000\""), "{started}");
    let ended = line("call ended");
    assert!(
        ended.contains("reason=") && ended.contains("seconds="),
        "{ended}"
    );
    let call = started.split_once("call=").unwrap().1;
    let call = call.split(' ').next().unwrap();
    assert!(ended.contains(call), "{ended}");
    assert!(!logged.contains(ANNOUNCE), "the id is a password: {logged}");
}

#[test]
fn the_log_says_why_a_caller_hears_nothing() {
    let directory = fresh_directory("serve-error");
    let configuration = format!(
        "[[audiosocket]]\nuuid = \"{PARROT}\"\nextension = \"1000\"\n\
         [provider.p]\nkind = \"wyoming\"\nbase_url = \"127.0.0.1:1\"\n\
         [provider.m]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:1/v1\"\nmodel = \"m\"\n\
         [agent.a]\ninstructions = \"Be brief.\"\ngreeting = \"Hello.\"\nspeech_to_text = \"p\"\n\
         language_model = \"m\"\ntext_to_speech = \"p\"\n"
    );
    let (serve, mut log) = Serve::with(&directory, &configuration, &[]);
    serve.call(PARROT, &["--wait", "1"]);
    let mut logged = String::new();
    while !logged.contains("something went wrong") {
        assert!(log.read_line(&mut logged).unwrap() > 0, "{logged}");
    }
    let line = |text: &str| logged.lines().find(|line| line.contains(text));
    let why = line("something went wrong").unwrap_or_else(|| panic!("{logged}"));
    assert!(
        why.contains("WARN") && why.contains("text_to_speech"),
        "{why}"
    );
    assert!(why.contains("127.0.0.1:1 is not reached"), "{why}");
    let started = line("call started").unwrap();
    let call = started.split_once("call=").unwrap().1;
    assert!(why.contains(call.split(' ').next().unwrap()), "{why}");
}

#[test]
fn one_attempt_on_an_id_is_told_among_many_other_refusals() {
    let directory = fresh_directory("serve-audit");
    let (mut serve, mut log) = Serve::start_logging(&directory, None);
    let refuse = |bytes: &[u8]| {
        let mut peer = TcpStream::connect(&serve.address).unwrap();
        let _ = peer.write_all(bytes);
        let _ = peer.read(&mut [0]);
    };
    let stranger = [&[0x01, 0, 16][..], &[7; 16]].concat();
    for round in 0..100 {
        refuse(b"GET / HTTP/1.1\r\n\r\n");
        if round == 50 {
            refuse(&stranger);
        }
    }
    assert_eq!(serve.signal("-TERM"), Some(0));
    let mut logged = String::new();
    log.read_to_string(&mut logged).unwrap();
    let told = |text: &str| {
        let mut lines = logged.lines().filter(|line| line.contains("voxtra::audit"));
        lines.any(|line| line.contains(text))
    };
    assert!(told("its id was neither issued nor allowed"), "{logged}");
    // At the end each reason is told with its number.
    assert!(told("reason=\"not_an_id\" refused=100"), "{logged}");
    assert!(told("reason=\"unknown_id\" refused=1"), "{logged}");
    assert!(!logged.contains("07070707-"), "{logged}");
}

#[test]
fn ctrl_c_with_a_call_up_says_what_it_waits_for_and_the_next_hangs_up() {
    let directory = fresh_directory("serve-waits");
    let (mut serve, mut log) = Serve::start_logging(&directory, None);
    let mut peer = TcpStream::connect(&serve.address).unwrap();
    let id = uuid::Uuid::parse_str(PARROT).unwrap();
    peer.write_all(
        &[
            &[0x01, 0, 16],
            &id.as_bytes()[..],
            &[0x10, 0x01, 0x40],
            &[0; 320],
        ]
        .concat(),
    )
    .unwrap();
    let mut logged = String::new();
    let mut until = |text: &str| {
        while !logged.contains(text) {
            assert!(log.read_line(&mut logged).unwrap() > 0, "{logged}");
        }
    };
    until("call started");
    run(Command::new("kill").args(["-INT", &serve.child.id().to_string()]));
    until("1 call is up; waiting up to 30 s; Ctrl-C again hangs up");
    assert_eq!(serve.signal("-INT"), Some(130));
}

#[test]
fn ctrl_c_is_status_130() {
    let directory = fresh_directory("serve-interrupt");
    assert_eq!(Serve::start(&directory).signal("-INT"), Some(130));
}

#[test]
fn a_log_that_nobody_reads_keeps_no_call_from_its_agent_and_nobody_from_leaving() {
    let directory = fresh_directory("serve-stalled-log");
    let (mut serve, mut log) = Serve::start_logging(&directory, Some("debug"));
    let id: Vec<u8> = (0..16)
        .map(|n| {
            let digits: String = ANNOUNCE.split('-').collect();
            u8::from_str_radix(&digits[2 * n..2 * n + 2], 16).unwrap()
        })
        .collect();
    // A call's events are more than 1 kB of log, and a pipe takes 64.
    for _ in 0..100 {
        let mut peer = TcpStream::connect(&serve.address).unwrap();
        peer.set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        peer.write_all(&[&[0x01, 0, 16], &id[..], &[0x10, 0x01, 0x40], &[0; 320]].concat())
            .unwrap();
        let mut frame = [0; 323];
        while frame[3..].iter().all(|byte| *byte == 0) {
            peer.read_exact(&mut frame).unwrap();
        }
    }
    assert_eq!(serve.signal("-INT"), Some(130));
    let mut logged = Vec::new();
    log.read_to_end(&mut logged).unwrap();
    assert!(logged.len() >= 60_000, "the pipe was not full");
    assert!(!logged.ends_with(b"interrupted\n"));
}
