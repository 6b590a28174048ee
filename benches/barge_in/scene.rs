//! Calls to be played: what the caller's side sounds like, what the agent has to say, and what the
//! line returns.

use crate::chance::{Chance, from_db, response};
use crate::line::Echo;
use crate::sounds::{Library, Sounds};

/// Samples in a second.
pub const RATE: usize = 8_000;
/// When an agent that waits for nobody begins, in samples.
const AGENT_FROM: usize = RATE / 10;
/// Samples by which the mobile network's codec delays a sound.
const CODEC_DELAY: usize = 40;

/// What the caller does, but for what is heard behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Nothing: the line's own noise, and the agent's echo.
    Echo,
    Noise,
    Music,
    Stationary,
    Cough,
    Click,
    /// "Mm-hm", and short words.
    Backchannel,
    /// The caller talks over the agent, on a quiet line.
    Interruption,
    /// The same before noise or music 10 to 20 dB softer than the caller.
    NoisyInterruption,
    /// The caller talks in turns of several phrases, and the agent answers.
    Turns,
    /// The agent's echo alone, 6 to 25 dB softer and so late: a loudspeaker on a mobile network.
    Echo400,
    Echo600,
    Echo1000,
    /// The same at any delay from 200 ms to 1 s, through a mobile network's codec on both ways.
    EchoMobile,
    /// The caller talks over the agent and an echo that comes 320 ms to 1 s later.
    LateInterruption,
    /// The same through a mobile network's codec on both ways.
    MobileInterruption,
    /// The caller says something first. Somebody else talks all the time, 10 to 30 dB softer: a
    /// television, people in the room.
    Voice,
    /// The same, and the caller talks over the agent.
    VoiceInterruption,
    /// The caller talks in turns, and somebody else talks all the time.
    VoiceTurns,
    /// Two to four backchannels in a row: "mm-hm, yeah, okay".
    LongBackchannel,
}

impl Kind {
    pub const ALL: [Self; 20] = [
        Self::Echo,
        Self::Noise,
        Self::Music,
        Self::Stationary,
        Self::Cough,
        Self::Click,
        Self::Backchannel,
        Self::Interruption,
        Self::NoisyInterruption,
        Self::Turns,
        Self::Echo400,
        Self::Echo600,
        Self::Echo1000,
        Self::EchoMobile,
        Self::LateInterruption,
        Self::MobileInterruption,
        Self::Voice,
        Self::VoiceInterruption,
        Self::VoiceTurns,
        Self::LongBackchannel,
    ];

    /// In which the caller talks over the agent.
    pub const INTERRUPTIONS: [Self; 5] = [
        Self::Interruption,
        Self::NoisyInterruption,
        Self::LateInterruption,
        Self::MobileInterruption,
        Self::VoiceInterruption,
    ];

    /// In which the caller talks in turns, and the agent answers.
    pub const TURNS: [Self; 2] = [Self::Turns, Self::VoiceTurns];
}

/// Something the caller does, in samples.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    pub start: usize,
    pub end: usize,
}

pub struct Scene {
    pub kind: Kind,
    pub caller: Vec<f32>,
    /// When the agent begins, but in turns.
    pub agent_from: usize,
    /// What the agent says; in turns, each after the caller's.
    pub agent: Vec<Vec<i16>>,
    pub echo: Echo,
    /// Interruptions, coughs, backchannels; of turns, the phrases.
    pub marks: Vec<Mark>,
    /// Of turns: which phrase is the last of its turn.
    pub turn_ends: Vec<usize>,
    /// How long after the frames of the caller the agent's are due.
    pub phase_us: u64,
    /// The mode of the mobile network's codec that is in the way.
    pub codec: Option<u8>,
}

/// A minute of a call.
pub fn scene(kind: Kind, seed: u64, library: &Library) -> Scene {
    let mut chance = Chance::new(seed << 8 | kind as u64);
    let length = 60 * RATE;
    let mut scene = Scene {
        kind,
        caller: (0..length)
            .map(|_| from_db(-66.0) * chance.normal())
            .collect(),
        agent_from: AGENT_FROM,
        agent: Vec::new(),
        echo: echo(kind, &mut chance),
        marks: Vec::new(),
        turn_ends: Vec::new(),
        phase_us: (20_000.0 * chance.unit()) as u64,
        codec: None,
    };
    let level = chance.between(-34.0, -16.0);
    // Sounds are at -26 dBFS.
    let gain = from_db(level + 26.0);
    match kind {
        Kind::Echo | Kind::Echo400 | Kind::Echo600 | Kind::Echo1000 => {}
        Kind::EchoMobile => scene.codec = Some(mode(&mut chance)),
        Kind::Noise => background(&mut scene, &library.noise, &mut chance, None),
        Kind::Music => background(&mut scene, &library.music, &mut chance, None),
        Kind::Stationary => background(&mut scene, &library.stationary, &mut chance, None),
        Kind::Cough => now_and_then(
            &mut scene,
            &[&library.cough],
            gain * from_db(3.0),
            &mut chance,
        ),
        Kind::Click => now_and_then(
            &mut scene,
            &[&library.click],
            gain * from_db(3.0),
            &mut chance,
        ),
        Kind::Backchannel => {
            now_and_then(
                &mut scene,
                &[&library.hum, &library.word],
                gain,
                &mut chance,
            );
        }
        Kind::LongBackchannel => {
            let rows: Sounds = (0..16).map(|_| row(library, &mut chance)).collect();
            now_and_then(&mut scene, &[&rows], gain, &mut chance);
        }
        Kind::Interruption | Kind::LateInterruption => {
            now_and_then(&mut scene, &[&library.caller], gain, &mut chance);
        }
        Kind::MobileInterruption => {
            scene.codec = Some(mode(&mut chance));
            now_and_then(&mut scene, &[&library.caller], gain, &mut chance);
            for mark in &mut scene.marks {
                mark.start += CODEC_DELAY;
                mark.end += CODEC_DELAY;
            }
        }
        Kind::NoisyInterruption => {
            let behind = *chance.one_of(&[&library.noise, &library.music, &library.stationary]);
            let below = chance.between(10.0, 20.0);
            background(&mut scene, behind, &mut chance, Some(level - below));
            now_and_then(&mut scene, &[&library.caller], gain, &mut chance);
        }
        Kind::Turns => turns(&mut scene, &library.phrase, gain, &mut chance),
        Kind::Voice | Kind::VoiceInterruption | Kind::VoiceTurns => {
            let below = chance.between(10.0, 30.0);
            voice(
                &mut scene,
                &library.phrase,
                gain * from_db(-below),
                &mut chance,
            );
            if kind == Kind::VoiceTurns {
                turns(&mut scene, &library.phrase, gain, &mut chance);
            } else {
                // What the caller wants; the agent waits for it.
                let wish = chance.one_of::<Vec<f32>>(&library.caller);
                let said = mix(&mut scene.caller, RATE / 2, wish, gain);
                scene.agent_from = RATE / 2 + said + RATE;
            }
            if kind == Kind::VoiceInterruption {
                now_and_then(&mut scene, &[&library.caller], gain, &mut chance);
            }
        }
    }
    let agent_gain = from_db(chance.between(-2.0, 6.0));
    let parts = match kind {
        Kind::Turns | Kind::VoiceTurns => 1,
        _ => 5,
    };
    while scene.agent.len() < 30 {
        scene
            .agent
            .push(utterance(library, parts, agent_gain, &mut chance));
    }
    scene
}

/// AMR from 4.75 to 12.2 kbit/s.
fn mode(chance: &mut Chance) -> u8 {
    *chance.one_of(&[0, 2, 4, 7])
}

fn echo(kind: Kind, chance: &mut Chance) -> Echo {
    let late = match kind {
        Kind::Echo400 => Some((0.4, 0.4)),
        Kind::Echo600 => Some((0.6, 0.6)),
        Kind::Echo1000 => Some((1.0, 1.0)),
        Kind::EchoMobile => Some((0.2, 1.0)),
        Kind::LateInterruption | Kind::MobileInterruption => Some((0.32, 1.0)),
        _ => None,
    };
    let loss_db = match kind {
        _ if late.is_some() => chance.between(6.0, 25.0),
        Kind::Echo => chance.between(15.0, 40.0),
        // Every third line cancels it all.
        _ if chance.unit() < 0.33 => 90.0,
        _ => chance.between(15.0, 40.0),
    };
    let (shortest, longest) = late.unwrap_or((0.020, 0.250));
    let delay = chance.between(shortest, longest);
    Echo {
        delay: (delay * RATE as f32) as usize,
        taps: response(loss_db, chance),
    }
}

/// All the time, at `level` dBFS.
fn background(scene: &mut Scene, sounds: &Sounds, chance: &mut Chance, level: Option<f32>) {
    let level = level.unwrap_or_else(|| chance.between(-38.0, -18.0));
    let mut at = 0;
    while at < scene.caller.len() {
        at += mix(
            &mut scene.caller,
            at,
            chance.one_of::<Vec<f32>>(sounds),
            from_db(level + 26.0),
        );
    }
}

/// Somebody who talks all the time, with the pauses of a talk.
fn voice(scene: &mut Scene, sounds: &Sounds, gain: f32, chance: &mut Chance) {
    let mut at = (chance.unit() * RATE as f32) as usize;
    while at < scene.caller.len() {
        at += mix(
            &mut scene.caller,
            at,
            chance.one_of::<Vec<f32>>(sounds),
            gain,
        );
        at += (chance.between(0.1, 0.6) * RATE as f32) as usize;
    }
}

/// Every 5 to 10 s, at any sample.
fn now_and_then(scene: &mut Scene, sounds: &[&Sounds], gain: f32, chance: &mut Chance) {
    let mut at = scene.agent_from - AGENT_FROM + (chance.between(4.0, 8.0) * RATE as f32) as usize;
    loop {
        let kind: &Sounds = chance.one_of::<&Sounds>(sounds);
        let sound = chance.one_of::<Vec<f32>>(kind);
        if at + sound.len() + 2 * RATE > scene.caller.len() {
            return;
        }
        let one = gain * from_db(chance.between(-3.0, 3.0));
        mix(&mut scene.caller, at, sound, one);
        scene.marks.push(Mark {
            start: at,
            end: at + sound.len(),
        });
        at += sound.len() + (chance.between(5.0, 10.0) * RATE as f32) as usize;
    }
}

/// Two to four backchannels with short pauses between.
fn row(library: &Library, chance: &mut Chance) -> Vec<f32> {
    let mut row = Vec::new();
    for _ in 0..2 + (3.0 * chance.unit()) as usize {
        let sounds = *chance.one_of::<&Sounds>(&[&library.hum, &library.word]);
        row.extend(chance.one_of::<Vec<f32>>(sounds));
        let pause = (chance.between(0.04, 0.12) * RATE as f32) as usize;
        row.extend(std::iter::repeat_n(0.0, pause));
    }
    row
}

/// Turns of one to four phrases. Each caller has pauses of its own length; between turns is room
/// for an answer.
fn turns(scene: &mut Scene, phrases: &Sounds, gain: f32, chance: &mut Chance) {
    let habit = chance.between(0.2, 0.9);
    let mut at = RATE;
    loop {
        let count = 1 + (4.0 * chance.unit()) as usize;
        for phrase in 0..count {
            let sound = chance.one_of::<Vec<f32>>(phrases);
            if at + sound.len() + 6 * RATE > scene.caller.len() {
                if phrase > 0 {
                    scene.turn_ends.push(scene.marks.len() - 1);
                }
                return;
            }
            mix(&mut scene.caller, at, sound, gain);
            scene.marks.push(Mark {
                start: at,
                end: at + sound.len(),
            });
            let pause = habit * chance.between(0.6, 1.4);
            at += sound.len() + (pause * RATE as f32) as usize;
        }
        scene.turn_ends.push(scene.marks.len() - 1);
        at += (chance.between(5.0, 6.0) * RATE as f32) as usize;
    }
}

/// Prompts one after the other, with the pauses of a sentence between.
fn utterance(library: &Library, parts: usize, gain: f32, chance: &mut Chance) -> Vec<i16> {
    let mut samples = Vec::new();
    for part in 0..parts {
        if part > 0 {
            let pause = chance.between(0.1, 0.4);
            samples.extend(vec![0; (pause * RATE as f32) as usize]);
        }
        let sound = chance.one_of::<Vec<f32>>(&library.agent);
        samples.extend(sound.iter().map(|sample| (sample * gain * 32_768.0) as i16));
    }
    samples
}

/// Adds a sound; returns its length.
fn mix(track: &mut [f32], at: usize, sound: &[f32], gain: f32) -> usize {
    for (place, sample) in track[at..].iter_mut().zip(sound) {
        *place += gain * sample;
    }
    sound.len()
}
