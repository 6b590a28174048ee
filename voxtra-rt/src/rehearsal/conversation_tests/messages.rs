//! Callers who leave a message.

use super::*;
use crate::session::tools::MessageSettings;
use crate::speech::wav;

fn replies() -> ScriptedModel {
    ScriptedModel::new([
        ScriptedReply::says("Speak after the beep.").calls("leave_message", json!({})),
        ScriptedReply::says("It will be passed on."),
    ])
}

/// The event of a message: its words, its length and its file.
async fn left(caller: &mut Caller) -> (String, u64, String) {
    caller.sees(EventKind::MessageLeft).await;
    let mut events = caller.call().events();
    let left = events.find(|event| match &event.body {
        EventBody::BuiltIn(BuiltIn::MessageLeft(left)) => Some(left.clone()),
        _ => None,
    });
    let left = left.await.unwrap();
    (left.text, left.duration_ms, left.file)
}

#[tokio::test(start_paused = true)]
async fn a_caller_leaves_a_message_until_a_silence() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let messages = folder.path().join("messages");
    let settings = MessageSettings::default().with(|settings| {
        settings.folder = Some(messages.clone());
    });
    let model = replies();
    let agent = patient().tool(tools::leave_message(&settings));
    let (mut caller, _) = call(model.clone(), agent).await;
    caller.hears("Hello.").await;
    caller.says("is the boss there").await;
    caller.hears("Speak after the beep.").await;
    caller.sees(EventKind::AgentSpeechEnded).await;
    caller.says("this is Phiri").await;
    // Shorter than what ends it.
    caller.is_silent_for(ms(1_500)).await;
    caller.says("call me back please").await;
    let (text, duration_ms, file) = left(&mut caller).await;
    assert_eq!(text, "this is Phiri call me back please");
    assert!((2_000..10_000).contains(&duration_ms), "{duration_ms}");
    caller.hears("It will be passed on.").await;
    let asked = model.asked();
    assert_eq!(asked.len(), 2);
    let told = asked[1].messages.last().unwrap().text().to_owned();
    assert_eq!(
        told,
        "the message was taken: this is Phiri call me back please"
    );
    let recording = wav::read(file.as_ref()).unwrap();
    let length = recording.samples.len() as u64 * 1_000 / u64::from(recording.rate_hz);
    // From the beep on, to the end of what was said.
    assert!(
        (duration_ms..duration_ms + 4_000).contains(&length),
        "{length} {duration_ms}"
    );
    assert!(
        recording
            .samples
            .iter()
            .any(|sample| sample.unsigned_abs() > 1_000)
    );
    for (path, mode) in [(file.as_ref(), 0o600), (messages.as_path(), 0o700)] {
        let found = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(found & 0o777, mode, "{path:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_ends_a_message_and_so_does_hanging_up() {
    for hangs_up in [false, true] {
        let agent = patient().tool(tools::leave_message(&MessageSettings::default()));
        let (mut caller, _) = call(replies(), agent).await;
        caller.hears("Hello.").await;
        caller.says("is the boss there").await;
        caller.hears("Speak after the beep.").await;
        caller.sees(EventKind::AgentSpeechEnded).await;
        caller.says("call me back").await;
        caller.sees(EventKind::UserTranscript).await;
        if hangs_up {
            caller.hangs_up().await;
        } else {
            caller.presses("#").await;
            let (text, _, file) = left(&mut caller).await;
            assert_eq!((text.as_str(), file.as_str()), ("call me back", ""));
            caller.hangs_up().await;
        }
        let conversation = caller.ended().await;
        assert_eq!(conversation.count("message.left"), 1, "{conversation}");
        assert!(
            conversation.to_string().contains("text=\"call me back\""),
            "{conversation}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_hangs_up_before_the_words_have_come_has_left_them() {
    for in_mid_sentence in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let settings = MessageSettings::default().with(|settings| {
            settings.folder = Some(folder.path().to_owned());
        });
        let agent = patient().tool(tools::leave_message(&settings));
        let (rehearsal, _) = remembering(replies(), agent);
        let rehearsal = rehearsal.recogniser(Recogniser::new().finals_after(ms(800)));
        let mut caller = rehearsal.call("1000").await;
        caller.hears("Hello.").await;
        caller.says("is the boss there").await;
        caller.hears("Speak after the beep.").await;
        caller.sees(EventKind::AgentSpeechEnded).await;
        let words = "call me back call me back call me back";
        let speaks = caller.says(words);
        if in_mid_sentence {
            drop(speaks);
            caller.is_silent_for(ms(1_500)).await;
        } else {
            speaks.await;
        }
        caller.hangs_up().await;
        let conversation = caller.ended().await;
        assert_eq!(conversation.count("message.left"), 1, "{conversation}");
        let kept = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(kept, 1, "{conversation}");
        if !in_mid_sentence {
            let said = "text=\"call me back call me back call me back\"";
            assert!(conversation.to_string().contains(said), "{conversation}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_says_nothing_leaves_no_message_and_one_who_talks_on_is_cut() {
    let agent = patient().tool(tools::leave_message(&MessageSettings::default()));
    let model = replies();
    let (mut caller, _) = call(model.clone(), agent).await;
    caller.hears("Hello.").await;
    caller.says("is the boss there").await;
    caller.hears("Speak after the beep.").await;
    caller.sees(EventKind::AgentSpeechEnded).await;
    caller.hears("It will be passed on.").await;
    let told = model.asked()[1].messages.last().unwrap().text().to_owned();
    assert_eq!(told, "the caller said nothing: there is no message");
    caller.hangs_up().await;
    assert_eq!(caller.ended().await.count("message.left"), 0);

    let settings = MessageSettings::default().with(|settings| {
        settings.longest = Duration::from_secs(4);
    });
    let (mut caller, _) = call(replies(), patient().tool(tools::leave_message(&settings))).await;
    caller.hears("Hello.").await;
    caller.says("is the boss there").await;
    caller.hears("Speak after the beep.").await;
    caller.sees(EventKind::AgentSpeechEnded).await;
    caller.says(&"and another thing ".repeat(12)).await;
    let (_, duration_ms, _) = left(&mut caller).await;
    assert!(duration_ms <= 8_000, "{duration_ms}");
}

#[tokio::test(start_paused = true)]
async fn a_message_that_can_t_be_kept_is_told_all_the_same() {
    let settings = MessageSettings::default().with(|settings| {
        settings.folder = Some("/proc/voxtra".into());
        settings.beep = false;
    });
    let (mut caller, _) = call(replies(), patient().tool(tools::leave_message(&settings))).await;
    caller.hears("Hello.").await;
    caller.says("is the boss there").await;
    caller.hears("Speak after the beep.").await;
    caller.says("call me back").await;
    let (text, _, file) = left(&mut caller).await;
    assert_eq!((text.as_str(), file.as_str()), ("call me back", ""));
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    assert!(
        conversation.to_string().contains("can't be kept"),
        "{conversation}"
    );
}
