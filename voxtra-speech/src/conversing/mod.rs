//! Speech-to-speech over a websocket: what services have in common.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;
use voxtra_core::audio::Resampler;

use super::net::{Received, Socket};
use super::voice::Length;
use super::{Endpoint, Feed, Parts, ProviderError, ProviderErrorKind, TalkInput, TalkPart};

/// Longest audio of one response.
const LONGEST: Duration = Duration::from_secs(600);
/// Most bytes of a response's words.
const MAX_WORDS: usize = 64 << 10;
/// Most bytes of a tool call's arguments.
const MAX_ARGUMENTS: usize = 64 << 10;
/// Most tool calls of one response.
const MAX_CALLS: usize = 32;
/// Parts that wait for a slow reader. Behind them nothing is read from the service.
const WAITING: usize = 256;

/// How a service's protocol is spoken.
pub(crate) trait Protocol: Send + 'static {
    fn endpoint(&self) -> &Endpoint;

    /// Opens a connection, and tells the service of the conversation.
    fn open(&mut self) -> impl Future<Output = Result<Socket, ProviderError>> + Send;

    /// Whether the service takes input already.
    fn is_ready(&self) -> bool;

    /// Whether the service owes anything, so that its silence is a failure.
    fn owes(&self) -> bool;

    /// Whether the service asks to be connected to anew, and this is the time for it.
    fn leaves(&self) -> bool {
        false
    }

    /// What an input is in messages.
    fn give(&mut self, input: TalkInput, to: &mut Vec<Value>);

    /// What a message means, and what it is answered with.
    fn hear(
        &mut self,
        message: &Value,
        parts: &mut VecDeque<TalkPart>,
        to: &mut Vec<Value>,
    ) -> Result<(), ProviderError>;
}

/// Conducts a conversation.
pub(crate) fn converse(mut protocol: impl Protocol, mut input: Feed<TalkInput>) -> Parts<TalkPart> {
    Parts::made_by(move |out| async move {
        let mut socket = protocol.open().await?;
        let mut limits = Limits::default();
        let mut parts = VecDeque::new();
        let mut to = Vec::new();
        let mut last = Instant::now();
        loop {
            if protocol.leaves() {
                socket.close().await;
                socket = protocol.open().await?;
                last = Instant::now();
            }
            let idle = protocol.endpoint().timeouts().idle;
            let silent = last.checked_add(idle).unwrap_or(last);
            tokio::select! {
                biased;
                read = out.send_first(&mut parts), if !parts.is_empty() => {
                    if !read {
                        return Ok(());
                    }
                }
                given = input.next(), if protocol.is_ready() => {
                    let Some(given) = given else {
                        socket.close().await;
                        return Ok(());
                    };
                    if !protocol.owes() {
                        last = Instant::now();
                    }
                    protocol.give(given, &mut to);
                }
                received = socket.next(), if parts.len() < WAITING => {
                    last = Instant::now();
                    let text = match received? {
                        Received::Text(text) => text.into_bytes(),
                        // Gemini sends its JSON so.
                        Received::Binary(bytes) => bytes.to_vec(),
                        Received::Closed(said) => return Err(socket.closed_early(said)),
                    };
                    let message = serde_json::from_slice(&text).map_err(|error| {
                        socket.nonsense(&format!("it sent what is no JSON: {error}"))
                    })?;
                    let before = parts.len();
                    protocol.hear(&message, &mut parts, &mut to)?;
                    for part in parts.iter().skip(before) {
                        limits.count(part, protocol.endpoint())?;
                    }
                }
                () = tokio::time::sleep_until(silent), if protocol.owes() => {
                    return Err(protocol.endpoint().timed_out("nothing came from it", idle));
                }
            }
            for message in to.drain(..) {
                socket.send_text(message.to_string()).await?;
            }
        }
    })
}

/// What one response holds so far.
#[derive(Default)]
struct Limits {
    audio: Length,
    words: usize,
    calls: usize,
}

impl Limits {
    fn count(&mut self, part: &TalkPart, endpoint: &Endpoint) -> Result<(), ProviderError> {
        match part {
            TalkPart::Audio { rate_hz, samples } => self.audio.add(samples.len(), *rate_hz),
            TalkPart::Words(words) => self.words = self.words.saturating_add(words.len()),
            TalkPart::ToolCall(call) => {
                self.calls = self.calls.saturating_add(1);
                if call.arguments.len() > MAX_ARGUMENTS {
                    return Err(endpoint.nonsense("a tool call of its model is too long"));
                }
            }
            TalkPart::Done(_) => *self = Self::default(),
            _ => {}
        }
        let what = if self.audio.get() > LONGEST {
            "more than 10 minutes of audio"
        } else if self.words > MAX_WORDS {
            "more than 64 KiB of words"
        } else if self.calls > MAX_CALLS {
            "more than 32 tool calls"
        } else {
            return Ok(());
        };
        Err(endpoint.nonsense(format_args!("it sent {what} in one response")))
    }
}

/// A converter of the caller's audio to the rate that a service takes, if that is another.
pub(crate) fn converter(
    from_hz: u32,
    to_hz: u32,
    endpoint: &Endpoint,
) -> Result<Option<Box<Resampler>>, ProviderError> {
    if from_hz == to_hz {
        return Ok(None);
    }
    let resampler = Resampler::new(from_hz, to_hz);
    let refused = |error: voxtra_core::audio::ResampleError| {
        endpoint.error(ProviderErrorKind::Rejected, &error.to_string())
    };
    Ok(Some(Box::new(resampler.map_err(refused)?)))
}

/// Converts samples.
pub(crate) fn converted(resampler: Option<&mut Box<Resampler>>, samples: Vec<i16>) -> Vec<i16> {
    let Some(resampler) = resampler else {
        return samples;
    };
    let mut made = vec![0; resampler.output_len(samples.len())];
    let (_, count) = resampler.process(&samples, &mut made);
    made.truncate(count);
    made
}
