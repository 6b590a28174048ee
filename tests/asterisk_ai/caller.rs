//! The caller: says what the stack's voice has spoken, and keeps what it hears.

use super::PATIENCE;
use super::asterisk::Asterisk;
use super::asterisk::phone::Phone;
use super::asterisk::recording::envelope;
use super::serve::Serve;
use super::stack::Utterance;

/// Loudness of a step of 10 ms from which it is speech.
const LOUD: f32 = 150.0;
/// Samples per second.
const RATE: usize = 8000;

/// A caller with a SIP telephone, in a call.
pub(crate) struct Caller {
    phone: Phone,
}

impl Caller {
    /// Calls `number`, and is answered.
    pub(crate) async fn calls(asterisk: &Asterisk, serve: &Serve, number: &str) -> Self {
        let mut phone = Phone::new(asterisk).await;
        phone.call(number, &serve.name).await;
        Self { phone }
    }

    /// What was heard so far, in samples.
    pub(crate) fn now(&self) -> usize {
        self.phone.tape().borrow().len()
    }

    /// Says this.
    pub(crate) async fn says(&self, words: &Utterance) {
        self.begins(words).await.unwrap();
    }

    /// Begins to say this; what is returned comes when it was said.
    pub(crate) fn begins(&self, words: &Utterance) -> tokio::sync::oneshot::Receiver<()> {
        self.phone.say(&words.samples)
    }

    /// Waits until speech of so many seconds, pauses left out, was heard behind `from`.
    pub(crate) async fn hears(&self, from: usize, seconds: f32, serve: &Serve) {
        let enough = (seconds * 100.0) as usize;
        self.until("speech", serve, |tape| loud_steps(&tape[from..]) >= enough)
            .await;
    }

    /// Waits until the last so many seconds were quiet.
    pub(crate) async fn hears_nothing(&self, seconds: f32, serve: &Serve) {
        let length = (seconds * RATE as f32) as usize;
        let from = self.now();
        self.until("silence", serve, |tape| {
            tape.len() >= from + length / 2
                && tape.len() >= length
                && loud_steps(&tape[tape.len() - length..]) == 0
        })
        .await;
    }

    async fn until(&self, what: &str, serve: &Serve, found: impl Fn(&[i16]) -> bool) {
        let mut tape = self.phone.tape();
        let waiting = tape.wait_for(|tape| found(tape));
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(found) => drop(found.unwrap()),
            Err(_) => panic!("the caller waited for {what} in vain; {}", serve.story()),
        }
    }

    /// What was heard from there on.
    pub(crate) fn heard(&self, from: usize) -> Vec<i16> {
        self.phone.tape().borrow()[from..].to_vec()
    }

    /// When speech was last heard behind `from`: seconds behind it.
    pub(crate) fn last_heard(&self, from: usize) -> f32 {
        let heard = self.heard(from);
        let last = envelope(&heard, RATE as u32)
            .iter()
            .rposition(|level| *level > LOUD);
        last.map_or(0.0, |step| (step + 1) as f32 / 100.0)
    }

    /// Hangs up.
    pub(crate) async fn hangs_up(mut self) {
        self.phone.bye().await;
    }
}

/// Steps of 10 ms in which there is speech.
fn loud_steps(samples: &[i16]) -> usize {
    let levels = envelope(samples, RATE as u32);
    levels.iter().filter(|level| **level > LOUD).count()
}
