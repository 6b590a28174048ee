//! `voxtra load`, against small servers of this test's own.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::{Run, run, voxtra};

const ID_FRAME: usize = 19;
const FRAME: usize = 323;

/// Listens, and gives each connection to a thread of its own. It ends with the test.
fn serve(each: impl Fn(usize, TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let each = std::sync::Arc::new(each);
    thread::spawn(move || {
        for (n, stream) in listener.incoming().enumerate() {
            let (each, stream) = (each.clone(), stream.unwrap());
            stream.set_nodelay(true).unwrap();
            thread::spawn(move || each(n, stream));
        }
    });
    address
}

/// Reads one frame of audio; `None` at the end.
fn frame(stream: &mut TcpStream) -> Option<[u8; FRAME]> {
    let mut frame = [0; FRAME];
    stream.read_exact(&mut frame).ok().map(|()| frame)
}

fn id(stream: &mut TcpStream) -> Option<[u8; ID_FRAME]> {
    let mut id = [0; ID_FRAME];
    stream.read_exact(&mut id).ok().map(|()| id)
}

/// An echo that doesn't send the id back.
fn echo(mut stream: TcpStream) {
    id(&mut stream);
    echo_frames(stream);
}

fn echo_frames(mut stream: TcpStream) {
    while let Some(frame) = frame(&mut stream) {
        if stream.write_all(&frame).is_err() {
            return;
        }
    }
}

fn load(address: SocketAddr, arguments: &[&str]) -> (Run, Value) {
    let address = address.to_string();
    let run = voxtra(
        &[
            &[
                "load",
                &address,
                "--json",
                "--warm-up",
                "0.1",
                "--ramp",
                "2000",
            ],
            arguments,
        ]
        .concat(),
    );
    let report = serde_json::from_str(&run.out).unwrap_or_default();
    (run, report)
}

#[test]
fn every_frame_of_every_call_is_accounted_for() {
    let (run, report) = load(
        serve(|_, stream| echo(stream)),
        &["--calls", "20", "--seconds", "1"],
    );
    assert_eq!(run.status, 0, "{}", run.err);
    let count = |key: &str| {
        report[key]
            .as_u64()
            .unwrap_or_else(|| panic!("{key}: {report}"))
    };
    // 50 a second and call. Those that a busy machine did not let us write are counted.
    assert_eq!(count("frames_sent") + count("frames_unsent"), 1000);
    assert_eq!((count("echoed"), count("lost")), (count("frames_sent"), 0));
    for none in [
        "out_of_order",
        "corrupt",
        "misrouted",
        "stray",
        "violations",
        "connect_errors",
    ] {
        assert_eq!(count(none), 0, "{none}");
    }
    assert_eq!((count("calls_up"), count("calls_up_at_end")), (20, 20));
    let buckets: Vec<(f64, u64)> =
        serde_json::from_value(report["turn_around_histogram"].clone()).unwrap();
    assert_eq!(
        buckets.iter().map(|bucket| bucket.1).sum::<u64>(),
        count("echoed")
    );
    let figure = |key: &str| report["turn_around_us"][key].as_f64().unwrap();
    assert!(
        0.0 < figure("p50") && figure("p50") <= figure("p99") && figure("p99") <= figure("max")
    );
    assert!(report["generator_cpu_us_per_frame"].as_f64().unwrap() > 0.0);
    assert!(report.get("server").is_none() && report["echoes"] == true);
}

#[test]
fn the_wire_is_asterisks() {
    let (sender, seen) = mpsc::channel();
    let address = serve(move |_, mut stream| {
        let id = id(&mut stream).unwrap();
        let mut rest = Vec::new();
        // Asterisk sends no hang-up frame: the connection just ends.
        let _ = stream.read_to_end(&mut rest);
        sender.send((id, rest)).unwrap();
    });
    let uuid = "40325ec2-5efd-4bd3-805f-53576e581d13";
    let (run, report) = load(
        address,
        &[
            "--calls",
            "2",
            "--seconds",
            "0.3",
            "--rate",
            "16000",
            "--uuid",
            uuid,
        ],
    );
    assert_eq!(run.status, 0, "{}", run.err);
    assert_eq!(
        (
            &report["echoes"],
            &report["lost"],
            &report["turn_around_us"]
        ),
        (&false.into(), &Value::Null, &Value::Null)
    );
    for _ in 0..2 {
        let (id, rest) = seen.recv_timeout(Duration::from_secs(10)).unwrap();
        assert_eq!(id[..3], [0x01, 0, 16]);
        assert_eq!(id[3..7], [0x40, 0x32, 0x5e, 0xc2]);
        assert!(
            rest.len() >= 643 && rest.len().is_multiple_of(643),
            "{}",
            rest.len()
        );
        for frame in rest.chunks(643) {
            assert_eq!(frame[..3], [0x12, 0x02, 0x80]);
        }
    }
}

#[test]
fn what_a_server_does_to_frames_is_told() {
    let address = serve(|n, mut stream| {
        id(&mut stream);
        let mut count = 0;
        while let Some(mut frame) = frame(&mut stream) {
            count += 1;
            match (n, count) {
                // Swallowed.
                (0, 40) => continue,
                // A bit has changed on the way.
                (1, 40) => frame[200] ^= 1,
                // Twice.
                (2, 40) => stream.write_all(&frame).unwrap(),
                _ => {}
            }
            if stream.write_all(&frame).is_err() {
                return;
            }
        }
    });
    let (run, report) = load(address, &["--calls", "3", "--seconds", "1.5"]);
    assert_eq!(run.status, 0, "{}", run.err);
    // The changed one has not come back either.
    assert_eq!(
        (&report["lost"], &report["corrupt"], &report["stray"]),
        (&2.into(), &1.into(), &1.into()),
        "{report}"
    );
}

#[test]
fn a_server_that_says_something_else_is_no_echo_and_its_pace_is_measured() {
    let address = serve(|_, mut stream| {
        id(&mut stream);
        let mut silence = [0; FRAME];
        silence[..3].copy_from_slice(&[0x10, 0x01, 0x40]);
        while frame(&mut stream).is_some() && stream.write_all(&silence).is_ok() {}
    });
    let address = address.to_string();
    let run = voxtra(&[
        "load",
        &address,
        "--calls",
        "2",
        "--seconds",
        "0.5",
        "--warm-up",
        "0",
    ]);
    assert_eq!(run.status, 0, "{}", run.err);
    assert!(
        run.out.contains("no echo") && run.out.contains("within 2 ms of 20 ms"),
        "{}",
        run.out
    );
    assert!(!run.out.contains("lost") && !run.out.contains('\x1b'));
}

#[test]
fn calls_that_the_server_ends_are_counted_by_the_way_it_did() {
    let address = serve(|n, mut stream| {
        id(&mut stream);
        for _ in 0..10 {
            frame(&mut stream);
        }
        match n {
            0 => drop(stream),
            1 => stream.write_all(&[0, 0, 0]).unwrap(),
            _ => echo_frames(stream),
        }
    });
    let (run, report) = load(address, &["--calls", "3", "--seconds", "1"]);
    assert_eq!(run.status, 0, "{}", run.err);
    let ended = &report["disconnected"];
    assert_eq!(
        (&ended["total"], &ended["closed"], &ended["hung_up"]),
        (&2.into(), &1.into(), &1.into()),
        "{report}"
    );
    assert_eq!(report["calls_up_at_end"], 1);
}

#[test]
fn failures_say_what_to_do() {
    let nobody = {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.local_addr().unwrap()
    };
    let (run, _) = load(nobody, &["--calls", "50"]);
    assert_eq!(run.status, 1);
    assert!(
        run.out.is_empty()
            && run.err.contains(&nobody.to_string())
            && run.err.contains("is the server running"),
        "{}",
        run.err
    );

    let unwelcoming = serve(|_, stream| drop(stream));
    let (run, report) = load(unwelcoming, &["--calls", "3", "--seconds", "5"]);
    assert_eq!(run.status, 1);
    assert!(
        run.err.contains("ended all calls") && run.err.contains("--uuid"),
        "{}",
        run.err
    );
    assert_eq!(report["frames_sent"], 0);

    for (arguments, named) in [
        (&["load"][..], "<ADDR>"),
        (&["load", "127.0.0.1:9", "--calls", "0"], "--calls"),
        (&["load", "127.0.0.1:9", "--seconds", "0"], "--seconds"),
        (&["load", "127.0.0.1:9", "--rate", "44100"], "8000 or 16000"),
        (
            &["load", "127.0.0.1:9", "--watch", "4294967294"],
            "no process 4294967294",
        ),
        (&["load", "nowhere"], "host and port"),
    ] {
        let run = voxtra(arguments);
        assert_eq!(run.status, 2, "{arguments:?}");
        assert!(run.err.contains(named), "{arguments:?}: {}", run.err);
    }
}

#[cfg(unix)]
#[test]
fn too_few_descriptors_are_noticed_before_the_first_call() {
    let binary = env!("CARGO_BIN_EXE_voxtra");
    let run = run(Command::new("sh").args([
        "-c",
        &format!("ulimit -Sn 40; ulimit -Hn 50; exec {binary} load 127.0.0.1:9 --calls 100"),
    ]));
    assert_eq!(run.status, 2);
    assert!(
        run.err.contains("open files") && run.err.contains("ulimit"),
        "{}",
        run.err
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_watched_server_shows_what_it_used() {
    // The server is a thread of this very process.
    let process = std::process::id().to_string();
    let (run, report) = load(
        serve(|_, stream| echo(stream)),
        &["--calls", "5", "--seconds", "0.5", "--watch", &process],
    );
    assert_eq!(run.status, 0, "{}", run.err);
    let server = &report["server"];
    assert!(
        server["rss_bytes"].as_u64().unwrap() > 0
            && server["context_switches_per_second"].as_f64().unwrap() > 0.0,
        "{server}"
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_shows_what_was_measured_so_far() {
    let (sender, heard) = mpsc::channel();
    let address = serve(move |_, mut stream| {
        id(&mut stream);
        let mut count = 0;
        while let Some(frame) = frame(&mut stream) {
            count += 1;
            // Half a second into what is measured.
            if count == 30 {
                sender.send(()).unwrap();
            }
            if stream.write_all(&frame).is_err() {
                return;
            }
        }
    });
    let mut child = Command::new(env!("CARGO_BIN_EXE_voxtra"))
        .args([
            "load",
            &address.to_string(),
            "--calls",
            "1",
            "--seconds",
            "600",
            "--warm-up",
            "0.1",
            "--json",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    heard.recv_timeout(Duration::from_secs(30)).unwrap();
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    let mut out = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut out)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["interrupted"], true);
    assert!(
        report["echoed"].as_u64().unwrap() >= 20 && report["lost"] == 0,
        "{report}"
    );
}
