//! `voxtra new`, as a newcomer types it.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};

use super::{fresh_directory, run, voxtra};

/// Where this workspace is built.
fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap()
}

/// Cargo in the new crate, with what this workspace has built and downloaded.
fn cargo(folder: &Path, argument: &str) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command
        .args([argument, "--offline"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target())
        .env("CARGO_TERM_COLOR", "never");
    command
}

#[test]
fn the_new_agent_is_rehearsed_and_logs_what_goes_wrong() {
    let folder = fresh_directory("new").join("my-agent");
    let written = voxtra(&["new", folder.to_str().unwrap()]);
    assert_eq!(written.status, 0, "{}", written.err);
    assert!(written.out.contains("my-agent") && written.err.contains("cargo test"));
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    assert!(
        manifest.contains("[profile.dev.package.voxtra-core]\nopt-level = 3"),
        "{manifest}"
    );
    // The versions that this workspace has downloaded.
    fs::copy(
        concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock"),
        folder.join("Cargo.lock"),
    )
    .unwrap();
    let tested = run(&mut cargo(&folder, "test"));
    assert_eq!(tested.status, 0, "{}\n{}", tested.out, tested.err);
    assert!(tested.out.contains("2 passed"), "{}", tested.out);
    // Such as a profile for a package that isn't there.
    assert!(!tested.err.contains("warning"), "{}", tested.err);

    // Free a moment ago.
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    fs::write(
        folder.join("voxtra.toml"),
        format!("[media]\nlisten = \"{free}\"\n[speech]\nvoice = \"none\"\n"),
    )
    .unwrap();
    let built = run(&mut cargo(&folder, "build"));
    assert_eq!(built.status, 0, "{}", built.err);
    let program = || {
        let mut program = Command::new(target().join("debug/my-agent"));
        program.current_dir(&folder);
        program
    };
    let mut agent = program()
        .env_remove("RUST_LOG")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(agent.stderr.take().unwrap());
    let mut waiting = String::new();
    while !waiting.contains("waiting for calls on") {
        assert!(log.read_line(&mut waiting).unwrap() > 0, "{waiting}");
    }
    let mut stranger = TcpStream::connect(free).unwrap();
    stranger
        .write_all(&[&[0x01, 0, 16][..], &[7; 16]].concat())
        .unwrap();
    let mut logged = String::new();
    while !logged.contains("refused an AudioSocket connection") {
        assert!(log.read_line(&mut logged).unwrap() > 0, "{logged}");
    }
    agent.kill().unwrap();
    agent.wait().unwrap();

    fs::remove_file(folder.join("voxtra.toml")).unwrap();
    let lost = run(&mut program());
    assert_eq!(lost.status, 1);
    assert!(
        lost.err.contains("Error: voxtra.toml: ") && !lost.err.contains("Read {"),
        "{}",
        lost.err
    );
}

#[test]
fn what_is_there_already_is_left_alone() {
    let folder = fresh_directory("new-there");
    fs::write(folder.join("mine"), "mine").unwrap();
    let refused = voxtra(&["new", folder.to_str().unwrap()]);
    assert_eq!(refused.status, 2);
    assert!(refused.err.contains("is there already"), "{}", refused.err);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
}

#[test]
fn a_folder_that_can_be_no_crate_is_refused_before_anything_is_written() {
    let folder = fresh_directory("new-name");
    for (name, says) in [("1st", "no crate's"), ("voxtra", "another crate")] {
        let refused = voxtra(&["new", folder.join(name).to_str().unwrap()]);
        assert_eq!(refused.status, 2, "{name}");
        assert!(refused.err.contains(says), "{}", refused.err);
    }
    let lost = folder.join("agent");
    let refused = voxtra(&["new", lost.to_str().unwrap(), "--voxtra", "/no/such/folder"]);
    assert_eq!(refused.status, 2);
    assert!(
        refused.err.contains("no checkout of Voxtra"),
        "{}",
        refused.err
    );
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}
