//! A session declared with `voxtra!` in a live call: Asterisk's part is played over loopback TCP.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::time::Duration;

use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};
use voxtra::{prelude::*, rt::media::MediaSettings};

voxtra! {
    events {
        /// A key was understood.
        key.understood { digit: char, attempts: u8 }
        key.repeated { digit: char }
    }

    session Keys {
        route extension "keys";
        state { attempts: u8 = 0, last: Option<char> = None }

        on call.started { call.answer().await?; }
        on dtmf.received(e) if state.last == Some(e.digit) { call.emit(KeyRepeated { digit: e.digit }).await; }
        on dtmf.received(e) if let Some(digit) = e.digit.to_digit(10) && digit > 7 {
            state.last = Some(e.digit);
            return Err(format!("nobody is at {digit}").into());
        }
        on dtmf.received(e) {
            state.attempts += 1;
            state.last = Some(e.digit);
            call.emit(KeyUnderstood { digit: e.digit, attempts: state.attempts }).await;
        }
        on key.repeated(e) if e.digit == '#' { call.hangup().await?; }
        on key.repeated(e) { state.last = None; call.emit(KeyUnderstood { digit: e.digit, attempts: state.attempts }).await; }
    }

    session Strict {
        route extension "strict" { tenant: "acme" };
        state { tenant: Option<String> = call.get_metadata("tenant") }

        catch hangup;
        on dtmf.received { Err(state.tenant.clone().unwrap_or_default())?; }
        hangup { Err("at last")?; }
    }

    session Reception {
        route default;

        on dtmf.received { Err("not for me")? }
    }
}

voxtra! {
    session Unrouted {
        on call.started { call.answer().await?; call.hangup().await?; }
    }

    session Fallback {
        route default;
        on call.started { call.answer().await?; }
    }
}

// The example of the project's design document. Compiled; the providers that it needs are not there
// to run it.
#[allow(dead_code, reason = "the example only shows that there can be state")]
mod example {
    use voxtra::prelude::*;

    voxtra! {
        events {
            /// The caller confirmed a payment.
            payment.confirmed { amount_cents: u64, reference: Text<24> }
        }

        session Support {
            route extension "1000", number "+265*";
            state { attempts: u8 = 0 }

            on call.started             { call.answer().await?; call.say("Welcome.").await?; }
            on dtmf.received(e) if e.digit == '0' { call.transfer("PJSIP/200").await?; }
            on user.transcript(e)       { let r = call.agent().respond(&e.text).await?; call.say(&r.text).await?; }
            on call.ended(e)            { tracing::info!(e.duration_seconds); }
        }
    }
}

/// A kind, a length and a payload, as Asterisk sends them.
async fn send(socket: &mut TcpStream, kind: u8, payload: &[u8]) {
    let mut frame = vec![kind];
    frame.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
    frame.extend(payload);
    socket.write_all(&frame).await.unwrap();
}

#[tokio::test]
async fn handlers_run_in_the_order_of_their_guards_and_see_events_of_their_own() {
    let media =
        MediaSettings::default().with(|media| media.listen = "127.0.0.1:0".parse().unwrap());
    let app = Application::builder()
        .media(media)
        .allow_any("keys")
        .session::<Keys>()
        .session::<Reception>()
        .session::<example::Support>()
        .start()
        .await
        .unwrap();
    let mut events = app.events();

    let mut socket = TcpStream::connect(app.media_address()).await.unwrap();
    send(&mut socket, 0x01, &[7; 16]).await;
    let mut lines = Vec::new();
    let seen = async {
        // The next key is pressed when the last one has had its effect, so that their order is
        // sure.
        let mut keys = b"5995##".iter();
        loop {
            let event = events.recv().await.unwrap();
            let press_next = match event.wire() {
                "call.answered" | "key.understood" | "error" => true,
                "key.repeated" | "dtmf.received" => {
                    lines.push(
                        event
                            .to_json()
                            .split_once("\"data\":")
                            .unwrap()
                            .1
                            .to_owned(),
                    );
                    false
                }
                "session.destroyed" => break,
                _ => false,
            };
            if event.wire() == "key.understood" || event.wire() == "error" {
                lines.push(
                    event
                        .to_json()
                        .split_once("\"data\":")
                        .unwrap()
                        .1
                        .to_owned(),
                );
            }
            if press_next && let Some(key) = keys.next() {
                send(&mut socket, 0x03, &[*key]).await;
            }
        }
    };
    timeout(Duration::from_secs(20), seen)
        .await
        .expect("the session hangs up");
    assert_eq!(
        lines,
        [
            r#"{"digit":"5"}}"#,
            r#"{"digit":"5","attempts":1}}"#,
            r#"{"digit":"9"}}"#,
            r#"{"error_type":"handler","message":"Keys: on dtmf.received: nobody is at 9"}}"#,
            r#"{"digit":"9"}}"#,
            r#"{"digit":"9"}}"#,
            r#"{"digit":"9","attempts":1}}"#,
            r#"{"digit":"5"}}"#,
            r#"{"digit":"5","attempts":2}}"#,
            r##"{"digit":"#"}}"##,
            r##"{"digit":"#","attempts":3}}"##,
            r##"{"digit":"#"}}"##,
            r##"{"digit":"#"}}"##,
        ]
    );
}

#[tokio::test]
async fn a_session_that_gives_up_at_an_error_hangs_up() {
    let media =
        MediaSettings::default().with(|media| media.listen = "127.0.0.1:0".parse().unwrap());
    let app = Application::builder()
        .media(media)
        .allow_any("strict")
        .session::<Strict>()
        .start()
        .await
        .unwrap();
    let mut events = app.events();
    let mut socket = TcpStream::connect(app.media_address()).await.unwrap();
    send(&mut socket, 0x01, &[8; 16]).await;
    send(&mut socket, 0x03, b"1").await;
    let mut lines = Vec::new();
    let seen = async {
        loop {
            let event = events.recv().await.unwrap();
            match &event.body {
                EventBody::BuiltIn(BuiltIn::Error(error)) => lines.push(error.message.clone()),
                EventBody::BuiltIn(BuiltIn::CallEnded(_)) => lines.push("ended".into()),
                EventBody::BuiltIn(BuiltIn::SessionDestroyed(_)) => break,
                _ => {}
            }
        }
    };
    timeout(Duration::from_secs(20), seen)
        .await
        .expect("the session hangs up");
    assert_eq!(
        lines,
        [
            "Strict: on dtmf.received: acme",
            "ended",
            "Strict: hangup: at last"
        ]
    );
}

/// Why an application with this configuration and what `add` adds does not start.
async fn refused(
    config: &str,
    add: impl FnOnce(voxtra::rt::app::Builder) -> voxtra::rt::app::Builder,
) -> String {
    let config = Config::parse(config, |_| None).unwrap();
    let builder = Application::builder()
        .config(&config)
        .unwrap()
        .media(anywhere());
    match add(builder).start().await {
        Ok(_) => "started".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn anywhere() -> MediaSettings {
    MediaSettings::default().with(|media| media.listen = "127.0.0.1:0".parse().unwrap())
}

const SILENT: &str = "[speech]\nvoice = \"none\"\n";

#[tokio::test]
async fn a_session_that_no_call_would_reach_is_refused() {
    let error = refused(SILENT, |app| app.session::<Unrouted>()).await;
    assert!(
        error.contains("the session Unrouted has no route"),
        "{error}"
    );
    // Where the configuration sends it calls, they reach it.
    let routed = format!("{SILENT}[[route]]\ndefault = true\nagent = \"Unrouted\"\n");
    let started = refused(&routed, |app| app.session::<Unrouted>()).await;
    assert_eq!(started, "started");
}

#[tokio::test]
async fn two_routes_for_the_same_calls_are_told_with_both_owners() {
    let error = refused(SILENT, |app| {
        app.session::<Reception>().session::<Fallback>()
    })
    .await;
    assert!(
        error.contains("the default, of the session Reception and of the session Fallback"),
        "{error}"
    );
    let routed = format!("{SILENT}[[route]]\ndefault = true\nagent = \"Keys\"\n");
    let error = refused(&routed, |app| app.session::<Keys>().session::<Reception>()).await;
    assert!(
        error.contains("of the session Reception and of a [[route]] to Keys"),
        "{error}"
    );
}

#[tokio::test]
async fn a_route_of_the_configuration_to_an_agent_that_is_not_there_is_refused() {
    let routed = format!("{SILENT}[[route]]\nextension = \"7\"\nagent = \"echo\"\n");
    let error = refused(&routed, |app| app.session::<Reception>()).await;
    assert!(
        error.contains("\"echo\": this program has Reception"),
        "{error}"
    );
}

#[tokio::test]
async fn a_route_of_the_configuration_sends_calls_to_its_agent() {
    let config = format!("{SILENT}[[route]]\nextension = \"7\"\nagent = \"mine\"\n");
    let config = Config::parse(&config, |_| None).unwrap();
    let app = Application::builder()
        .config(&config)
        .unwrap()
        .media(anywhere())
        .allow_any("7")
        .session::<Reception>()
        .agent(
            "mine",
            voxtra::rt::app::Handler::new(|call: Call| async move { call.hangup().await }),
        )
        .start()
        .await
        .unwrap();
    let mut events = app.events();
    let mut socket = TcpStream::connect(app.media_address()).await.unwrap();
    send(&mut socket, 0x01, &[9; 16]).await;
    let ended = async { while events.recv().await.unwrap().wire() != "session.destroyed" {} };
    timeout(Duration::from_secs(20), ended)
        .await
        .expect("mine hangs up; Reception would not");
}
