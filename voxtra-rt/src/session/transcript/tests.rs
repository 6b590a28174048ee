//! What is kept of a call, in virtual time.

use proptest::prelude::*;
use tokio::time::Duration;
use voxtra_core::event::{
    AgentSpeechEnded, AgentSpeechStarted, UserSpeechEnded, UserSpeechStarted, UserTranscript,
};

use super::*;

fn said(text: &str) -> BuiltIn {
    UserTranscript::new(text.to_owned(), 1.0, true).into()
}

fn speaks(log: &mut TranscriptLog, from: u64, to: u64) {
    log.note(from, &UserSpeechStarted::default().into());
    log.note(to, &UserSpeechEnded::new(to - from).into());
}

fn agent(log: &mut TranscriptLog, from: u64, text: &str, heard: &str, heard_ms: u64) {
    log.note(from, &AgentSpeechStarted::new(text.to_owned()).into());
    let ended = AgentSpeechEnded::new(text.to_owned(), heard != text)
        .with_heard_ms(heard_ms)
        .with_heard(heard.to_owned());
    log.note(from + heard_ms, &ended.into());
}

/// Kind, time and text of each.
fn told(log: &TranscriptLog) -> Vec<(TranscriptKind, u64, String)> {
    let entries = log.entries().into_iter();
    let told = entries.map(|one| (one.kind, one.at_ms, one.text.unwrap_or_default()));
    told.collect()
}

#[tokio::test(start_paused = true)]
async fn both_sides_stand_in_the_order_in_which_they_began() {
    let mut log = TranscriptLog::new();
    agent(&mut log, 100, "Hello.", "Hello.", 900);
    // The caller interrupts, and is understood after the agent has fallen silent.
    log.note(3_000, &AgentSpeechStarted::new("We are open".into()).into());
    speaks(&mut log, 2_000, 2_500);
    log.note(2_800, &said("when are you open"));
    log.note(4_000, &UserSpeechStarted::default().into());
    let cut = AgentSpeechEnded::new("We are open".into(), true)
        .with_heard_ms(1_400)
        .with_heard("We are".into());
    log.note(4_400, &cut.into());
    log.note(5_000, &UserSpeechEnded::new(1_000).into());
    log.note(5_400, &said("stop"));
    let expected = [
        (TranscriptKind::Agent, 100, "Hello."),
        (TranscriptKind::Caller, 2_000, "when are you open"),
        (TranscriptKind::Agent, 3_000, "We are"),
        (TranscriptKind::Caller, 4_000, "stop"),
    ];
    assert_eq!(
        told(&log),
        expected.map(|(kind, at, text)| (kind, at, text.to_owned()))
    );
    let cut: Vec<_> = log.entries().iter().map(|entry| entry.cut).collect();
    assert_eq!(cut, [false, false, true, false]);
}

#[tokio::test(start_paused = true)]
async fn a_cough_is_not_when_the_words_behind_it_began() {
    let mut log = TranscriptLog::new();
    speaks(&mut log, 1_000, 1_200);
    speaks(&mut log, 9_000, 9_800);
    log.note(10_000, &said("hello"));
    // Whose speech nobody has told.
    log.note(12_000, &said("again"));
    let expected = [(9_000, "hello"), (12_000, "again")];
    let expected = expected.map(|(at, text)| (TranscriptKind::Caller, at, text.to_owned()));
    assert_eq!(told(&log), expected);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_heard_is_not_told() {
    let mut log = TranscriptLog::new();
    agent(&mut log, 100, "Hello.", "", 0);
    // A sound without words.
    agent(&mut log, 200, "", "", 700);
    assert_eq!(told(&log), []);
    // Of this one the first word was not finished.
    agent(&mut log, 300, "Immediately.", "", 400);
    assert_eq!(told(&log), [(TranscriptKind::Agent, 300, String::new())]);
}

#[tokio::test(start_paused = true)]
async fn tools_are_told_with_what_they_gave_also_without() {
    let mut log = TranscriptLog::new();
    tokio::time::advance(Duration::from_millis(500)).await;
    let slow = log.tool_called("slow", "{}");
    let quick = log.tool_called("quick", r#"{"a":1}"#);
    tokio::time::advance(Duration::from_millis(80)).await;
    log.tool_gave(quick, "7");
    log.note(600, &said("and"));
    let entries = log.entries();
    let names: Vec<_> = entries
        .iter()
        .map(|one| (one.at_ms, one.name.as_deref()))
        .collect();
    let expected = [(500, Some("quick")), (500, Some("slow")), (600, None)];
    assert_eq!(names, expected);
    assert_eq!(
        (entries[0].text.as_deref(), entries[0].took_ms),
        (Some("7"), Some(80))
    );
    assert_eq!(
        (entries[1].text.as_deref(), entries[1].took_ms),
        (None, None)
    );
    log.tool_gave(slow, &"x".repeat(5_000));
    let slow = log
        .entries()
        .into_iter()
        .find(|one| one.name.as_deref() == Some("slow"));
    let slow = slow.unwrap();
    assert_eq!(slow.left_out, Some(5_000 - 1_024));
    assert_eq!(slow.text.unwrap().len(), 1_024 + "…".len());
}

#[tokio::test(start_paused = true)]
async fn of_a_long_call_the_middle_is_left_out_and_counted() {
    let mut log = TranscriptLog::new();
    for n in 0..1_000_u64 {
        log.note(n * 1_000, &said(&format!("{n} {}", "ä".repeat(1_000))));
    }
    let entries = log.entries();
    let gap = entries
        .iter()
        .position(|one| one.kind == TranscriptKind::LeftOut);
    let gap = gap.unwrap();
    let left_out = entries[gap].left_out.unwrap();
    assert_eq!(u64::try_from(entries.len()).unwrap() - 1 + left_out, 1_000);
    assert_eq!(entries[0].at_ms, 0);
    assert_eq!(entries.last().unwrap().at_ms, 999_000);
    assert_eq!(entries[gap].at_ms, entries[gap + 1].at_ms);
    let json = serde_json::to_string(&entries).unwrap();
    assert!(json.len() <= MAX_HEAD + MAX_TAIL, "{}", json.len());
}

proptest! {
    #[test]
    fn texts_are_cut_between_characters(text in ".{0,40}", most in 0_usize..60) {
        let mut left_out = None;
        let cut = bounded(&text, most, &mut left_out);
        match left_out {
            None => prop_assert_eq!(cut, text),
            Some(more) => {
                let kept = cut.strip_suffix('…').unwrap();
                prop_assert!(text.starts_with(kept) && kept.len() <= most);
                prop_assert_eq!(kept.len() as u64 + more, text.len() as u64);
            }
        }
    }
}
