//! A call in virtual time: the leg that real calls go through, and who listens.

use voxtra::rt::session::Expect;
use voxtra_core::audio::{FRAME, SampleRate};
use voxtra_core::audiosocket::encode_audio;
use voxtra_core::event::{Realtime, RecordBody};
use voxtra_core::leg::{Command, Leg, LegSettings};
use voxtra_core::time::Instant;
use voxtra_core::turn::Patience;
use voxtra_core::vad::{TelephoneDetector, VoiceDetector};

use crate::chance::{Chance, from_db, response};
use crate::line::{Echo, N, RecordingPort, Voice, samples, through_mu_law};
use crate::set::{Call, RATE, Set};
use crate::timer::{Change, Timer};
use crate::transcript::Transcriber;

/// How long the agent thinks about an answer.
pub const THINKS: usize = 6 * RATE / 10;
/// The longest answer: the caller's next turn comes 5 s behind the last.
const ANSWER: usize = 5 * RATE / 2;

/// Who decides.
pub enum Listener {
    /// The leg, perhaps with words that come so much later.
    Ours { words: Option<usize> },
    /// A detector with timers.
    Timers(fn() -> Box<dyn VoiceDetector>),
}

/// What was seen of a call. Times are in samples since its beginning.
#[derive(Default)]
pub struct Seen {
    pub barge_ins: Vec<usize>,
    pub turn_ends: Vec<usize>,
    /// When speech was told.
    pub speech: Vec<usize>,
    /// Ends of utterances that were heard in full.
    pub completed: Vec<usize>,
    /// For each frame that was sent, in order: when, and how many of its samples reach to the last
    /// that is not silent.
    pub frames: Vec<(usize, usize)>,
    /// Frames in which the agent spoke, or would have.
    pub agent_frames: usize,
    pub held_frames: usize,
}

impl Seen {
    /// The end of the agent's last sound before `at`.
    pub fn last_sound_before(&self, at: usize) -> Option<usize> {
        let before = self.frames.iter().rev().filter(|(sent, _)| *sent < at);
        let mut sounds = before.filter(|(_, audible)| *audible > 0);
        sounds.next().map(|(sent, audible)| sent + audible)
    }
}

struct Agent<'a> {
    call: &'a Call,
    utterances: Vec<Vec<i16>>,
    speak_at: Option<usize>,
    voice: Voice,
}

impl Agent<'_> {
    fn act(&mut self, at: usize, epoch: u32) {
        if self.speak_at.is_some_and(|then| then <= at) {
            self.speak_at = None;
            let next = self.voice.said as usize % self.utterances.len();
            self.voice.say(&self.utterances[next], epoch);
        }
    }

    fn turn_ended(&mut self, at: usize) {
        if !self.call.over_agent || self.speak_at.is_some() {
            self.speak_at = Some(at + THINKS);
        }
    }
}

/// Plays the `n`th call of the set.
pub fn play(set: &Set, n: usize, listener: &Listener) -> Seen {
    let call = &set.calls[n];
    let mut chance = Chance::new(n as u64);
    let mut echo = echo(&mut chance);
    if matches!(listener, Listener::Timers(_)) {
        // As if somebody else had cancelled it all: ours has to do without.
        echo.taps = [0.0; 64];
    }
    let utterances = utterances(set, call, &mut chance);
    let (settings, mut timer, mut words) = listens(call, listener);
    let mut leg: Box<Leg<TelephoneDetector>> =
        Box::new(Leg::new(settings, TelephoneDetector::new()));
    let mut line = RecordingPort::default();
    let mut agent = Agent {
        call,
        utterances,
        speak_at: call.over_agent.then_some(RATE / 10),
        voice: Voice::default(),
    };
    let mut seen = Seen::default();
    let mut out = vec![0.0_f32; call.caller.len() + N];
    // Frames come in and go out at any offset to each other.
    let mut due = Instant::from_micros((20_000.0 * chance.unit()) as u64);
    leg.start(due);
    if words.is_some() && call.group == "numbers" {
        let expect = Command::ExpectPauses(Patience::Longer);
        leg.handle_command(due, expect, &mut line);
    }
    for (n, frame) in call.caller.chunks_exact(N).enumerate() {
        let arrival = Instant::from_micros((n as u64 + 1) * FRAME.as_micros() as u64);
        while due <= arrival {
            let at = samples(due);
            agent.act(at, line.epoch);
            leg.handle_deadline(due, &mut agent.voice, &mut line);
            seen.frames.push((at, line.audible()));
            seen.agent_frames += usize::from(leg.is_agent_speaking());
            seen.held_frames += usize::from(leg.is_agent_held());
            for (place, sample) in out[at..].iter_mut().zip(&line.sent) {
                *place = f32::from(*sample) / 32_768.0;
            }
            take(
                &mut line,
                &mut agent,
                &mut seen,
                &mut words,
                timer.is_some(),
            );
            due = leg.next_deadline();
        }
        let heard = through_mu_law(echo.add(frame, n * N, &out));
        let mut bytes = [0; 3 + 2 * N];
        encode_audio(SampleRate::Hz8000, &heard, &mut bytes).unwrap();
        let _ = leg.handle_input(arrival, &bytes, &mut line);
        let at = samples(arrival);
        take(
            &mut line,
            &mut agent,
            &mut seen,
            &mut words,
            timer.is_some(),
        );
        if let Some(words) = &mut words {
            for command in words.commands(at, line.epoch, leg.is_agent_speaking()) {
                leg.handle_command(arrival, command, &mut line);
            }
        }
        match timer.as_mut().and_then(|timer| timer.frame(&heard)) {
            Some(Change::Started) if leg.is_agent_speaking() => {
                let epoch = line.epoch;
                leg.handle_command(arrival, Command::Flush { epoch }, &mut line);
                seen.barge_ins.push(at);
                agent.speak_at = Some(at + 3 * RATE);
            }
            Some(Change::Ended) => {
                seen.turn_ends.push(at);
                agent.turn_ended(at);
            }
            _ => {}
        }
        take(
            &mut line,
            &mut agent,
            &mut seen,
            &mut words,
            timer.is_some(),
        );
    }
    seen
}

/// The settings of the leg, and who listens beside it.
fn listens<'a>(
    call: &'a Call,
    listener: &Listener,
) -> (LegSettings, Option<Timer>, Option<Transcriber<'a>>) {
    let settings = LegSettings::default();
    let expect = match call.group.as_str() {
        "numbers" => Expect::Digits,
        _ => Expect::Anything,
    };
    match listener {
        Listener::Ours { words } => {
            let words = words.map(|delay| Transcriber::new(call, delay, expect));
            (settings, None, words)
        }
        Listener::Timers(detector) => {
            let settings = settings.with(|leg| leg.turn.barge_in = false);
            (settings, Some(Timer::new(detector())), None)
        }
    }
}

/// Notes what happened, and what the agent makes of it.
fn take(
    line: &mut RecordingPort,
    agent: &mut Agent<'_>,
    seen: &mut Seen,
    words: &mut Option<Transcriber<'_>>,
    timers: bool,
) {
    for record in line.records.drain(..) {
        let at = samples(record.at);
        match record.body {
            RecordBody::Event(Realtime::UserSpeechStarted(_)) => {
                seen.speech.push(at);
                if let Some(words) = words {
                    words.speech_started(at);
                }
            }
            RecordBody::Event(Realtime::UserSpeechEnded(_)) => {
                if let Some(words) = words {
                    words.speech_ended(at);
                }
            }
            RecordBody::Event(Realtime::BargeIn(_)) => {
                seen.barge_ins.push(at);
                // Should the turn not end, a frightened agent tries again.
                agent.speak_at = Some(at + 3 * RATE);
            }
            RecordBody::Event(Realtime::TurnEnded(_)) if !timers => {
                seen.turn_ends.push(at);
                agent.turn_ended(at);
            }
            RecordBody::UtteranceEnded {
                interrupted: false, ..
            } => {
                seen.completed.push(at);
                if agent.call.over_agent {
                    agent.speak_at = Some(at + 3 * RATE / 10);
                }
            }
            _ => {}
        }
    }
}

/// Every third line returns nothing, the others 15 to 40 dB less, 20 to 250 ms later.
fn echo(chance: &mut Chance) -> Echo {
    let loss_db = match chance.unit() {
        dice if dice < 0.33 => 90.0,
        _ => chance.between(15.0, 40.0),
    };
    Echo {
        delay: (chance.between(0.020, 0.250) * RATE as f32) as usize,
        taps: response(loss_db, chance),
    }
}

/// What the agent says: short answers, or five prompts at a time.
fn utterances(set: &Set, call: &Call, chance: &mut Chance) -> Vec<Vec<i16>> {
    let gain = from_db(chance.between(-2.0, 6.0));
    let louder = |prompt: &[i16]| -> Vec<i16> {
        let louder = prompt
            .iter()
            .map(|sample| (f32::from(*sample) * gain) as i16);
        louder.collect()
    };
    if !call.over_agent {
        let short = set.agent.iter().filter(|prompt| prompt.len() <= ANSWER);
        return short.map(|prompt| louder(prompt)).collect();
    }
    let several = |_| {
        let mut samples = Vec::new();
        for _ in 0..5 {
            samples.extend(louder(chance.one_of::<Vec<i16>>(&set.agent)));
            samples.extend(vec![0; (chance.between(0.1, 0.4) * RATE as f32) as usize]);
        }
        samples
    };
    (0..20).map(several).collect()
}
