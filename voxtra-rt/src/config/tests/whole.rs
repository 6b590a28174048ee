//! What is read.

use super::*;

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
while_held = "drop"
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
    assert_eq!(leg.while_held, voxtra_core::leg::WhileHeld::Drop);
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
fn a_server_may_be_asked_who_takes_a_call() {
    let routing = parse("[routing]\nurl = \"https://h/\"").routing.unwrap();
    assert_eq!(routing.webhook.timeout, Duration::from_secs(2));
    assert_eq!(routing.channel_variables, [""; 0]);
    let text = "[routing]\nurl = \"http://10.0.0.5/\"\nallow_networks = [\"10.0.0.5\"]\nsecret = \"${VOXTRA_WEBHOOK_SECRET}\"\n\
                timeout_ms = 500\nchannel_variables = [\"CUSTOMER\"]";
    let routing = parse(text).routing.unwrap();
    assert_eq!(routing.webhook.timeout, Duration::from_millis(500));
    assert_eq!(routing.webhook.secret.unwrap().expose_secret(), "s3cret");
    assert_eq!(routing.channel_variables, ["CUSTOMER"]);
    assert!(parse("").routing.is_none());
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
