use std::sync::Arc;

use tokio::time::Instant;

use super::super::super::{
    FallbackAgent, Feed, Message, PartSender, ScriptedReply, ScriptedSpeechToSpeech, ScriptedTurn,
    SpeechToSpeech, TalkInput, TalkOptions, TalkPart,
};
use super::*;
use ProviderErrorKind::{Auth, Unavailable};

/// A conversation with several services as one.
struct Talk {
    input: PartSender<TalkInput>,
    parts: Parts<TalkPart>,
}

impl Talk {
    fn with<const N: usize>(services: [&ScriptedSpeechToSpeech; N]) -> Self {
        let all = services.map(|one| Arc::new(one.clone()) as Arc<dyn SpeechToSpeech>);
        let (input, feed) = Feed::queue(64);
        let agent = FallbackAgent::new(all.into()).unwrap();
        let parts = agent.talk(TalkOptions::new(8_000, "be"), feed);
        Self { input, parts }
    }

    /// The words of the response to what the caller says, or how it failed.
    async fn turn(&mut self) -> Result<String, ProviderErrorKind> {
        self.input.send(TalkInput::Audio(vec![1; 800])).await;
        self.input.send(TalkInput::Respond).await;
        let mut words = String::new();
        loop {
            match self.parts.next().await {
                Some(Ok(TalkPart::Words(more))) => words.push_str(&more),
                Some(Ok(TalkPart::Done(_))) => return Ok(words),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.kind),
                None => panic!("no end of {words:?}"),
            }
        }
    }

    /// The transcript of what the caller said.
    async fn understood(&mut self) -> String {
        match self.parts.next().await {
            Some(Ok(TalkPart::Caller { text, .. })) => text,
            other => panic!("{other:?}"),
        }
    }
}

fn failing(kind: ProviderErrorKind) -> ScriptedTurn {
    ScriptedReply::default().fails(kind).into()
}

#[tokio::test(start_paused = true)]
async fn the_next_one_goes_on_within_the_turn_with_what_was_said() {
    let first = ScriptedSpeechToSpeech::new([
        ScriptedTurn::hears("when do you open").says("At nine."),
        failing(Auth),
    ]);
    let second = ScriptedSpeechToSpeech::new(["And we close at five."]);
    let mut talk = Talk::with([&first, &second]);
    assert_eq!(talk.turn().await.unwrap(), "At nine.");
    assert_eq!(talk.understood().await, "when do you open");
    assert_eq!(talk.turn().await.unwrap(), "And we close at five.");
    let history = second.begun()[0].history.clone();
    let said = [
        Message::assistant("At nine."),
        Message::User("when do you open".to_owned()),
    ];
    assert_eq!(history, said);
    assert_eq!(second.begun()[0].instructions, "be");
    // Of the caller it hears what has no response yet.
    assert_eq!(second.heard_samples(), 800);
    assert_eq!(second.given(), [TalkInput::Respond]);
}

#[tokio::test(start_paused = true)]
async fn one_that_does_not_begin_is_left() {
    let first = ScriptedSpeechToSpeech::default().always(ScriptedReply::default().hangs());
    let second = ScriptedSpeechToSpeech::default().always("Yes.");
    let mut talk = Talk::with([&first, &second]);
    let since = Instant::now();
    assert_eq!(talk.turn().await.unwrap(), "Yes.");
    assert_eq!(since.elapsed().as_secs(), 5);
    // It goes on with the one that answers.
    let since = Instant::now();
    assert_eq!(talk.turn().await.unwrap(), "Yes.");
    assert!(since.elapsed() < seconds(1));
    assert_eq!((first.begun().len(), second.begun().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_response_that_broke_off_is_not_repeated_by_another() {
    let broken = ScriptedReply::says("At ").fails(Unavailable);
    let first = ScriptedSpeechToSpeech::new([broken]);
    let second = ScriptedSpeechToSpeech::default().always("Yes.");
    let mut talk = Talk::with([&first, &second]);
    assert_eq!(talk.turn().await, Err(Unavailable));
    assert!(second.begun().is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_whose_connection_was_stale_is_asked_again() {
    let first = ScriptedSpeechToSpeech::new([failing(Unavailable), "Yes.".into()]);
    let second = ScriptedSpeechToSpeech::default();
    let mut talk = Talk::with([&first, &second]);
    assert_eq!(talk.turn().await.unwrap(), "Yes.");
    assert_eq!(first.heard_samples(), 2 * 800);
}

#[tokio::test(start_paused = true)]
async fn when_all_fail_that_is_the_error() {
    let [first, second] = [Auth, Auth].map(|kind| ScriptedSpeechToSpeech::new([failing(kind)]));
    let mut talk = Talk::with([&first, &second]);
    assert_eq!(talk.turn().await, Err(Auth));
    assert_eq!((first.begun().len(), second.begun().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn one_that_keeps_failing_is_left_out_by_the_next_conversations() {
    let first = ScriptedSpeechToSpeech::default().always(failing(Auth));
    let second = ScriptedSpeechToSpeech::default().always("Yes.");
    let all = [&first, &second].map(|one| Arc::new(one.clone()) as Arc<dyn SpeechToSpeech>);
    let agent = FallbackAgent::new(all.into()).unwrap();
    for _ in 0..10 {
        let (input, feed) = Feed::queue(64);
        let parts = agent.talk(TalkOptions::new(8_000, "be"), feed);
        let mut talk = Talk { input, parts };
        assert_eq!(talk.turn().await.unwrap(), "Yes.");
    }
    assert!(first.begun().len() < 5, "{}", first.begun().len());
    assert_eq!(second.begun().len(), 10);
}
