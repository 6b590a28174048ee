//! The way of an utterance, against a provider in memory and in virtual time.

use tokio::sync::mpsc;

use super::*;

/// What a provider in memory is asked for, and answers.
struct Fake {
    /// Connections that can be opened, in order; behind them none can.
    connections: mpsc::UnboundedReceiver<FakeConnection>,
    ended: bool,
    complete: bool,
    patience: Duration,
    final_to: Option<Duration>,
}

struct FakeConnection {
    sent: mpsc::UnboundedSender<Outgoing>,
    answers: mpsc::UnboundedReceiver<Value>,
}

/// The provider's end of a connection.
struct Server {
    sent: mpsc::UnboundedReceiver<Outgoing>,
    answers: mpsc::UnboundedSender<Value>,
}

fn broken() -> ProviderError {
    ProviderError::new("fake", ProviderErrorKind::Unavailable, "broken")
}

impl Connection for FakeConnection {
    async fn send(&mut self, message: Outgoing) -> Result<(), ProviderError> {
        self.sent.send(message).map_err(|_| broken())
    }

    async fn next(&mut self) -> Result<Value, ProviderError> {
        self.answers.recv().await.ok_or_else(broken)
    }

    async fn close(self) {}
}

impl Dialect for Fake {
    type Connection = FakeConnection;

    fn provider(&self) -> &str {
        "fake"
    }

    fn patience(&self) -> Duration {
        self.patience
    }

    async fn open(&mut self) -> Result<FakeConnection, ProviderError> {
        self.connections.recv().await.ok_or_else(broken)
    }

    fn keep_alive(&self) -> Option<(Duration, Outgoing)> {
        Some((Duration::from_secs(4), said("alive")))
    }

    fn pieces(&self) -> (Duration, Duration) {
        (Duration::from_millis(20), Duration::from_millis(40))
    }

    fn begin(&mut self) -> Vec<Outgoing> {
        (self.ended, self.complete) = (false, false);
        vec![said("begin")]
    }

    fn audio(&mut self, samples: &[i16]) -> Outgoing {
        Outgoing::Bytes(pcm(samples))
    }

    fn end(&mut self) -> Vec<Outgoing> {
        self.ended = true;
        vec![said("end")]
    }

    fn hear(&mut self, message: &Value) -> Result<Vec<Heard>, ProviderError> {
        let words = |pointer| Some(text(message, pointer).to_owned()).filter(|t| !t.is_empty());
        self.complete |= self.ended && message.get("last").is_some();
        self.final_to = number(message, "/to").map(Duration::from_secs_f64);
        let interim = words("/interim").map(Heard::Interim);
        let segment = words("/segment").map(|text| Heard::Segment {
            text,
            confidence: number(message, "/sure").unwrap_or(1.0),
        });
        Ok(interim.into_iter().chain(segment).collect())
    }

    fn is_complete(&self) -> bool {
        self.complete
    }

    fn final_to(&self) -> Option<Duration> {
        self.final_to
    }
}

fn said(text: &str) -> Outgoing {
    Outgoing::Text(text.to_owned())
}

fn bytes(samples: &[i16]) -> Outgoing {
    Outgoing::Bytes(pcm(samples))
}

struct Call {
    input: PartSender<SpeechInput>,
    parts: Parts<Recognition>,
    servers: Vec<Server>,
}

impl Call {
    /// A call whose provider can be connected to so often.
    fn with(connections: usize) -> Self {
        Self::patient(connections, Duration::from_secs(10))
    }

    /// The same, with a provider that may take so long.
    fn patient(connections: usize, patience: Duration) -> Self {
        let (input, feed) = Feed::queue(10_000);
        let (to, received) = mpsc::unbounded_channel();
        let mut servers = Vec::new();
        for _ in 0..connections {
            let (sent, sent_to) = mpsc::unbounded_channel();
            let (answers, answers_to) = mpsc::unbounded_channel();
            let connection = FakeConnection {
                sent,
                answers: answers_to,
            };
            to.send(connection).map_err(|_| ()).unwrap();
            servers.push(Server {
                sent: sent_to,
                answers,
            });
        }
        let fake = Fake {
            connections: received,
            ended: false,
            complete: false,
            patience,
            final_to: None,
        };
        Self {
            input,
            parts: listen(fake, &ListenOptions::new(1_000), feed),
            servers,
        }
    }

    async fn says(&self, parts: impl IntoIterator<Item = SpeechInput>) {
        for part in parts {
            assert!(self.input.send(part).await);
        }
    }

    /// Lets it work until it waits for something else than us.
    async fn works(&mut self) {
        let waiting = Duration::from_millis(1);
        let part = tokio::time::timeout(waiting, self.parts.next()).await;
        assert!(part.is_err(), "{part:?}");
    }

    fn sent(&mut self, connection: usize) -> Vec<Outgoing> {
        let mut all = Vec::new();
        while let Ok(message) = self.servers[connection].sent.try_recv() {
            all.push(message);
        }
        all
    }

    fn answer(&self, connection: usize, message: Value) {
        self.servers[connection].answers.send(message).unwrap();
    }

    async fn next(&mut self) -> Option<Result<Recognition, ProviderError>> {
        self.parts.next().await
    }
}

fn utterance(samples: &[i16]) -> [SpeechInput; 3] {
    let audio = SpeechInput::Audio(samples.to_vec());
    [SpeechInput::Started, audio, SpeechInput::Ended]
}

fn last(text: &str, confidence: f32) -> Option<Result<Recognition, ProviderError>> {
    let text = text.to_owned();
    Some(Ok(Recognition::Final { text, confidence }))
}

fn partial(text: &str) -> Option<Result<Recognition, ProviderError>> {
    let text = text.to_owned();
    Some(Ok(Recognition::Partial { text }))
}

fn kind(error: Option<Result<Recognition, ProviderError>>) -> ProviderErrorKind {
    error.unwrap().unwrap_err().kind
}

#[tokio::test(start_paused = true)]
async fn segments_become_one_transcript_and_partials_hold_all_of_it() {
    let mut call = Call::with(1);
    call.says(utterance(&[1; 20])).await;
    call.works().await;
    call.answer(0, serde_json::json!({ "interim": "one" }));
    call.answer(
        0,
        serde_json::json!({ "segment": " one  two ", "sure": 0.5 }),
    );
    call.answer(0, serde_json::json!({ "segment": "." }));
    call.answer(0, serde_json::json!({ "interim": "three" }));
    assert_eq!(call.next().await, partial("one"));
    assert_eq!(call.next().await, partial("one two"));
    assert_eq!(call.next().await, partial("one two three"));
    call.works().await;
    call.answer(0, serde_json::json!({ "segment": "three four", "last": 1 }));
    assert_eq!(call.next().await, last("one two three four", 0.75));
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_kept_alive_and_sends_no_audio() {
    let mut call = Call::with(1);
    let nothing = tokio::time::timeout(Duration::from_secs(9), call.next()).await;
    assert!(nothing.is_err());
    assert_eq!(call.sent(0), [said("alive"), said("alive")]);
    call.says(utterance(&[1; 50])).await;
    call.works().await;
    let expected = [
        said("begin"),
        bytes(&[1; 40]),
        // The last piece is filled up.
        bytes(&[[1; 10], [0; 10]].concat()),
        said("end"),
    ];
    assert_eq!(call.sent(0), expected);
}

#[tokio::test(start_paused = true)]
async fn the_next_utterance_waits_for_the_words_of_this_one_and_loses_nothing() {
    let mut call = Call::with(1);
    call.says(utterance(&[1; 20])).await;
    call.says(utterance(&[2; 20])).await;
    call.works().await;
    assert_eq!(call.sent(0), [said("begin"), bytes(&[1; 20]), said("end")]);
    call.answer(0, serde_json::json!({ "segment": "one", "last": 1 }));
    assert_eq!(call.next().await, last("one", 1.0));
    call.works().await;
    assert_eq!(call.sent(0), [said("begin"), bytes(&[2; 20]), said("end")]);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_broke_in_a_pause_is_opened_again_for_the_next_utterance() {
    let mut call = Call::with(2);
    call.works().await;
    call.servers.remove(0);
    call.works().await;
    call.says(utterance(&[1; 20])).await;
    call.works().await;
    assert_eq!(call.sent(0), [said("begin"), bytes(&[1; 20]), said("end")]);
}

#[tokio::test(start_paused = true)]
async fn an_utterance_in_which_it_broke_is_sent_again_once() {
    let mut call = Call::with(2);
    call.says(utterance(&[1; 20])).await;
    call.works().await;
    call.answer(0, serde_json::json!({ "segment": "one" }));
    assert_eq!(call.next().await, partial("one"));
    call.works().await;
    call.servers.remove(0);
    call.works().await;
    assert_eq!(call.sent(0), [said("begin"), bytes(&[1; 20]), said("end")]);
    call.servers.remove(0);
    assert_eq!(kind(call.next().await), ProviderErrorKind::Unavailable);
    assert_eq!(call.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn only_the_last_half_minute_is_kept_to_be_sent_again() {
    let mut call = Call::with(2);
    call.says([SpeechInput::Started]).await;
    for second in 0..40 {
        call.says([SpeechInput::Audio(vec![second; 1_000])]).await;
    }
    call.works().await;
    call.servers.remove(0);
    call.works().await;
    let sent = call.sent(0);
    assert_eq!(sent[0], said("begin"));
    assert_eq!(sent[1], bytes(&[10; 40]));
    assert_eq!(sent.len(), 1 + 30 * 25);
}

#[tokio::test(start_paused = true)]
async fn words_that_are_certain_are_kept_and_their_audio_is_not_sent_again() {
    let mut call = Call::with(2);
    call.says([SpeechInput::Started]).await;
    for second in 0..40 {
        call.says([SpeechInput::Audio(vec![second; 1_000])]).await;
    }
    call.works().await;
    call.answer(0, serde_json::json!({ "segment": "one", "to": 5 }));
    assert_eq!(call.next().await, partial("one"));
    call.answer(0, serde_json::json!({ "segment": "two", "to": 36 }));
    assert_eq!(call.next().await, partial("one two"));
    call.answer(0, serde_json::json!({ "interim": "thr" }));
    assert_eq!(call.next().await, partial("one two thr"));
    call.works().await;
    call.servers.remove(0);
    call.works().await;
    let sent = call.sent(0);
    assert_eq!(sent[1], bytes(&[36; 40]));
    assert_eq!(sent.len(), 1 + 4 * 25);
    // The second connection counts from what it was given first.
    call.answer(0, serde_json::json!({ "segment": "three", "to": 3 }));
    assert_eq!(call.next().await, partial("one two three"));
    call.says([SpeechInput::Ended]).await;
    call.works().await;
    call.answer(0, serde_json::json!({ "segment": "four", "last": 1 }));
    assert_eq!(call.next().await, last("one two three four", 1.0));
}

#[tokio::test(start_paused = true)]
async fn a_final_that_never_comes_is_a_timeout_however_much_else_comes() {
    let mut call = Call::with(1);
    call.says(utterance(&[1; 20])).await;
    let answers = call.servers[0].answers.clone();
    tokio::spawn(async move {
        for n in 0..100 {
            sleep(Duration::from_secs(1)).await;
            let _ = answers.send(serde_json::json!({ "interim": format!("word {n}") }));
        }
    });
    let started = Instant::now();
    while matches!(call.next().await, Some(Ok(Recognition::Partial { .. }))) {}
    assert_eq!(started.elapsed().as_secs(), 10);
    assert_eq!(call.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn patience_may_have_no_end() {
    let mut call = Call::patient(1, Duration::MAX);
    call.says(utterance(&[1; 20])).await;
    call.works().await;
    sleep(Duration::from_secs(86_400)).await;
    call.answer(0, serde_json::json!({ "segment": "one", "last": 1 }));
    assert_eq!(call.next().await, last("one", 1.0));
}

#[tokio::test(start_paused = true)]
async fn words_without_end_are_refused() {
    let mut call = Call::with(1);
    call.says(utterance(&[1; 20])).await;
    call.works().await;
    call.answer(0, serde_json::json!({ "segment": "word ".repeat(20_000) }));
    assert_eq!(kind(call.next().await), ProviderErrorKind::Protocol);
}

#[tokio::test(start_paused = true)]
async fn notes_of_models_that_hear_nothing_are_no_words() {
    for nothing in ["", " . ", "[BLANK_AUDIO]", "(silence)", "…"] {
        let mut call = Call::with(1);
        call.says(utterance(&[1; 20])).await;
        call.works().await;
        call.answer(0, serde_json::json!({ "segment": nothing, "last": 1 }));
        call.works().await;
    }
    assert!(Words::default().segment("[a] or [b]", 1.0).is_some());
}
