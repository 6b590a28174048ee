//! `voxtra call`, towards small servers of these tests' own.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread;

use super::{RECORDING, fresh_directory, samples, voxtra};

/// An AudioSocket server for one call: its address, and what `serve` returns when the call is over.
fn server<T: Send + 'static>(
    serve: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (String, thread::JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (
        address,
        thread::spawn(move || serve(listener.accept().unwrap().0)),
    )
}

/// One frame: kind and payload.
fn frame(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let mut header = [0; 3];
    stream.read_exact(&mut header).ok()?;
    let mut payload = vec![0; usize::from(u16::from_be_bytes([header[1], header[2]]))];
    stream.read_exact(&mut payload).ok()?;
    Some((header[0], payload))
}

/// Sends audio back, and returns all frames that came.
fn echo(mut stream: TcpStream) -> Vec<(u8, Vec<u8>)> {
    stream.set_nodelay(true).unwrap();
    let mut frames = Vec::new();
    while let Some((kind, payload)) = frame(&mut stream) {
        if kind >= 0x10 {
            let header = [kind, (payload.len() >> 8) as u8, payload.len() as u8];
            let _ = stream.write_all(&[&header[..], &payload].concat());
        }
        frames.push((kind, payload));
    }
    frames
}

#[test]
fn presents_the_id_speaks_presses_keys_and_hears_every_sample() {
    let directory = fresh_directory("call-echo");
    let out = directory.join("heard.wav");
    let (address, server) = server(echo);
    let id = "40325ec2-5efd-4bd3-805f-53576e581d13";
    let out_name = out.to_str().unwrap();
    let run = voxtra(&[
        "call", &address, "--wav", RECORDING, "--out", out_name, "--dtmf", "1#", "--uuid", id,
        "--wait", "0.3",
    ]);
    assert_eq!(run.status, 0, "{}", run.err);
    assert!(
        run.out.contains("we hung up") && run.out.contains("written"),
        "{}",
        run.out
    );
    assert_eq!(run.err, "", "quiet when nobody watches");

    let frames = server.join().unwrap();
    assert_eq!(frames[0].0, 0x01);
    assert_eq!(frames[0].1[..4], [0x40, 0x32, 0x5e, 0xc2]);
    let keys: Vec<u8> = frames
        .iter()
        .filter(|f| f.0 == 0x03)
        .map(|f| f.1[0])
        .collect();
    assert_eq!(keys, b"1#");
    assert!(
        frames
            .iter()
            .filter(|f| f.0 >= 0x10)
            .all(|f| f.0 == 0x10 && f.1.len() == 320)
    );

    let (said, heard) = (samples(Path::new(RECORDING)), samples(&out));
    assert!(
        heard.windows(said.len()).any(|w| w == said),
        "what was said came back whole"
    );
}

#[test]
fn speaks_at_16_khz_when_asked() {
    let (address, server) = server(echo);
    let run = voxtra(&[
        "call", &address, "--wav", RECORDING, "--rate", "16000", "--wait", "0",
    ]);
    assert_eq!(run.status, 0, "{}", run.err);
    let frames = server.join().unwrap();
    assert!(
        frames.len() > 90
            && frames
                .iter()
                .skip(1)
                .all(|f| f.0 == 0x12 && f.1.len() == 640)
    );
}

#[test]
fn without_a_recording_the_caller_is_silent_and_presses_keys() {
    let (address, server) = server(echo);
    let run = voxtra(&["call", &address, "--dtmf", "7", "--wait", "0"]);
    assert_eq!(run.status, 0, "{}", run.err);
    let frames = server.join().unwrap();
    let (audio, others): (Vec<_>, Vec<_>) = frames.iter().partition(|frame| frame.0 == 0x10);
    assert!(audio.len() >= 50 && audio.iter().all(|frame| frame.1.iter().all(|b| *b == 0)));
    assert!(others.contains(&&(0x03, b"7".to_vec())), "{others:?}");
}

#[test]
fn a_hang_up_frame_of_the_server_ends_the_call() {
    let (address, server) = server(|mut stream| {
        frame(&mut stream);
        stream.write_all(&[0x00, 0, 0]).unwrap();
        while frame(&mut stream).is_some() {}
    });
    let run = voxtra(&["call", &address, "--wav", RECORDING]);
    assert_eq!(run.status, 0, "{}", run.err);
    assert!(run.out.contains("the server hung up"), "{}", run.out);
    server.join().unwrap();
}

#[test]
fn a_server_that_refuses_the_id_is_a_failure_with_advice() {
    let (address, server) = server(|mut stream| drop(frame(&mut stream)));
    let run = voxtra(&["call", &address, "--wav", RECORDING]);
    assert_eq!(run.status, 1, "{}", run.out);
    assert!(run.err.contains("--uuid"), "{}", run.err);
    server.join().unwrap();
}

#[test]
fn what_asterisk_would_not_accept_is_reported() {
    let (address, server) = server(|mut stream| {
        frame(&mut stream);
        // A key, and audio at a rate that was not agreed; then a hang-up.
        stream
            .write_all(&[0x03, 0, 1, b'1', 0x12, 0, 2, 1, 0, 0x00, 0, 0])
            .unwrap();
        while frame(&mut stream).is_some() {}
    });
    let run = voxtra(&["call", &address, "--wav", RECORDING]);
    assert!(
        run.out.contains("audio at 16000 Hz on a call at 8000 Hz"),
        "{}",
        run.out
    );
    assert_eq!(run.out.matches("complaint").count(), 2, "{}", run.out);
    server.join().unwrap();
}

/// Bytes that clear a terminal, and more than anybody reads.
#[test]
fn what_a_server_sends_neither_drives_the_terminal_nor_fills_it() {
    let (address, server) = server(|mut stream| {
        frame(&mut stream);
        let payload = b"\x1b[2J\r\n".repeat(270);
        let [high, low] = u16::try_from(payload.len()).unwrap().to_be_bytes();
        // A kind that nobody knows, an error, a key that is none, and a frame that is longer than
        // any.
        stream.write_all(&[0x42, high, low]).unwrap();
        stream.write_all(&payload).unwrap();
        stream.write_all(&[0xff, 0, 1, 0x1b]).unwrap();
        stream.write_all(&[0x03, 0, 1, 0x1b]).unwrap();
        stream.write_all(&[0x1b, 0xff, 0xff]).unwrap();
        stream.write_all(&[0x1b; 0xffff]).unwrap();
        stream.write_all(&[0x00, 0, 0]).unwrap();
        while frame(&mut stream).is_some() {}
    });
    let run = voxtra(&["call", &address, "--wav", RECORDING]);
    assert_eq!(run.out.matches("complaint").count(), 4, "{}", run.out);
    for line in run.out.lines().chain(run.err.lines()) {
        assert!(!line.contains(char::is_control), "{line:?}");
        assert!(line.len() < 200, "{} bytes: {line}", line.len());
    }
    server.join().unwrap();
}

#[test]
fn nobody_there_and_nonsense_for_an_address() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    let run = voxtra(&["call", &free, "--wav", RECORDING]);
    assert_eq!(run.status, 1);
    assert!(
        run.err.contains("can't connect") && run.err.contains("voxtra echo"),
        "{}",
        run.err
    );
    let run = voxtra(&["call", "nowhere", "--wav", RECORDING]);
    assert_eq!(run.status, 2);
    assert!(run.err.contains("host and port"), "{}", run.err);
}
