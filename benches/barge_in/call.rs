//! A call in virtual time, through the leg that real calls go through.

use voxtra_core::audio::{FRAME, SampleRate};
use voxtra_core::audiosocket::encode_audio;
use voxtra_core::event::{Realtime, RecordBody};
use voxtra_core::leg::{Command, Leg, LegSettings};
use voxtra_core::time::Instant;
use voxtra_core::turn::Meaning;
use voxtra_core::vad::VoiceDetector;

use crate::codec::Codec;
use crate::line::{N, RecordingPort, Voice, samples, through_mu_law};
use crate::scene::{Kind, Scene};

/// What was seen of a call. Times are in samples since its beginning.
#[derive(Default)]
pub struct Seen {
    pub barge_ins: Vec<usize>,
    pub turn_ends: Vec<usize>,
    /// Ends of utterances that were heard in full.
    pub completed: Vec<usize>,
    /// For each frame that was sent, in order: when, and how many of its samples reach to the last
    /// that is not silent.
    pub frames: Vec<(usize, usize)>,
    /// When the agent began to be held back.
    pub pauses: Vec<usize>,
    /// Frames in which the agent spoke, or would have.
    pub agent_frames: usize,
    pub held_frames: usize,
}

impl Seen {
    /// The end of the agent's last sound before `at`.
    pub fn last_sound_before(&self, at: usize) -> Option<usize> {
        let before = self.frames.iter().rev().filter(|(sent, _)| *sent < at);
        before
            .filter(|(_, audible)| *audible > 0)
            .map(|(sent, audible)| sent + audible)
            .next()
    }
}

/// What the agent says next, and when.
struct Agent<'a> {
    scene: &'a Scene,
    speak_at: Option<usize>,
    voice: Voice,
}

impl Agent<'_> {
    fn act(&mut self, at: usize, epoch: u32) {
        if self.speak_at.is_some_and(|then| then <= at) {
            self.speak_at = None;
            let next = self.voice.said as usize % self.scene.agent.len();
            self.voice.say(&self.scene.agent[next], epoch);
        }
    }
}

/// What the caller's words mean, and when each became known, in samples.
pub type Told = Vec<(usize, Meaning)>;

/// Plays `scene`. `words` are told to the leg while they are said, if there are any. A codec codes
/// what goes to the caller, another what the caller sends.
pub fn play<V: VoiceDetector>(
    scene: &Scene,
    settings: LegSettings,
    detector: V,
    mut codecs: Option<[Codec; 2]>,
    words: &Told,
) -> Seen {
    let mut leg: Box<Leg<V>> = Box::new(Leg::new(settings, detector));
    let mut line = RecordingPort::default();
    let mut agent = Agent {
        scene,
        speak_at: (!Kind::TURNS.contains(&scene.kind)).then_some(scene.agent_from),
        voice: Voice::default(),
    };
    let mut seen = Seen::default();
    let mut out = vec![0.0_f32; scene.caller.len() + N];
    let mut due = Instant::from_micros(scene.phase_us);
    leg.start(due);
    let mut words = words.iter().peekable();
    if words.peek().is_some() {
        leg.handle_command(due, Command::ExpectWords(true), &mut line);
    }
    for (n, frame) in scene.caller.chunks_exact(N).enumerate() {
        let arrival = Instant::from_micros((n as u64 + 1) * FRAME.as_micros() as u64);
        while due <= arrival {
            let at = samples(due);
            agent.act(at, line.epoch);
            let pauses = leg.playout_counters().pauses;
            leg.handle_deadline(due, &mut agent.voice, &mut line);
            let counters = leg.playout_counters();
            if counters.pauses > pauses {
                seen.pauses.push(at);
            }
            seen.frames.push((at, line.audible()));
            seen.agent_frames += usize::from(leg.is_agent_speaking());
            seen.held_frames += usize::from(leg.is_agent_held());
            for (place, sample) in out[at..].iter_mut().zip(&line.sent) {
                *place = f32::from(*sample) / 32_768.0;
            }
            take(&mut line, &mut agent, &mut seen);
            due = leg.next_deadline();
        }
        if let Some([down, _]) = &mut codecs {
            down.pass(&mut out[n * N..(n + 1) * N]);
        }
        let mut heard = scene.echo.add(frame, n * N, &out);
        if let Some([_, up]) = &mut codecs {
            up.pass(&mut heard);
        }
        let heard = through_mu_law(heard);
        let mut bytes = [0; 3 + 2 * N];
        encode_audio(SampleRate::Hz8000, &heard, &mut bytes).unwrap();
        let _ = leg.handle_input(arrival, &bytes, &mut line);
        while let Some((_, meaning)) = words.next_if(|(at, _)| *at <= samples(arrival)) {
            let (epoch, meaning) = (line.epoch, *meaning);
            leg.handle_command(arrival, Command::Overlap { epoch, meaning }, &mut line);
        }
        take(&mut line, &mut agent, &mut seen);
    }
    seen
}

/// Notes what happened, and what the agent makes of it.
fn take(line: &mut RecordingPort, agent: &mut Agent<'_>, seen: &mut Seen) {
    for record in line.records.drain(..) {
        let at = samples(record.at);
        match record.body {
            RecordBody::Event(Realtime::BargeIn(_)) => {
                seen.barge_ins.push(at);
                // Should the turn not end, a frightened agent tries again.
                agent.speak_at = Some(at + 50 * RATE_TENTH);
            }
            RecordBody::Event(Realtime::TurnEnded(_)) => {
                seen.turn_ends.push(at);
                if Kind::TURNS.contains(&agent.scene.kind) || agent.speak_at.is_some() {
                    agent.speak_at = Some(at + 6 * RATE_TENTH);
                }
            }
            RecordBody::UtteranceEnded {
                interrupted: false, ..
            } => {
                seen.completed.push(at);
                if !Kind::TURNS.contains(&agent.scene.kind) {
                    agent.speak_at = Some(at + 3 * RATE_TENTH);
                }
            }
            _ => {}
        }
    }
}

/// Samples in 100 ms.
const RATE_TENTH: usize = 800;
