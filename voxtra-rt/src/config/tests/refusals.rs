//! What is refused, and in which words.

use super::*;

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
            "line 9: webhook[1].events = [\"call.started\", \"Call.Ended\"]: \"Call.Ended\" is not a wire name such as \"call.started\", nor the beginning of some such as \"call.*\"",
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
            "[[webhook]]\nurl = \"https://h/\"\nevents = [\"call*\"]",
            "\"call*\" is not a wire name",
        ),
        (
            "[[webhook]]\nurl = \"https://h/\"\ncompression = \"brotli\"",
            "webhook[1].compression = \"brotli\": must be one of",
        ),
        (
            "[[webhook]]\nurl = \"https://h/\"\nbatch = { max_events = 9 }",
            "webhook[1].batch.format: is missing",
        ),
        (
            "[[webhook]]\nurl = \"https://h/\"\nbatch = { format = \"ndjson\", max_events = 251 }",
            "must be from 1 to 250",
        ),
        (
            "[[webhook]]\nurl = \"https://h/\"\nheaders = { Host = \"h\" }",
            "webhook[1].headers: \"Host\" is for the connection, and not to be chosen",
        ),
        (
            "[[webhook]]\nurl = \"https://h/\"\nheaders = { X-Voxtra-Event = \"h\" }",
            "\"X-Voxtra-Event\" is set by the sender itself",
        ),
        (
            "[[webhook]]\nurl = \"https://h/\"\nproxy = \"socks5://p/\"",
            "must start with http://",
        ),
        (
            "[[webhook]]\nurl = \"http://169.254.169.254/\"",
            "with a cloud's metadata: allow it by its network, such as \"169.254.169.254/32\"",
        ),
        (
            "[[webhook]]\nurl = \"https://h/\"\nallow_networks = [\"10\"]",
            "neither an IP address nor a network",
        ),
        (
            "[[webhook]]\nurl = \"https://h/\"\nsecret = \"whsec_short\"",
            "webhook[1].secret: what follows whsec_ is no base64",
        ),
        (
            "[[webhook]]\nurl = \"https://h/\"\nclient_key_file = \"k.pem\"",
            "client_certificate_file: is missing",
        ),
        (
            "[[webhook]]\nurl = \"https://h/\"\nmax_attempts = 0",
            "must be from 1 to 100",
        ),
        (
            "[[webhook]]\nurl = \"https://h/\"\nfirst_backoff_ms = 50000\nmax_backoff_ms = 1",
            "must not be less than",
        ),
        ("[routing]\n", "routing.url: is missing"),
        (
            "[routing]\nurl = \"http://10.0.0.5/\"",
            "10.0.0.5 is a private network",
        ),
        (
            "[routing]\nurl = \"https://h/\"\ntimeout_ms = 60000",
            "must be from 100 to 20000",
        ),
        (
            "[routing]\nurl = \"https://h/\"\nevents = [\"*\"]",
            "routing.events: unknown key",
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
