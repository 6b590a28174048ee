//! AssemblyAI's Universal-Streaming, version 3. Read on 2026-11-29:
//! <https://www.assemblyai.com/docs/streaming/message-sequence>,
//! <https://www.assemblyai.com/docs/api-reference/streaming-api/streaming-api>,
//! <https://www.assemblyai.com/docs/streaming/universal-streaming>,
//! <https://www.assemblyai.com/docs/streaming/common-session-errors-and-closures>.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::listening::{Dialect, Heard, Outgoing, mean, number, pcm, text};
use super::super::net::{Received, Socket};
use super::super::{Endpoint, ProviderError, ProviderErrorKind};

pub(super) struct Session {
    endpoint: Endpoint,
    path: String,
    rate_hz: f64,
    /// Samples sent.
    sent: u64,
    /// Samples sent before the utterance.
    began: u64,
    /// Where the last turn's last word ends, in seconds of the connection.
    heard_to: Option<f64>,
    /// The number of the last turn that ended.
    last_ended: f64,
    turn: Turn,
    /// `ForceEndpoint` was sent.
    asked: bool,
    /// A turn has ended since.
    answered: bool,
}

/// The turn of this utterance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    None,
    Ongoing,
    Ended,
}

/// `ForceEndpoint` is not answered when there is no turn. Then this much silence says so: the words
/// of a turn come some 300 ms behind the audio.
const NOTHING_SAID: Duration = Duration::from_millis(1_500);
/// The same behind a turn that has ended already.
const NOTHING_MORE: Duration = Duration::from_millis(400);

/// Seconds from the last word to the utterance's end: it ends with silence.
const TAIL: f64 = 1.5;

impl Session {
    pub(super) fn new(endpoint: Endpoint, path: String, rate_hz: u32) -> Self {
        Self {
            endpoint,
            path,
            rate_hz: f64::from(rate_hz.max(1)),
            sent: 0,
            began: 0,
            heard_to: None,
            last_ended: -1.0,
            turn: Turn::None,
            asked: false,
            answered: false,
        }
    }

    /// The error for a session that is refused or ended. The code is that of the message before the
    /// close, and of the close.
    fn refused(&self, code: u64, reason: &str) -> ProviderError {
        let kind = match code {
            3009 => ProviderErrorKind::RateLimited { retry_after: None },
            1008 if reason.contains("concurrent") => {
                ProviderErrorKind::RateLimited { retry_after: None }
            }
            1008 => ProviderErrorKind::Auth,
            3006 | 3007 => ProviderErrorKind::Rejected,
            // 3005: an error of the server; 3008: three hours are over.
            _ => ProviderErrorKind::Unavailable,
        };
        let message = format!("it ended the session: {code} {reason}");
        self.endpoint.error(kind, &message)
    }

    fn closed(&self, socket: &Socket, said: Option<String>) -> ProviderError {
        let code = said.as_deref().and_then(|said| said.split_once(' '));
        match code.and_then(|(code, reason)| Some((code.parse().ok()?, reason))) {
            Some((code, reason)) => self.refused(code, reason),
            None => socket.closed_early(said),
        }
    }
}

impl Dialect for Session {
    type Connection = Socket;

    fn provider(&self) -> &str {
        self.endpoint.provider()
    }

    fn patience(&self) -> Duration {
        self.endpoint.timeouts().first
    }

    async fn open(&mut self) -> Result<Socket, ProviderError> {
        self.last_ended = -1.0;
        self.sent = 0;
        let mut socket = self.endpoint.websocket(&self.path).await?;
        match socket.next_within(self.endpoint.timeouts().first).await? {
            Received::Closed(said) => Err(self.closed(&socket, said)),
            // "Begin". An error is told by the message's `hear`.
            Received::Text(message) => {
                let message = serde_json::from_str(&message).unwrap_or(Value::Null);
                self.hear(&message)?;
                Ok(socket)
            }
            Received::Binary(_) => Ok(socket),
        }
    }

    /// 50 to 1,000 ms are allowed.
    fn pieces(&self) -> (Duration, Duration) {
        (Duration::from_millis(60), Duration::from_millis(500))
    }

    fn begin(&mut self) -> Vec<Outgoing> {
        self.began = self.sent;
        self.heard_to = None;
        self.turn = Turn::None;
        self.asked = false;
        self.answered = false;
        Vec::new()
    }

    fn audio(&mut self, samples: &[i16]) -> Outgoing {
        self.sent = self.sent.saturating_add(samples.len() as u64);
        Outgoing::Bytes(pcm(samples))
    }

    fn end(&mut self) -> Vec<Outgoing> {
        self.asked = true;
        vec![json!({ "type": "ForceEndpoint" }).into()]
    }

    fn hear(&mut self, message: &Value) -> Result<Vec<Heard>, ProviderError> {
        match text(message, "/type") {
            "Turn" => {}
            "Error" => {
                let code = message.get("error_code").and_then(Value::as_u64);
                return Err(self.refused(code.unwrap_or_default(), text(message, "/error")));
            }
            _ => return Ok(Vec::new()),
        }
        let order = number(message, "/turn_order").unwrap_or(f64::MAX);
        // The end of a turn may come twice: as heard, and formatted.
        if order <= self.last_ended {
            return Ok(Vec::new());
        }
        let words = message.get("words").and_then(Value::as_array);
        let words = words.into_iter().flatten();
        let ended = message.get("end_of_turn").and_then(Value::as_bool);
        if ended != Some(true) {
            // `transcript` leaves out the words that may still change.
            let said: Vec<&str> = words.map(|word| text(word, "/text")).collect();
            if !said.is_empty() {
                self.turn = Turn::Ongoing;
            }
            return Ok(vec![Heard::Interim(said.join(" "))]);
        }
        self.last_ended = order;
        self.turn = Turn::Ended;
        // An utterance that is sent again arrives faster than it is understood: a turn may end in
        // the middle of it after its end was sent.
        let heard_to = words
            .clone()
            .filter_map(|word| number(word, "/end"))
            .next_back()
            .map(|end| end / 1_000.0);
        let now = self.sent as f64 / self.rate_hz;
        self.answered = self.asked && heard_to.is_none_or(|end| end + TAIL >= now);
        self.heard_to = heard_to;
        let mut heard = vec![Heard::Segment {
            text: text(message, "/transcript").to_owned(),
            confidence: mean(words.filter_map(|word| number(word, "/confidence"))),
        }];
        // The call knows already.
        if !self.asked {
            heard.push(Heard::EndOfTurn);
        }
        Ok(heard)
    }

    fn is_complete(&self) -> bool {
        self.answered
    }

    fn settles(&self) -> Option<Duration> {
        match self.turn {
            Turn::None => Some(NOTHING_SAID),
            Turn::Ongoing => None,
            Turn::Ended => Some(NOTHING_MORE),
        }
    }

    fn final_to(&self) -> Option<Duration> {
        let began = self.began as f64 / self.rate_hz;
        Duration::try_from_secs_f64(self.heard_to? - began).ok()
    }

    fn goodbye(&mut self) -> Option<Outgoing> {
        Some(json!({ "type": "Terminate" }).into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::listening::sample_json;
    use super::*;

    fn session() -> Session {
        let endpoint = Endpoint::new("assemblyai", "http://host", Default::default());
        Session::new(endpoint.unwrap(), String::new(), 8_000)
    }

    #[test]
    fn a_turn_that_is_told_twice_is_heard_once() {
        let mut session = session();
        session.begin();
        let end = json!({ "type": "Turn", "turn_order": 0, "end_of_turn": true, "transcript": "hi",
            "words": [{ "text": "hi", "confidence": 0.5 }, { "text": "you", "confidence": 1 }] });
        let segment = Heard::Segment {
            text: "hi".to_owned(),
            confidence: 0.75,
        };
        assert_eq!(session.hear(&end).unwrap(), [segment, Heard::EndOfTurn]);
        assert_eq!(session.hear(&end).unwrap(), []);
    }

    #[test]
    fn the_end_of_a_session_says_what_to_do() {
        let mut session = session();
        let limited = ProviderErrorKind::RateLimited { retry_after: None };
        for (code, reason, kind) in [
            (
                1008,
                "Missing Authorization header",
                ProviderErrorKind::Auth,
            ),
            (1008, "Too many concurrent sessions", limited),
            (3009, "Too many concurrent sessions", limited),
            (3006, "Invalid JSON", ProviderErrorKind::Rejected),
            (3008, "Session Expired", ProviderErrorKind::Unavailable),
        ] {
            let message = json!({ "type": "Error", "error_code": code, "error": reason });
            let error = session.hear(&message).unwrap_err();
            assert_eq!(error.kind, kind, "{error}");
        }
    }

    #[test]
    fn a_turn_that_goes_on_is_waited_for() {
        let mut session = session();
        session.begin();
        session.end();
        assert_eq!(session.settles(), Some(NOTHING_SAID));
        let more = json!({ "type": "Turn", "turn_order": 0, "end_of_turn": false,
            "transcript": "hi", "words": [{ "text": "hi" }, { "text": "you" }] });
        let interim = Heard::Interim("hi you".to_owned());
        assert_eq!(session.hear(&more).unwrap(), [interim]);
        assert_eq!(session.settles(), None);
    }

    #[test]
    fn a_turn_within_an_utterance_that_was_sent_at_once_is_not_its_end() {
        let mut session = session();
        session.begin();
        session.audio(&[0; 40_000]);
        session.end();
        let turn = |order: u32, end: u32| {
            json!({ "type": "Turn", "turn_order": order, "end_of_turn": true, "transcript": "hi",
                "words": [{ "text": "hi", "end": end }] })
        };
        session.hear(&turn(0, 1_000)).unwrap();
        assert!(!session.is_complete());
        assert_eq!(session.settles(), Some(NOTHING_MORE));
        session.hear(&turn(1, 4_400)).unwrap();
        assert!(session.is_complete());
        assert_eq!(session.final_to(), Some(Duration::from_millis(4_400)));
        session.begin();
        assert_eq!(session.final_to(), None);
        session.audio(&[0; 8_000]);
        session.hear(&turn(2, 5_500)).unwrap();
        assert_eq!(session.final_to(), Some(Duration::from_millis(500)));
    }

    proptest! {
        #[test]
        fn no_message_panics(message in sample_json()) {
            let mut session = session();
            session.begin();
            let _ = session.hear(&message);
            session.end();
            let _ = (session.hear(&message), session.is_complete(), session.settles());
        }
    }
}
