//! The `voxtra` command as a user meets it: what it prints where, and with which status it ends.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod agent;
mod call;
mod configuration;
mod demo;
mod echo;
mod load;
mod new;
mod secrets;
mod serve;
mod vad;
mod webhook;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const RECORDING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/caller-hello.wav");

/// A finished run.
struct Run {
    status: i32,
    out: String,
    err: String,
}

fn voxtra(arguments: &[&str]) -> Run {
    run(Command::new(env!("CARGO_BIN_EXE_voxtra")).args(arguments))
}

fn run(command: &mut Command) -> Run {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    Run {
        status: status.code().expect("not killed"),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}

/// A directory of this test's own, empty.
fn fresh_directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

/// The samples of a WAV file.
fn samples(path: &Path) -> Vec<i16> {
    hound::WavReader::open(path)
        .unwrap()
        .samples()
        .map(Result::unwrap)
        .collect()
}

mod help {
    use super::*;

    #[test]
    fn without_arguments_it_explains_itself_and_that_is_wrong_usage() {
        let run = voxtra(&[]);
        assert_eq!(run.status, 2);
        assert!(run.err.contains("voxtra demo") && run.out.is_empty());
    }

    #[test]
    fn help_goes_to_stdout_and_has_no_colour_in_a_pipe() {
        let run = voxtra(&["help", "call"]);
        assert_eq!(run.status, 0);
        assert!(run.out.contains("--dtmf <KEYS>") && run.out.contains("Examples:"));
        assert!(!run.out.contains('\x1b'));
    }

    #[test]
    fn wrong_arguments_are_named() {
        for (arguments, named) in [
            (&["dance"][..], "'dance'"),
            (
                &["call", "127.0.0.1:9", "--wav", "x", "--dtmf", "12x"],
                "no key `X`",
            ),
            (
                &["call", "127.0.0.1:9", "--wav", "x", "--rate", "11025"],
                "8000 or 16000",
            ),
            (
                &["call", "127.0.0.1:9", "--wav", "x", "--uuid", "7"],
                "--uuid",
            ),
            (&["call"], "ADDR"),
            (&["echo", "--threads", "0"], "--threads"),
        ] {
            let run = voxtra(arguments);
            assert_eq!(run.status, 2, "{arguments:?}");
            assert!(run.err.contains(named), "{arguments:?}: {}", run.err);
        }
    }
}

mod completions {
    use super::*;

    #[test]
    fn every_shell_gets_a_script_that_knows_the_subcommands() {
        for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
            let run = voxtra(&["completions", shell]);
            assert_eq!(run.status, 0);
            assert!(
                run.out.contains("vad") && run.out.contains("demo"),
                "{shell}"
            );
        }
        assert_eq!(voxtra(&["completions", "tcsh"]).status, 2);
    }
}

mod events {
    use super::*;

    #[test]
    fn the_catalogue_is_complete_in_both_forms() {
        let run = voxtra(&["events", "--json"]);
        let all: Vec<serde_json::Value> = serde_json::from_str(&run.out).unwrap();
        let built_in = voxtra_rt::catalogue::Catalogue::built_in();
        assert_eq!(all.len(), built_in.events().len());
        assert_eq!(all[0]["type"], "call.started");
        assert_eq!(all[0]["data"][0]["name"], "caller_id");
        let text = voxtra(&["events"]).out;
        for event in &all {
            assert!(text.contains(event["type"].as_str().unwrap()));
        }
    }

    #[test]
    fn a_reader_that_has_read_enough_is_no_error() {
        let mut child = Command::new(env!("CARGO_BIN_EXE_voxtra"))
            .arg("events")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut err = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut err)
            .unwrap();
        assert!(child.wait().unwrap().success() && err.is_empty(), "{err}");
    }
}
