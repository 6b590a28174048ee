use secrecy::ExposeSecret as _;
use std::time::Duration;

use super::*;

mod agents;

fn env(name: &str) -> Option<String> {
    match name {
        "VOXTRA_ARI_PASSWORD" => Some("hunter2".to_owned()),
        "VOXTRA_WEBHOOK_SECRET" => Some("s3cret".to_owned()),
        "OPENAI_API_KEY" => Some("sk-s3cret".to_owned()),
        "THREADS" => Some("4".to_owned()),
        _ => None,
    }
}

fn parse(text: &str) -> Config {
    Config::parse(text, env).unwrap_or_else(|error| panic!("{error}"))
}

fn problems(text: &str) -> Vec<String> {
    match Config::parse(text, env) {
        Err(ConfigError::Invalid { problems, .. }) => {
            problems.iter().map(Problem::to_string).collect()
        }
        Err(other) => panic!("{other}"),
        Ok(_) => Vec::new(),
    }
}

/// The problem of a file with exactly one.
fn problem(text: &str) -> String {
    let mut all = problems(text);
    assert_eq!(all.len(), 1, "{text}\n{all:#?}");
    all.remove(0)
}

#[test]
fn an_empty_file_means_the_defaults() {
    assert_eq!(
        format!("{:?}", parse("")),
        format!("{:?}", Config::default())
    );
}

#[test]
fn the_starter_file_states_the_defaults() {
    let mut starter = parse(STARTER);
    let asterisk = starter.asterisk.take().unwrap();
    assert_eq!(format!("{starter:?}"), format!("{:?}", Config::default()));
    assert_eq!(asterisk.password.expose_secret(), "hunter2");
    let minimal = parse("[asterisk]\npassword = \"x\"\n").asterisk.unwrap();
    assert_eq!(format!("{asterisk:?}"), format!("{minimal:?}"));
}

#[test]
fn the_examples_in_the_starter_file_are_right_too() {
    let config = parse(&starter_with_examples());
    assert_eq!(config.audiosockets.len(), 1);
    assert_eq!(config.prompts.len(), 1);
    assert_eq!(config.routes.len(), 3);
    assert_eq!((config.providers.len(), config.agents.len()), (1, 1));
    let mut hook = config.webhooks[0].clone();
    assert_eq!(hook.secret.take().unwrap().expose_secret(), "s3cret");
    assert_eq!(hook.events.take().unwrap(), ["call.started", "call.ended"]);
    let proxy = hook.proxy.take().unwrap();
    assert_eq!(proxy.as_str(), "http://proxy.example.com:3128/");
    // The other values are the defaults.
    assert_eq!(
        format!("{hook:?}"),
        format!("{:?}", WebhookSettings::new(hook.url.clone()))
    );
}

/// The starter file with its examples switched on: lines that begin with `#` and no space.
fn starter_with_examples() -> String {
    let on = |line: &str| match line.strip_prefix('#') {
        Some(example) if !example.starts_with(' ') && !example.is_empty() => format!("{example}\n"),
        _ => format!("{line}\n"),
    };
    STARTER.lines().map(on).collect()
}

#[test]
fn every_key_is_in_the_starter_file_and_in_the_reference() {
    let reference = include_str!("../../../docs/configuration.md");
    let text = starter_with_examples();
    let none = |_: &std::path::Path| Err(String::new());
    let document = Document::new(&text, &env, &none);
    sections::read(&document);
    let offered = document.offered();
    assert!(offered.len() > 50, "the keys were collected");
    for key in offered {
        let word = key.rsplit('.').next().unwrap_or(&key);
        assert!(STARTER.contains(word), "{key} is missing in starter.toml");
        // A section is a heading, a key a row of the table under it.
        let (section, key) = key
            .split_once('.')
            .map_or((key.as_str(), None), |(s, k)| (s, Some(k)));
        let section = section
            .trim_end_matches("[1]")
            .trim_end_matches("[2]")
            .trim_end_matches("[3]");
        // The key behind the name.
        let (section, key) = match (section, key) {
            ("provider" | "agent" | "tool", Some(key)) => (
                format!("{section}.NAME"),
                key.split_once('.').map(|(_, key)| key),
            ),
            ("provider" | "agent" | "tool", None) => (format!("{section}.NAME"), None),
            (section, key) => (section.to_owned(), key),
        };
        let body = reference
            .split("\n## ")
            .find(|body| {
                body.starts_with(&format!("`[{section}]`"))
                    || body.starts_with(&format!("`[[{section}]]`"))
            })
            .unwrap_or_else(|| panic!("docs/configuration.md has no section {section}"));
        if let Some(key) = key {
            assert!(
                body.contains(&format!("\n| `{key}` |")),
                "{section}.{key} is missing in docs/configuration.md"
            );
        }
    }
}

#[test]
fn everything_that_is_wrong_is_reported_at_once_in_the_order_of_the_file() {
    let text = r#"
[media]
listen = "localhost"
thread = 2
batch_ms = 3

[[webhook]]
url = "ftp://example.com"
events = ["call.started", "Call.Ended"]

[turn]
start_threshold = 2.0
"#;
    assert_eq!(
        problems(text),
        [
            "line 3: media.listen = \"localhost\": must be an IP address, with or without a port, such as 127.0.0.1:9092",
            "line 4: media.thread: unknown key; did you mean \"threads\"?",
            "line 5: media.batch_ms = 3: must be from 0 to 2",
            "line 8: webhook[1].url = \"ftp://example.com\": must start with http:// or https://",
            "line 9: webhook[1].events = [\"call.started\", \"Call.Ended\"]: \"Call.Ended\" is not a wire name such as \"call.started\"",
            "line 12: turn.start_threshold = 2.0: must be from 0.05 to 1",
        ]
    );
}

#[test]
fn each_bad_value_is_refused_with_its_line_key_value_and_reason() {
    for (text, says) in [
        ("nonsense", "line 1: not valid TOML"),
        (
            "[medai]\n",
            "line 1: medai: unknown key; did you mean \"media\"?",
        ),
        ("media = 1", "line 1: media = 1: must be a section"),
        ("\"\" = 1", "line 1: \"\": unknown key; known here: "),
        (
            "[media]\n\"a\\u001b[31mb\" = 1",
            "line 2: media.\"a\\u{1b}[31mb\": unknown key",
        ),
        (
            "route = 1",
            "line 1: route = 1: must be a list of sections: [[route]]",
        ),
        (
            "[route]\nagent = \"a\"",
            "must be a list of sections: [[route]]",
        ),
        (
            "[media]\nlisten = 9092",
            "line 2: media.listen = 9092: must be a string in quotes",
        ),
        (
            "[media]\nlisten = \"127.0.0.1:0\"",
            "must have a port from 1 to 65535",
        ),
        (
            "[media]\nlisten = \"127.0.0.1:70000\"",
            "must be an IP address",
        ),
        ("[media]\nlisten = \"0.0.0.0:9092\"", "needs `advertise`"),
        ("[media]\nlisten = \"[::]:9092\"", "needs `advertise`"),
        (
            "[media]\nadvertise = \"0.0.0.0:9092\"",
            "means every address",
        ),
        ("[media]\nadvertise = \"host\"", "must be host:port"),
        ("[media]\nadvertise = \"::1:9092x\"", "must be host:port"),
        ("[media]\nadvertise = \"::1\"", "must be host:port"),
        ("[media]\nadvertise = \"::1:9092\"", "must be host:port"),
        ("[media]\nadvertise = \"a,b:9092\"", "must be host:port"),
        (
            "[media]\nallow_peers = [\"10.0.0.0/33\"]",
            "\"10.0.0.0/33\" is neither",
        ),
        ("[media]\nallow_peers = []", "nobody could connect"),
        (
            "[media]\nallow_peers = \"10.0.0.0/8\"",
            "must be a list of strings",
        ),
        (
            "[media]\nthreads = 65",
            "line 2: media.threads = 65: must be from 1 to 64",
        ),
        ("[media]\nthreads = -1", "must be from 1 to 64"),
        ("[media]\nthreads = 1.5", "must be a whole number"),
        (
            "[media]\nthreads = \"${NOPE}\"",
            "media.threads = \"${NOPE}\": the environment variable NOPE is not set",
        ),
        (
            "[media]\nformat = \"ulaw\"",
            "must be one of \"slin\", \"slin16\"",
        ),
        (
            "[media]\nbatch_ms = 1\ntick_ms = 1",
            "is the older name of `batch_ms`: leave it out",
        ),
        (
            "[media]\nmulaw = \"decode\"\ng711 = \"decode\"",
            "older name",
        ),
        ("[media]\nmulaw = true", "must be a string"),
        (
            "[media]\necho = \"cancel\"",
            "line 2: media.echo = \"cancel\": must be one of \"discount\", \"ignore\"",
        ),
        (
            "[media]\ndtmf = \"inband\"",
            "line 2: media.dtmf = \"inband\": must be one of \"both\", \"signalled\"",
        ),
        (
            "[asterisk]\nurl = \"http://h/ari\"",
            "line 1: asterisk.password: is missing",
        ),
        (
            "[asterisk]\npassword = \"${NOPE}\"",
            "line 2: asterisk.password: the environment variable NOPE is not set",
        ),
        ("[asterisk]\npassword = \"\"", "asterisk.password: is empty"),
        (
            "[asterisk]\npassword = \"x\"\nurl = \"ftp://h/ari\"",
            "line 3: asterisk.url = \"ftp://h/ari\": must start with http",
        ),
        (
            "[asterisk]\npassword = \"x\"\napp = \"a,b\"",
            "asterisk.app = \"a,b\"",
        ),
        (
            "[[audiosocket]]\nextension = \"1\"",
            "audiosocket[1].uuid: is missing",
        ),
        (
            "[[audiosocket]]\nuuid = \"12\"\nextension = \"1\"",
            "must be a UUID",
        ),
        (
            "[[audiosocket]]\nuuid = \"*\"\nextension = \"1\"\n[[audiosocket]]\nuuid = \"*\"\nextension = \"2\"",
            "line 5: audiosocket[2].uuid = \"*\": is already",
        ),
        (
            "[turn]\nhangover_ms = 900",
            "line 1: turn.end_of_turn_ms: must be from hangover_ms",
        ),
        ("[turn]\nbarge_in = 1", "must be true or false"),
        ("[turn]\nstop_threshold = nan", "stop_threshold"),
        (
            "[speech]\nvoice = \"espeak\"",
            "must be one of \"auto\", \"none\", \"espeak-ng\"",
        ),
        (
            "[speech]\nvoice = \"piper\"",
            "speech.piper_model: is missing",
        ),
        (
            "[speech]\nvoice = \"command\"",
            "speech.command: is missing",
        ),
        (
            "[speech]\nvoice = \"command\"\ncommand = []",
            "must begin with the program",
        ),
        (
            "[speech]\ncommand = [\"x\"]",
            "only goes with voice = \"command\"",
        ),
        (
            "[speech]\nvoice = \"command\"\ncommand = [\"x\", \"{out}\"]\nraw_hz = 8000",
            "does not go with {out}",
        ),
        ("[[prompt]]\nname = \"a\"", "prompt[1].file: is missing"),
        (
            "[[prompt]]\nname = \"a\"\nfile = \"a.wav\"\n[[prompt]]\nname = \"a\"\nfile = \"b.wav\"",
            "line 5: prompt[2].name",
        ),
        ("[[webhook]]\n", "webhook[1].url: is missing"),
        (
            "[[webhook]]\nurl = \"https://h/\"\nevents = []",
            "nothing would be sent",
        ),
        (
            "[[webhook]]\nurl = \"https://h/\"\nproxy = \"socks5://p/\"",
            "must start with http://",
        ),
        (
            "[[webhook]]\nurl = \"https://h/\"\nmax_attempts = 0",
            "must be from 1 to 100",
        ),
        (
            "[[webhook]]\nurl = \"https://h/\"\nfirst_backoff_ms = 50000\nmax_backoff_ms = 1",
            "must not be less than",
        ),
        (
            "[[route]]\nagent = \"a\"",
            "must have exactly one of extension, number and default",
        ),
        (
            "[[route]]\nextension = \"1\"\nnumber = \"2\"\nagent = \"a\"",
            "must have exactly one of",
        ),
        ("[[route]]\ndefault = true\n", "route[1].agent: is missing"),
        (
            "[[route]]\ndefault = false\nagent = \"a\"",
            "can only be true",
        ),
        (
            "[[route]]\nnumber = \"+2*65\"\nagent = \"a\"",
            "only at its end",
        ),
        (
            "[[route]]\nnumber = \"alice\"\nagent = \"a\"",
            "must be digits",
        ),
        ("[[route]]\nnumber = \"*\"\nagent = \"a\"", "must be digits"),
        (
            "[log]\nformat = \"xml\"",
            "must be one of \"text\", \"json\"",
        ),
        ("[log]\nfilter = \"\"", "log.filter = \"\": is empty"),
    ] {
        let problem = problem(text);
        assert!(
            problem.contains(says),
            "{text}\nsays: {problem}\nnot:  {says}"
        );
    }
}

#[test]
fn no_secret_is_shown_anywhere() {
    let text = "[asterisk]\npassword = \"hunter2\"\n[[webhook]]\nurl = \"https://h/\"\nsecret = \"hunter2\"\n";
    assert!(!format!("{:?}", parse(text)).contains("hunter2"));
    let in_url = "[[webhook]]\nurl = \"https://ann:hunter2@h/x?token=hunter2\"\n";
    assert!(!format!("{:?}", parse(in_url)).contains("hunter2"));
    for wrong in [
        "[asterisk]\npassword = [\"hunter2\"]\n",
        "[asterisk]\npassword = \"hunter2${\"\n",
        "[asterisk]\npassword = \"${hunter2}x\"\nurl = \"ftp://h\"\n"
            .replace("${hunter2}", "${hunter2 ")
            .as_str(),
        "[asterisk]\npassword = \"hunter2\n",
        "[asterisk]\npasswrd = \"hunter2\"\n",
        "[[webhook]]\nurl = \"https://h/\"\nsecret = { x = \"hunter2\" }\n",
        "[[webhook]]\nurl = \"ftp://ann:hunter2@h/\"\n",
        "[asterisk]\npassword = \"x\"\nurl = \"http://ann:hunter2@h/ari\"\n",
        "[asterisk]\npassword = \"x\"\nurl = \"http://ann:hunter2/@h:x/ari\"\n",
        "[[webhook]]\nurl = \"ftp://h/x?token=hunter2\"\n",
        "[[webhook]]\nurl = \"ftp://h/services/hunter2\"\n",
        "[[webhook]]\nurl = \"ftp://h#hunter2\"\n",
    ] {
        let said = format!(
            "{} {:?}",
            problems(wrong).join("\n"),
            Config::parse(wrong, env)
        );
        assert!(!said.contains("hunter2"), "{said}");
        assert!(!problems(wrong).is_empty());
    }
}

#[test]
fn a_whole_file_is_read() {
    let config = parse(
        r#"
[media]
listen = "0.0.0.0"
advertise = "voxtra.internal:9092"
threads = "${THREADS}"
batch_ms = 0
format = "slin16"
allow_peers = ["10.1.2.3", "192.168.0.7/16"]
handshake_timeout_ms = 1_500
mulaw = "decode"
detector = "energy"
echo = "ignore"
background = "ignore"
dtmf = "signalled"
[turn]
end_of_turn_ms = 1500
start_threshold = 1
[speech]
voice = "command"
command = ["say", "{text}"]
raw_hz = 16000
[[route]]
number = "+265*"
agent = "parrot"
[log]
filter = "info,voxtra_ari=debug"
format = "json"
"#,
    );
    let media = &config.media;
    assert_eq!(media.listen.to_string(), "0.0.0.0:9092");
    assert_eq!(config.advertise, "voxtra.internal:9092");
    assert_eq!((media.threads, media.batch), (4, Duration::ZERO));
    assert_eq!(media.handshake_timeout, Duration::from_millis(1_500));
    assert_eq!(media.detector, crate::media::Detector::Energy);
    let leg = &config.leg;
    assert_eq!(leg.rate.hz(), 16_000);
    assert_eq!(leg.g711, voxtra_core::leg::G711Policy::Decode);
    assert_eq!(leg.echo, voxtra_core::leg::EchoPolicy::Ignore);
    assert_eq!(leg.background, voxtra_core::leg::BackgroundPolicy::Ignore);
    assert_eq!(leg.dtmf, voxtra_core::leg::DtmfPolicy::Signalled);
    let peers = ["10.1.2.3", "10.1.2.4", "192.168.200.1", "127.0.0.1"];
    assert_eq!(
        peers.map(|peer| allows(media, peer)),
        [true, false, true, false]
    );
    assert_eq!(
        (leg.turn.end_of_turn_ms, leg.turn.start_threshold),
        (1_500, 1.0)
    );
    assert_eq!(
        config.speech.voice,
        VoiceSettings::Command {
            argv: vec!["say".into(), "{text}".into()],
            raw_hz: Some(16_000)
        }
    );
    assert_eq!(
        config.routes[0].rule,
        crate::session::Route::Number("+265*".into())
    );
    assert_eq!(config.log.format, LogFormat::Json);
}

#[test]
fn advertise_is_listen_unless_said_otherwise() {
    assert_eq!(
        parse("[media]\nlisten = \"10.0.0.5:4000\"").advertise,
        "10.0.0.5:4000"
    );
    assert_eq!(parse("[media]\nlisten = \"::1\"").advertise, "[::1]:9092");
}

#[test]
fn only_this_machine_may_connect_by_default() {
    let peers = ["127.0.0.1", "127.3.2.1", "::1", "10.0.0.1", "fe80::1"];
    let media = MediaSettings::default();
    assert_eq!(
        peers.map(|peer| allows(&media, peer)),
        [true, true, true, false, false]
    );
}

fn allows(media: &MediaSettings, peer: &str) -> bool {
    let peer: std::net::IpAddr = peer.parse().unwrap();
    media.allow_peers.iter().any(|net| net.contains(&peer))
}

#[test]
fn g711_is_read_under_its_older_name_too() {
    for key in ["g711", "mulaw"] {
        let text = format!("[media]\n{key} = \"decode\"");
        let leg = Config::parse(&text, env).unwrap().leg;
        assert_eq!(leg.g711, voxtra_core::leg::G711Policy::Decode, "{key}");
    }
}

#[test]
fn batching_is_read_under_its_older_names_too_and_the_new_ones_are_named() {
    let config = parse("[media]\ntick_ms = 2\ntick_load = 0.5\n");
    assert_eq!(
        (config.media.batch, config.media.batch_above_load),
        (Duration::from_millis(2), 0.5)
    );
    assert_eq!(
        config.notes(),
        [
            "media.tick_ms is an older key: its name is batch_ms now",
            "media.tick_load is an older key: its name is batch_above_load now",
        ]
    );
    let config = parse("[media]\nbatch_ms = 2\nbatch_above_load = 0.5\n");
    assert_eq!(
        (config.media.batch, config.media.batch_above_load),
        (Duration::from_millis(2), 0.5)
    );
    assert!(config.notes().is_empty());
}

#[test]
fn the_older_limit_of_attempts_is_read_and_the_new_key_is_named() {
    let hook = "[[webhook]]\nurl = \"https://h/\"\n";
    let config = parse(&format!("{hook}{hook}max_attempts = 6\n"));
    assert_eq!(config.webhooks[1].max_attempts, Some(6));
    let notes = config.notes();
    assert_eq!(notes.len(), 1);
    assert!(
        notes[0].starts_with("webhook[2].max_attempts") && notes[0].contains("give_up_after_ms"),
        "{notes:?}"
    );
    let config = parse(&format!("{hook}give_up_after_ms = 60000\n"));
    assert_eq!(config.webhooks[0].give_up_after, Duration::from_secs(60));
    assert!(config.notes().is_empty());
}

#[test]
fn paths_count_from_the_files_own_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("voxtra.toml");
    std::fs::write(
        &file,
        "[speech]\nprompts_dir = \"prompts\"\nvoice = \"piper\"\npiper_model = \"/abs/joe.onnx\"\n\
         [[prompt]]\nname = \"a\"\nfile = \"a.wav\"\n",
    )
    .unwrap();
    let config = Config::load(&file).unwrap();
    assert_eq!(config.prompts[0].file, folder.path().join("a.wav"));
    assert_eq!(
        config.speech.prompts_dir.unwrap(),
        folder.path().join("prompts")
    );
    assert_eq!(
        config.speech.voice,
        VoiceSettings::Piper {
            model: "/abs/joe.onnx".into()
        }
    );
}

#[test]
fn errors_name_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("voxtra.toml");
    let error = Config::load(&file).unwrap_err().to_string();
    assert!(
        error.contains("voxtra.toml") && error.contains("voxtra init"),
        "{error}"
    );
    std::fs::write(&file, "[media]\nthreads = 0\nfoo = 1\n").unwrap();
    let error = Config::load(&file).unwrap_err().to_string();
    assert!(
        error.contains("voxtra.toml has 2 errors:\n  line 2: media.threads"),
        "{error}"
    );
}

#[test]
fn a_file_without_end_is_not_read() {
    let error = Config::load(std::path::Path::new("/dev/zero")).unwrap_err();
    assert!(error.to_string().contains("longer than 1 MiB"), "{error}");
}

/// The risks of a file, each as its kind and its message.
fn risks(text: &str) -> Vec<String> {
    let risks = parse(text).risks;
    let told = risks
        .iter()
        .map(|risk| format!("{}: {}", risk.kind, risk.problem));
    told.collect()
}

#[test]
fn what_is_not_safe_is_told_with_its_line() {
    const OPEN: &str = "[media]\nlisten = \"0.0.0.0\"\nadvertise = \"10.0.0.5:9092\"\nallow_peers = [\"10.0.0.4\"]\n";
    let id = |id: &str| format!("[[audiosocket]]\nextension = \"1\"\nuuid = \"{id}\"\n");
    for (text, expected) in [
        (
            id("00000000-0000-0000-0000-000000000000"),
            "uuid: line 3: audiosocket[1].uuid: is the first id",
        ),
        (
            id("40325EC2-5efd-4bd3-805f-53576e581d13"),
            "uuid: line 3: audiosocket[1].uuid: stands in the documentation",
        ),
        (
            id("c232ab00-9414-11ec-b3c8-9f6bdeced846"),
            "uuid: line 3: audiosocket[1].uuid: is made of a time",
        ),
        (
            id("11111111-2222-4333-8444-555555555555"),
            "uuid: line 3: audiosocket[1].uuid: can be guessed",
        ),
        (
            format!("{OPEN}{}", id("*")),
            "uuid: line 7: audiosocket[1].uuid: any id is let in",
        ),
        (
            OPEN.replace("10.0.0.4", "0.0.0.0/0"),
            "allow_peers: line 4: media.allow_peers: 0.0.0.0/0 holds more than Asterisk",
        ),
        (
            OPEN.replace("10.0.0.4", "fd00::/48"),
            "allow_peers: line 4: media.allow_peers: fd00::/48 holds more",
        ),
        (
            OPEN.to_owned(),
            "cleartext: line 2: media.listen: AudioSocket has no encryption",
        ),
        (
            "[asterisk]\npassword = \"x\"\nurl = \"http://10.0.0.4:8088/ari\"".to_owned(),
            "cleartext: line 3: asterisk.url: ARI's password can be read",
        ),
        (
            "[[webhook]]\nurl = \"http://example.com/\"".to_owned(),
            "cleartext: line 2: webhook[1].url: the events of your calls can be read",
        ),
    ] {
        let told = risks(&text);
        assert!(
            told.iter().any(|told| told.starts_with(expected)),
            "{text}\n{told:#?}"
        );
    }
    for safe in [
        "[asterisk]\npassword = \"x\"\nurl = \"http://localhost:8088/ari\"",
        "[asterisk]\npassword = \"x\"\nurl = \"http://[::1]:8088/ari\"",
        "[asterisk]\npassword = \"x\"\nurl = \"https://pbx.example:8089/ari\"",
        "[[webhook]]\nurl = \"https://example.com/\"",
        "[[webhook]]\nurl = \"http://127.0.0.1:8000/\"",
        "[[audiosocket]]\nextension = \"1\"\nuuid = \"*\"",
        &id("8c5f2a61-3b0d-4e97-9f14-d7a6c0b8e352"),
    ] {
        assert_eq!(risks(safe), [""; 0], "{safe}");
    }
}

/// Loads a folder with a configuration and a secret's file of these modes.
fn load_with_secret_file(text: &str, secret: &[u8], modes: [u32; 2]) -> Result<Config, String> {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("voxtra.toml");
    for (file, bytes, mode) in [
        (&config, text.as_bytes(), modes[0]),
        (&folder.path().join("secret"), secret, modes[1]),
    ] {
        std::fs::write(file, bytes).unwrap();
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    Config::load(&config).map_err(|error| error.to_string())
}

#[test]
fn secrets_come_from_files_of_their_own() {
    let text = "[asterisk]\npassword_file = \"secret\"\n[[webhook]]\nurl = \"https://h/\"\nsecret_file = \"secret\"\n";
    let config = load_with_secret_file(text, b"hunter2\n", [0o644, 0o600]).unwrap();
    assert_eq!(config.asterisk.unwrap().password.expose_secret(), "hunter2");
    let secret = config.webhooks[0].secret.as_ref().unwrap();
    assert_eq!(secret.expose_secret(), "hunter2");
    assert_eq!(config.risks, [], "who may read a path learns nothing");

    for (text, secret, says) in [
        (
            "[asterisk]\npassword_file = \"nobody\"",
            &b"hunter2"[..],
            "line 2: asterisk.password_file = \"nobody\": can't be read: ",
        ),
        (
            "[asterisk]\npassword_file = \"secret\"",
            b"hunter2\nhunter2",
            "line 2: asterisk.password_file = \"secret\": must be one line",
        ),
        (
            "[asterisk]\npassword_file = \"secret\"\npassword = \"hunter2\"",
            b"hunter2",
            "line 2: asterisk.password_file = \"secret\": stands beside `password`",
        ),
        (
            "[asterisk]\nusername = \"u\"",
            b"",
            "asterisk.password: is missing: the password of the ari.conf section that `username` names; or `password_file`",
        ),
        (
            "[[webhook]]\nurl = \"https://h/\"\nsecret_file = \"${NO_SUCH_DIRECTORY}/x\"",
            b"",
            "line 3: webhook[1].secret_file = \"${NO_SUCH_DIRECTORY}/x\": the environment variable NO_SUCH_DIRECTORY is not set",
        ),
    ] {
        let error = load_with_secret_file(text, secret, [0o600, 0o600]).unwrap_err();
        assert!(error.contains(says), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn a_secret_that_every_user_may_read_is_a_risk() {
    let written = "[asterisk]\npassword = \"hunter2\"\n";
    let named = "[asterisk]\npassword_file = \"secret\"\n";
    let id =
        "[[audiosocket]]\nextension = \"1\"\nuuid = \"8c5f2a61-3b0d-4e97-9f14-d7a6c0b8e352\"\n";
    let unset = "[asterisk]\npassword = \"${NOBODY_HAS_SET_THIS:-hunter2}\"\n";
    for (text, modes, expected) in [
        (written, [0o644, 0o600], Some("line 2: asterisk.password:")),
        (written, [0o640, 0o644], None),
        (id, [0o644, 0o600], Some("line 3: audiosocket[1].uuid:")),
        (
            named,
            [0o644, 0o604],
            Some("line 2: asterisk.password_file:"),
        ),
        (named, [0o644, 0o440], None),
        (unset, [0o644, 0o600], None),
    ] {
        let config = load_with_secret_file(text, b"hunter2", modes).unwrap();
        let told: Vec<_> = config
            .risks
            .iter()
            .map(|risk| risk.problem.to_string())
            .collect();
        assert_eq!(told.len(), usize::from(expected.is_some()), "{told:?}");
        if let Some(expected) = expected {
            assert!(told[0].starts_with(expected), "{told:?}");
            assert_eq!(config.risks[0].kind, "permissions");
        }
    }
}
