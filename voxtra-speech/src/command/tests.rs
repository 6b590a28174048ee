//! Real programs: shell scripts for failures, espeak-ng and flite where they are installed.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use super::super::{ProviderError, ProviderErrorKind};
use super::*;

/// A voice that is a shell script; `$1` is the text unless the arguments say otherwise.
struct Script {
    folder: tempfile::TempDir,
    path: String,
}

impl Script {
    fn new(body: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("voice.sh");
        let mut file = std::fs::File::create(&path).unwrap();
        write!(file, "#!/bin/sh\n{body}\n").unwrap();
        file.set_permissions(std::fs::Permissions::from_mode(0o755))
            .unwrap();
        drop(file);
        Self {
            folder,
            path: path.to_str().unwrap().to_owned(),
        }
    }

    /// The shell reads the script instead of executing it: another test that is just forking may
    /// still hold the new file open ("text file busy").
    fn voice(&self, arguments: &[&str]) -> CommandVoice {
        let mut argv = vec!["sh", &self.path];
        argv.extend(arguments);
        CommandVoice::new(argv).unwrap()
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }
}

/// The rate and all samples; 0 Hz without any.
async fn say(voice: &CommandVoice, text: &str) -> Result<(u32, Vec<i16>), ProviderError> {
    let mut speech = begin(voice, text);
    let (mut rate, mut all) = (0, Vec::new());
    while let Some((rate_hz, samples)) = next(&mut speech).await? {
        rate = rate_hz;
        all.extend(samples);
    }
    Ok((rate, all))
}

fn begin(voice: &CommandVoice, text: &str) -> Parts<SpeechPart> {
    voice.speak(Feed::whole([text.to_owned()]), 8_000)
}

/// The next audio.
async fn next(speech: &mut Parts<SpeechPart>) -> Result<Option<(u32, Vec<i16>)>, ProviderError> {
    while let Some(part) = speech.next().await {
        if let SpeechPart::Audio { rate_hz, samples } = part? {
            return Ok(Some((rate_hz, samples.to_vec())));
        }
    }
    Ok(None)
}

/// The text that a raw "voice" received and repeats.
async fn heard(voice: CommandVoice, text: &str) -> String {
    let (_, samples) = say(&voice.raw(8_000), text).await.unwrap();
    let bytes: Vec<u8> = samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect();
    String::from_utf8_lossy(&bytes).trim_end().to_owned()
}

#[tokio::test]
async fn text_goes_to_standard_input_or_takes_its_place_among_the_arguments() {
    let cat = Script::new("cat; printf '    '");
    let echo = Script::new("printf '%s    ' \"$2\"");
    for text in [
        "Welcome to the shop.",
        "-5 degrees",
        "--help",
        "$(touch /tmp/x) `id` 'a' \"b\" \\ ; | &",
        "Zwölf Boxkämpfer 🎉",
        "{out} {text}",
    ] {
        assert_eq!(heard(cat.voice(&[]), text).await, text);
        let expected = if text.starts_with('-') {
            format!(" {text}")
        } else {
            text.to_owned()
        };
        assert_eq!(heard(echo.voice(&["-t", "{text}"]), text).await, expected);
    }
    // Line ends and control characters become white space.
    assert_eq!(
        heard(cat.voice(&[]), " two\nlines\0here ").await,
        "two lines here"
    );
}

#[tokio::test]
async fn a_program_sees_only_what_it_needs_of_the_environment() {
    // Cargo sets this variable, as an operator sets a secret.
    let script =
        Script::new("cat > /dev/null; printf '[%s][%s]    ' \"$CARGO_MANIFEST_DIR\" \"$PATH\"");
    let path = std::env::var("PATH").unwrap();
    assert_eq!(heard(script.voice(&[]), "x").await, format!("[][{path}]"));
    let told = script.voice(&[]).inherit(["CARGO_MANIFEST_DIR"]);
    let folder = env!("CARGO_MANIFEST_DIR");
    assert_eq!(heard(told, "x").await, format!("[{folder}][{path}]"));
}

#[tokio::test]
async fn what_a_program_started_is_killed_with_it() {
    let script = Script::new("sleep 1000 & printf %s $! > \"$1\"; printf 'aabb'; wait");
    let pid = script.file("pid");
    let voice = script.voice(&[&pid]).raw(16_000);
    let mut speech = begin(&voice, "x");
    assert!(next(&mut speech).await.unwrap().is_some());
    let pid = std::fs::read_to_string(&pid).unwrap();
    // Gone, or dead and not yet collected.
    let lives = || {
        std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z"))
    };
    assert!(lives(), "{pid}");
    drop(speech);
    tokio::time::timeout(Duration::from_secs(60), async {
        while lives() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn nothing_to_say_runs_nothing() {
    let script = Script::new("exit 1");
    assert!(say(&script.voice(&[]), " \n ").await.unwrap().1.is_empty());
}

#[tokio::test]
async fn the_first_samples_are_heard_while_the_program_still_works() {
    let script = Script::new("printf 'aabb'; read text; read go < \"$1\"; printf 'ccd'");
    let pipe = script.file("go");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let voice = script.voice(&[&pipe]).raw(16_000);
    let mut speech = begin(&voice, "x");
    let first = (16_000, vec![0x6161, 0x6262]);
    assert_eq!(next(&mut speech).await, Ok(Some(first)));
    // The script may only now go on, so the audio so far came before its end.
    tokio::fs::write(&pipe, "go\n").await.unwrap();
    // An odd byte at the end is not a sample.
    assert_eq!(next(&mut speech).await, Ok(Some((16_000, vec![0x6363]))));
    assert_eq!(next(&mut speech).await, Ok(None));
}

#[tokio::test]
async fn an_output_file_is_read_and_removed() {
    let script = Script::new("cp \"$1\" \"$2\"; echo \"$2\" > \"$3\"");
    let (ready, noted) = (script.file("ready.wav"), script.file("noted"));
    super::super::wav::write(Path::new(&ready), 22_050, 2, &[10, 20, 30, 40]).unwrap();
    let voice = script.voice(&[&ready, "{out}", &noted]);
    assert_eq!(say(&voice, "x").await.unwrap(), (22_050, vec![15, 35]));
    let used = std::fs::read_to_string(&noted).unwrap();
    assert!(used.trim().ends_with(".wav") && !Path::new(used.trim()).exists());
}

#[tokio::test]
async fn a_program_that_fails_is_an_error_with_its_last_words() {
    for (body, out, says) in [
        (
            "echo 'no such voice: xx' >&2; exit 3",
            false,
            "exit status 3): no such voice: xx",
        ),
        (
            "echo 'no such voice: xx' >&2; exit 3",
            true,
            "exit status 3): no such voice: xx",
        ),
        ("exit 3", false, "it did not say why"),
        ("kill -9 $$", false, "killed by signal 9"),
        ("exit 0", false, "made no sound"),
        ("exit 0", true, "made no sound"),
        (
            "echo 'usage: voice TEXT'; echo 'bad option' >&2; exit 64",
            false,
            "exit status 64): bad option",
        ),
        (
            "echo 'usage: voice TEXT'; echo 'hm' >&2",
            false,
            "PCM WAV: not a WAV file (RIFF/WAVE header expected); it said: hm",
        ),
        ("echo 'usage: voice TEXT' > \"$1\"", true, "not a WAV file"),
        ("printf 'RIFF'", false, "PCM WAV: not a WAV"),
    ] {
        let script = Script::new(body);
        let voice = script.voice(if out { &["{out}"] } else { &[] });
        let error = say(&voice, "x").await.unwrap_err().to_string();
        assert!(error.contains(says), "{body}: {error}");
    }
}

#[tokio::test]
async fn a_failure_after_the_first_samples_is_the_last_item() {
    let script = Script::new("printf 'aabb'; echo 'out of memory' >&2; exit 1");
    let mut speech = begin(&script.voice(&[]).raw(8_000), "x");
    let first = (8_000, vec![0x6161, 0x6262]);
    assert_eq!(next(&mut speech).await, Ok(Some(first)));
    let error = next(&mut speech).await.unwrap_err().to_string();
    assert!(error.contains("out of memory"), "{error}");
    assert_eq!(next(&mut speech).await, Ok(None));
}

#[tokio::test]
async fn only_the_end_of_what_it_said_is_quoted() {
    let script =
        Script::new("yes 'a long complaint' | head -n 20000 >&2; echo 'the reason' >&2; exit 1");
    let error = say(&script.voice(&[]), "x").await.unwrap_err().to_string();
    assert!(error.contains("the reason") && error.len() < 700, "{error}");
}

#[tokio::test]
async fn a_program_that_hangs_is_an_error_and_is_killed() {
    let script = Script::new("echo $$ > \"$1\"; echo thinking >&2; exec sleep 600");
    let noted = script.file("pid");
    for out in ["", "{out}"] {
        let voice = script
            .voice(&[&noted, out])
            .timeout(Duration::from_millis(300));
        let error = say(&voice, "x").await.unwrap_err();
        assert_eq!(error.kind, ProviderErrorKind::Timeout, "{error}");
        assert!(error.to_string().contains("speech.timeout_ms"), "{error}");
        wait_for_end(&noted).await;
    }
}

#[tokio::test]
async fn the_program_is_killed_when_nobody_listens_any_more() {
    let script = Script::new("echo $$ > \"$1\"; printf 'aabb'; exec sleep 600");
    let noted = script.file("pid");
    let mut speech = begin(&script.voice(&[&noted]).raw(8_000), "x");
    assert!(next(&mut speech).await.unwrap().is_some());
    drop(speech);
    wait_for_end(&noted).await;
}

/// Returns when the process whose id is in the file has ended. A test that hangs here has failed.
async fn wait_for_end(noted: &str) {
    let pid = std::fs::read_to_string(noted).unwrap();
    let stat = format!("/proc/{}/stat", pid.trim());
    // A killed process that is not yet collected has ended too.
    while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_program_that_is_not_there_is_an_error_that_says_what_to_do() {
    for (program, says) in [
        ("no-such-voice", "speech.command"),
        ("/no/such/voice", "speech.command"),
        ("", "name a program"),
    ] {
        let error = CommandVoice::new([program]).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    let error = CommandVoice::piper(Path::new("/no/such.onnx"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("/no/such.onnx"), "{error}");
}

/// Runs a test with a program only where it is installed, and reports loudly where it is not.
fn installed(voice: Result<CommandVoice, SpeechError>) -> Option<CommandVoice> {
    match voice {
        Ok(voice) => Some(voice),
        Err(error) => {
            assert!(
                std::env::var_os("CI").is_none(),
                "in CI this must be installed: {error}"
            );
            skipped(&error.to_string());
            None
        }
    }
}

/// Prints past the test harness, which hides the output of passing tests.
fn skipped(why: &str) {
    writeln!(std::io::stderr(), "SKIPPED, NOT TESTED: {why}").unwrap();
}

fn loudest(samples: &[i16]) -> u16 {
    samples
        .iter()
        .map(|sample| sample.unsigned_abs())
        .max()
        .unwrap_or(0)
}

#[tokio::test]
async fn espeak_ng_speaks() {
    let Some(voice) = installed(CommandVoice::espeak_ng()) else {
        return;
    };
    let (rate_hz, short) = say(&voice, "Yes.").await.unwrap();
    let (_, long) = say(
        &voice,
        "-5 degrees; we deliver to your house tomorrow, Zoë.",
    )
    .await
    .unwrap();
    assert_eq!(rate_hz, 22_050);
    assert!(loudest(&short) > 1_000 && long.len() > short.len() * 3);
    let by_argument = CommandVoice::new(["espeak-ng", "--stdout", "--", "{text}"]).unwrap();
    assert!(loudest(&say(&by_argument, "-5 degrees").await.unwrap().1) > 1_000);
    // It exits with success in any case; its standard error is the only clue.
    let wrong =
        CommandVoice::new(["espeak-ng", "--no-such-option", "--stdin", "--stdout"]).unwrap();
    let error = say(&wrong, "Yes.")
        .await
        .map(|_| "it spoke")
        .unwrap_err()
        .to_string();
    assert!(error.contains("no-such-option"), "{error}");
}

#[tokio::test]
async fn flite_speaks() {
    let Some(voice) = installed(CommandVoice::flite()) else {
        return;
    };
    let (rate_hz, samples) = say(&voice, "-5 degrees tomorrow.").await.unwrap();
    assert!(rate_hz >= 8_000 && samples.len() > rate_hz as usize / 2);
    assert!(loudest(&samples) > 1_000);
}

#[tokio::test]
async fn piper_speaks() {
    // A model is too large to install for a test; `PIPER_MODEL` names one where there is one.
    let Some(model) = discover::piper_model() else {
        skipped("no piper model; set PIPER_MODEL to an .onnx file");
        return;
    };
    let Some(voice) = installed(CommandVoice::piper(&model)) else {
        return;
    };
    let voice = voice.timeout(Duration::from_secs(60));
    let (rate_hz, samples) = say(&voice, "-5 degrees\ntomorrow.").await.unwrap();
    assert!(samples.len() > rate_hz as usize / 2 && loudest(&samples) > 1_000);
}

#[tokio::test]
async fn a_voice_is_found_by_itself() {
    let Some(voice) = installed(CommandVoice::discover()) else {
        return;
    };
    assert!(["piper", "espeak-ng", "flite"].contains(&voice.name()));
    assert!(loudest(&say(&voice, "Hello.").await.unwrap().1) > 1_000);
}

#[test]
fn the_configuration_chooses_the_voice() {
    let settings = |voice| SpeechSettings {
        voice,
        ..SpeechSettings::default()
    };
    assert!(
        CommandVoice::from_settings(&settings(VoiceSettings::None))
            .unwrap()
            .is_none()
    );
    let command = VoiceSettings::Command {
        argv: vec!["cat".into(), "-".into()],
        raw_hz: Some(12_000),
    };
    let voice = CommandVoice::from_settings(&settings(command))
        .unwrap()
        .unwrap();
    assert_eq!(
        (voice.name(), voice.output),
        ("cat", AudioOutput::Raw { rate_hz: 12_000 })
    );
}

#[tokio::test]
async fn a_voice_without_end_is_ended() {
    let script = Script::new("cat /dev/zero");
    let error = say(&script.voice(&[]).raw(8_000), "Hello.").await;
    let error = error.unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::Protocol, "{error}");
    assert!(error.to_string().contains("1800 s"), "{error}");
}

#[tokio::test]
async fn a_voice_that_never_comes_to_its_first_sample_is_given_up() {
    // The bytes of an ignored chunk, one by one, each in time.
    let script = Script::new(
        "printf 'RIFF\\0\\0\\0\\0WAVELIST\\0\\0\\0\\1'; while sleep 0.05; do printf x; done",
    );
    let voice = script.voice(&[]).timeout(Duration::from_millis(300));
    let given_up = tokio::time::timeout(Duration::from_secs(20), say(&voice, "Hello.")).await;
    let error = given_up
        .expect("it was waited for without end")
        .unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::Timeout, "{error}");
}
