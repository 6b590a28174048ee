//! `voxtra init` and `voxtra check`.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::thread;

use super::{Run, fresh_directory, run};

/// `voxtra` in a directory, with the password that the starter file asks for.
fn voxtra_in(directory: &Path, arguments: &[&str]) -> Run {
    run(Command::new(env!("CARGO_BIN_EXE_voxtra"))
        .args(arguments)
        .current_dir(directory)
        .env("VOXTRA_ARI_PASSWORD", "secret")
        .env_remove("PIPER_MODEL"))
}

#[test]
fn the_starter_file_passes_its_check() {
    let directory = fresh_directory("init");
    let init = voxtra_in(&directory, &["init"]);
    assert_eq!(init.status, 0, "{}", init.err);
    assert!(init.out.contains("voxtra.toml") && init.err.contains("voxtra check"));
    let check = voxtra_in(&directory, &["check"]);
    assert_eq!(check.status, 0, "{}", check.err);
    assert!(check.out.starts_with("ok  voxtra.toml"), "{}", check.out);
    assert!(!check.out.contains("secret"));
}

#[test]
fn the_file_with_an_agent_names_the_keys_that_are_missing_and_passes_with_them() {
    let directory = fresh_directory("init-agent");
    let init = voxtra_in(&directory, &["init", "--agent"]);
    assert_eq!(init.status, 0, "{}", init.err);
    assert!(init.err.contains("voxtra check"), "{}", init.err);
    let keys = ["DEEPGRAM_API_KEY", "OPENAI_API_KEY", "ELEVENLABS_API_KEY"];
    let check = |keys: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_voxtra"));
        command.arg("check").current_dir(&directory).env_clear();
        let keys = keys.iter().chain(&["VOXTRA_ARI_PASSWORD"]);
        run(command.envs(keys.map(|name| (*name, "key-of-nobody"))))
    };
    let missing = check(&keys[..1]);
    assert_eq!(missing.status, 2);
    assert!(!missing.err.contains(keys[0]), "{}", missing.err);
    assert!(
        missing.err.contains("`export NAME=…` sets one"),
        "{}",
        missing.err
    );
    for key in &keys[1..] {
        let says = format!("the environment variable {key} is not set");
        assert!(missing.err.contains(&says), "{}", missing.err);
    }
    let complete = check(&keys);
    assert_eq!(complete.status, 0, "{}", complete.err);
    let agent = "agent reception: hears with deepgram, thinks with openai, speaks with elevenlabs";
    assert!(complete.out.contains(agent), "{}", complete.out);
    assert!(!complete.out.contains("key-of-nobody"));
}

#[test]
fn the_file_for_servers_on_this_machine_passes_without_a_key() {
    let directory = fresh_directory("init-local");
    let init = voxtra_in(&directory, &["init", "--local"]);
    assert_eq!(init.status, 0, "{}", init.err);
    assert!(init.err.contains("stack/stack.sh start"), "{}", init.err);
    let mut command = Command::new(env!("CARGO_BIN_EXE_voxtra"));
    command.arg("check").current_dir(&directory).env_clear();
    let check = run(command.env("VOXTRA_ARI_PASSWORD", "x"));
    assert_eq!(check.status, 0, "{}", check.err);
    let agent = "agent reception: hears with whisper, thinks with local, speaks with piper";
    assert!(check.out.contains(agent), "{}", check.out);
}

#[test]
fn what_is_not_safe_is_warned_of_and_fails_only_a_strict_check() {
    let directory = fresh_directory("check-risks");
    let write = |listen: &str, id: &str| {
        let text = format!(
            "[media]\nlisten = \"{listen}\"\nallow_peers = [\"10.0.0.0/8\"]\n[[audiosocket]]\nextension = \"1\"\nuuid = \"{id}\"\n"
        );
        fs::write(directory.join("voxtra.toml"), text).unwrap();
        let mode = fs::Permissions::from_mode(0o600);
        fs::set_permissions(directory.join("voxtra.toml"), mode).unwrap();
    };
    write("10.0.0.5", "40325ec2-5efd-4bd3-805f-53576e581d13");
    let check = voxtra_in(&directory, &["check"]);
    assert_eq!(check.status, 0, "{}", check.err);
    for warning in [
        "warning  line 2: media.listen: AudioSocket has no encryption",
        "warning  line 3: media.allow_peers: 10.0.0.0/8 holds more",
        "warning  line 6: audiosocket[1].uuid: stands in the documentation",
    ] {
        assert!(check.out.contains(warning), "{warning}: {}", check.out);
    }
    let strict = voxtra_in(&directory, &["check", "--strict", "--accept", "cleartext"]);
    assert_eq!(strict.status, 2);
    assert!(strict.err.contains("has 2 warning(s)"), "{}", strict.err);
    assert!(!strict.out.contains("encryption"), "{}", strict.out);
    write("127.0.0.1", "8c5f2a61-3b0d-4e97-9f14-d7a6c0b8e352");
    let strict = voxtra_in(&directory, &["check", "--strict"]);
    assert_eq!(strict.status, 0, "{}{}", strict.out, strict.err);
}

#[test]
fn init_overwrites_only_when_told() {
    let directory = fresh_directory("init-force");
    let path = directory.join("mine.toml");
    fs::write(&path, "# mine").unwrap();
    let refused = voxtra_in(&directory, &["init", "mine.toml"]);
    assert_eq!(refused.status, 2);
    assert!(
        refused.err.contains("is there already") && refused.err.contains("--force"),
        "{}",
        refused.err
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "# mine");
    assert_eq!(
        voxtra_in(&directory, &["init", "mine.toml", "--force"]).status,
        0
    );
    assert!(fs::read_to_string(&path).unwrap().contains("[asterisk]"));
    let nowhere = voxtra_in(&directory, &["init", "no/such/folder.toml"]);
    assert_eq!(nowhere.status, 1);
    assert!(nowhere.err.contains("no/such/folder.toml"));
}

#[test]
fn everything_wrong_in_a_configuration_is_named_with_its_line() {
    let directory = fresh_directory("check-bad");
    fs::write(
        directory.join("bad.toml"),
        "[media]\nthreads = 0\nlisten_on = \"x\"\n[asterisk]\nurl = 3\n",
    )
    .unwrap();
    let check = voxtra_in(&directory, &["check", "-c", "bad.toml"]);
    assert_eq!(check.status, 2);
    for expected in [
        "bad.toml has",
        "line 2: media.threads = 0",
        "line 3: media.listen_on",
        "asterisk.url",
        "help:",
    ] {
        assert!(check.err.contains(expected), "{expected}: {}", check.err);
    }
    assert!(check.out.is_empty());
}

#[test]
fn a_missing_file_an_unknown_agent_and_a_missing_prompt_are_named() {
    let directory = fresh_directory("check-missing");
    let check = voxtra_in(&directory, &["check"]);
    assert_eq!(check.status, 2);
    assert!(
        check.err.contains("voxtra.toml") && check.err.contains("voxtra init"),
        "{}",
        check.err
    );

    fs::write(
        directory.join("agent.toml"),
        "[[route]]\ndefault = true\nagent = \"parot\"\n",
    )
    .unwrap();
    let check = voxtra_in(&directory, &["check", "-c", "agent.toml"]);
    assert_eq!(check.status, 2);
    assert!(
        check.err.contains("parot") && check.err.contains("echo, parrot, announce"),
        "{}",
        check.err
    );

    fs::write(
        directory.join("prompt.toml"),
        "[[prompt]]\nname = \"hi\"\nfile = \"gone.wav\"\n",
    )
    .unwrap();
    let check = voxtra_in(&directory, &["check", "-c", "prompt.toml"]);
    assert_eq!(check.status, 2);
    assert!(check.err.contains("gone.wav"), "{}", check.err);
}

#[test]
fn all_that_a_program_would_stumble_over_is_told_at_once_with_its_line() {
    let directory = fresh_directory("check-usable");
    fs::write(
        directory.join("voxtra.toml"),
        r#"[[route]]
default = true
agent = "parot"

[[prompt]]
name = "hi"
file = "gone.wav"

[[prompt]]
name = "ho"
file = "lost.wav"

[[webhook]]
url = "https://example.com/"
events = ["call.ended", "call.strated"]
"#,
    )
    .unwrap();
    for command in ["check", "serve"] {
        let refused = voxtra_in(&directory, &[command]);
        assert_eq!(refused.status, 2, "{command}");
        for expected in [
            "has 5 errors",
            "line 1: there is neither [asterisk] nor [[audiosocket]]",
            "line 3: route[1].agent: there is no agent \"parot\"",
            "line 7: prompt[1].file",
            "line 11: prompt[2].file",
            "line 15: webhook[1].events: no event is named \"call.strated\"; did you mean \"call.started\"?",
        ] {
            assert!(
                refused.err.contains(expected),
                "{expected}: {}",
                refused.err
            );
        }
    }
}

#[test]
fn a_log_filter_that_makes_none_is_refused() {
    let directory = fresh_directory("check-log");
    let text = "[log]\nfilter = \"voxtra=loud\"\n[[audiosocket]]\nextension = \"1\"\nuuid = \"8c5f2a61-3b0d-4e97-9f14-d7a6c0b8e352\"\n";
    fs::write(directory.join("voxtra.toml"), text).unwrap();
    let check = voxtra_in(&directory, &["check"]);
    assert_eq!(check.status, 2, "{}", check.out);
    assert!(
        check.err.contains("log.filter = \"voxtra=loud\""),
        "{}",
        check.err
    );
}

#[test]
fn a_file_by_which_no_call_could_come_is_refused() {
    let directory = fresh_directory("check-empty");
    fs::write(directory.join("voxtra.toml"), "").unwrap();
    let check = voxtra_in(&directory, &["check"]);
    assert_eq!(check.status, 2, "{}", check.out);
    assert!(check.err.contains("no call could come"), "{}", check.err);
}

#[test]
fn the_file_of_an_own_agent_is_checked_with_its_program() {
    let directory = fresh_directory("check-own");
    let write = |event: &str| {
        fs::write(
            directory.join("voxtra.toml"),
            format!(
                "[[audiosocket]]\nuuid = \"*\"\nextension = \"1\"\n[[route]]\ndefault = true\nagent = \"Mine\"\n\
                 [[webhook]]\nurl = \"https://example.com/\"\nevents = [\"{event}\"]\n"
            ),
        )
        .unwrap();
    };
    // What an agent says when it is asked for its events.
    let agent = [
        "check",
        "--",
        "sh",
        "-c",
        "echo '[{\"type\":\"order.placed\"}]'",
    ];
    write("order.placed");
    let run = voxtra_in(&directory, &agent);
    assert_eq!(run.status, 0, "{}", run.err);
    let alone = voxtra_in(&directory, &["check"]);
    assert_eq!(alone.status, 2);
    assert!(
        alone.err.contains("voxtra check -- cargo run"),
        "{}",
        alone.err
    );
    write("order.placd");
    let run = voxtra_in(&directory, &agent);
    assert_eq!(run.status, 2);
    assert!(
        run.err.contains("did you mean \"order.placed\"?"),
        "{}",
        run.err
    );
    // One that refuses its file.
    let run = voxtra_in(
        &directory,
        &["check", "--", "sh", "-c", "echo bad >&2; exit 1"],
    );
    assert_eq!(run.status, 1);
    assert!(run.err.contains("bad"), "{}", run.err);
}

/// An ARI that gives the same answer to every request for `asterisk/info`, and one for modules.
fn ari(status: &'static str, info: &'static str, modules: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            answer(stream.unwrap(), status, info, &modules);
        }
    });
    port
}

fn answer(mut stream: TcpStream, status: &str, info: &str, modules: &str) {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return;
        }
        request.push(byte[0]);
    }
    let body = if String::from_utf8_lossy(&request).contains("/asterisk/modules") {
        modules
    } else {
        info
    };
    let length = body.len();
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
}

fn online(directory: &Path, port: u16) -> Run {
    let text = format!(
        "[asterisk]\nurl = \"http://127.0.0.1:{port}/ari\"\nusername = \"voxtra\"\npassword = \"x\"\napp = \"voxtra\"\n"
    );
    fs::write(directory.join("voxtra.toml"), text).unwrap();
    voxtra_in(directory, &["check", "--online"])
}

const INFO: &str =
    r#"{"system":{"version":"22.10.1","entity_id":"x"},"status":{"startup_time":"y"}}"#;

#[test]
fn online_names_the_modules_that_are_missing() {
    let directory = fresh_directory("online-modules");
    let module = |name: &str| {
        format!(r#"{{"name":"{name}.so","description":"","use_count":0,"status":"Running"}}"#)
    };
    let all: Vec<_> = voxtra_rt::ari::REQUIRED_MODULES
        .iter()
        .map(|m| m.name)
        .collect();
    let some: Vec<_> = all
        .iter()
        .filter(|name| **name != "app_audiosocket")
        .map(|name| module(name))
        .collect();
    let run = online(
        &directory,
        ari("200 OK", INFO, format!("[{}]", some.join(","))),
    );
    assert_eq!(run.status, 1, "{}", run.err);
    assert!(
        run.out.contains("logged in to Asterisk 22.10.1"),
        "{}",
        run.out
    );
    assert!(
        run.err.contains("app_audiosocket  ") && run.err.contains("module load app_audiosocket.so"),
        "{}",
        run.err
    );
    assert!(!run.err.contains("res_stasis"));

    let every: Vec<_> = all.iter().map(|name| module(name)).collect();
    let run = online(
        &directory,
        ari("200 OK", INFO, format!("[{}]", every.join(","))),
    );
    // This Asterisk has everything and connects nothing.
    assert_eq!(run.status, 1, "{}", run.err);
    assert!(run.out.contains("every module"), "{}", run.out);
    assert!(run.err.contains("media.advertise"), "{}", run.err);
}

#[test]
fn online_says_why_it_cannot_log_in() {
    let directory = fresh_directory("online-refused");
    let run = online(
        &directory,
        ari(
            "401 Unauthorized",
            r#"{"message":"Authentication required"}"#,
            String::new(),
        ),
    );
    assert_eq!(run.status, 1);
    assert!(run.err.contains("ari.conf"), "{}", run.err);
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let run = online(&directory, free);
    assert_eq!(run.status, 1);
    assert!(run.err.contains("is Asterisk running"), "{}", run.err);
}

#[test]
fn online_names_providers_and_an_asterisk_that_are_not_there_at_once() {
    let directory = fresh_directory("online-nobody");
    let init = voxtra_in(&directory, &["init", "--local"]);
    assert_eq!(init.status, 0, "{}", init.err);
    let file = directory.join("voxtra.toml");
    let text = fs::read_to_string(&file).unwrap();
    let text = ["8088", "8080", "10200", "10300"]
        .iter()
        .fold(text, |text, port| {
            text.replace(&format!("127.0.0.1:{port}"), "127.0.0.1:1")
        });
    fs::write(&file, text).unwrap();
    let run = voxtra_in(&directory, &["check", "--online"]);
    assert_eq!(run.status, 1, "{}", run.err);
    for name in ["whisper", "local", "piper"] {
        let says = format!("{name}: 127.0.0.1:1 is not reached: Connection refused");
        assert!(run.err.contains(&says), "{says}: {}", run.err);
    }
    // What starts them, and what is wrong with Asterisk.
    assert!(
        run.err.contains("stack/stack.sh start` does so"),
        "{}",
        run.err
    );
    assert!(run.err.contains("is Asterisk running"), "{}", run.err);
    assert!(!run.err.contains("Next:"), "{}", run.err);
}

#[test]
fn online_names_a_tool_of_an_agent_that_its_mcp_server_lacks() {
    let directory = fresh_directory("online-mcp");
    let hostile = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/mcp/hostile.py");
    let text = format!(
        r#"
[[audiosocket]]
uuid = "4b1e5c5e-7e4f-4c0a-9a57-3b8b2f5d1c11"
extension = "1000"
[provider.nobody]
kind = "openai"
base_url = "http://127.0.0.1:1/v1"
model = "m"
[agent.a]
instructions = "Be brief."
speech_to_text = "nobody"
language_model = "nobody"
text_to_speech = "nobody"
tools = ["crm.tool", "crm.tol", "shop.*"]
[mcp.crm]
command = ["python3", "{hostile}", "plain"]
[mcp.shop]
command = ["python3", "{hostile}", "plain"]
"#
    );
    fs::write(directory.join("voxtra.toml"), text).unwrap();
    let run = voxtra_in(&directory, &["check", "--online"]);
    assert_eq!(run.status, 1, "{}", run.out);
    assert!(
        run.err.contains("mcp crm: it has no tool named tol\n"),
        "{}",
        run.err
    );
    assert!(run.out.contains("mcp shop has shop__tool"), "{}", run.out);
}

#[test]
fn online_needs_an_asterisk_to_log_in_to() {
    let directory = fresh_directory("online-none");
    fs::write(directory.join("voxtra.toml"), "[media]\nthreads = 1\n").unwrap();
    let run = voxtra_in(&directory, &["check", "--online"]);
    assert_eq!(run.status, 2);
    assert!(run.err.contains("[asterisk]"), "{}", run.err);
}
