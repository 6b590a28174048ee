//! A detector and turn-taking over a recording, as on a call where the agent never speaks.

use serde::Serialize;
use voxtra_core::time::Instant;
use voxtra_core::turn::{TurnEvent, TurnSettings, TurnTaking};
#[cfg(feature = "earshot")]
use voxtra_core::vad::EarshotDetector;
#[cfg(feature = "webrtc-vad")]
use voxtra_core::vad::WebRtcDetector;
use voxtra_core::vad::{EnergyDetector, TelephoneDetector, VAD_FRAME_SAMPLES, VoiceDetector};
use voxtra_rt::media::Detector;

/// Samples per second of what is listened to.
pub(super) const RATE_HZ: u32 = 8000;
/// A frame's length.
pub(super) const FRAME_MS: u64 = 20;

/// The detectors there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Choice {
    /// A network that knows speech on the telephone
    Telephone,
    /// Whatever stands out of the line's noise
    Energy,
    /// A network at 16 kHz (crate earshot)
    #[cfg(feature = "earshot")]
    Earshot,
    /// WebRTC's detector, at its strictest
    #[cfg(feature = "webrtc-vad")]
    #[value(name = "webrtc")]
    WebRtc,
}

impl From<Detector> for Choice {
    fn from(detector: Detector) -> Self {
        match detector {
            Detector::Telephone => Self::Telephone,
            Detector::Energy => Self::Energy,
        }
    }
}

/// What the detector and the turn-taking said of one frame.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct FrameVerdict {
    /// The frame's start.
    pub(super) t_ms: u64,
    pub(super) probability: f32,
    /// Whether speech is likely once the frame is in: what holds an agent back who is speaking.
    pub(super) speech: bool,
    /// Whether a call has been told that the caller speaks.
    pub(super) told: bool,
}

/// A stretch of speech.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Speech {
    pub(super) start_ms: u64,
    pub(super) end_ms: u64,
}

impl Speech {
    pub(super) const fn length_ms(self) -> u64 {
        self.end_ms.saturating_sub(self.start_ms)
    }
}

/// All that was heard.
#[derive(Debug, Default)]
pub(super) struct Analysis {
    pub(super) frames: Vec<FrameVerdict>,
    pub(super) segments: Vec<Speech>,
    /// When a call is told that the turn has ended.
    pub(super) turns_ended_ms: Vec<u64>,
}

impl Analysis {
    /// The sum of all stretches.
    pub(super) fn speech_ms(&self) -> u64 {
        self.segments.iter().map(|s| s.length_ms()).sum()
    }

    /// From when to when the caller counts as speaking, one each for the
    /// [`segments`](Self::segments): a call is told later than it is so, when that is certain.
    pub(super) fn told(&self) -> Vec<Speech> {
        self.frames
            .chunk_by(|a, b| a.told == b.told)
            .filter_map(|run| {
                let (first, last) = (run.first()?, run.last()?);
                first.told.then_some(Speech {
                    start_ms: first.t_ms + FRAME_MS,
                    end_ms: last.t_ms + 2 * FRAME_MS,
                })
            })
            .collect()
    }
}

/// Listens to 8 kHz samples; what is left of them behind the last whole frame is not heard.
pub(super) fn listen(choice: Choice, settings: TurnSettings, samples: &[i16]) -> Analysis {
    match choice {
        Choice::Telephone => listen_with(TelephoneDetector::new(), settings, samples),
        Choice::Energy => listen_with(EnergyDetector::new(), settings, samples),
        #[cfg(feature = "earshot")]
        Choice::Earshot => listen_with(EarshotDetector::new(), settings, samples),
        #[cfg(feature = "webrtc-vad")]
        Choice::WebRtc => listen_with(WebRtcDetector::default(), settings, samples),
    }
}

fn listen_with(
    mut detector: impl VoiceDetector,
    settings: TurnSettings,
    samples: &[i16],
) -> Analysis {
    let mut turns = TurnTaking::new(settings);
    let mut heard = Analysis::default();
    let mut last_voice = 0;
    let (frames, _) = samples.as_chunks::<VAD_FRAME_SAMPLES>();
    for (t_ms, frame) in (0..).step_by(FRAME_MS as usize).zip(frames) {
        let probability = detector.process(frame);
        // A frame is handled when all of it is there: at its end.
        let now_ms = t_ms + FRAME_MS;
        let on = &mut |event| heard.note(event, now_ms, last_voice);
        turns.handle_frame(Instant::from_millis(now_ms), probability, false, on);
        if probability >= settings.stop_threshold {
            last_voice = now_ms;
        }
        heard.frames.push(FrameVerdict {
            t_ms,
            probability,
            speech: turns.is_speech_likely(),
            told: turns.is_user_speaking(),
        });
    }
    let end_ms = frames.len() as u64 * FRAME_MS;
    turns.finish(&mut |event| heard.note(event, end_ms, last_voice));
    heard
}

impl Analysis {
    fn note(&mut self, event: TurnEvent, now_ms: u64, last_voice: u64) {
        match event {
            TurnEvent::SpeechEnded { duration, .. } => self.segments.push(Speech {
                start_ms: last_voice.saturating_sub(duration.as_millis() as u64),
                end_ms: last_voice,
            }),
            TurnEvent::TurnEnded { .. } => self.turns_ended_ms.push(now_ms),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use voxtra_core::audio::SampleRate;
    use voxtra_core::audiosocket::encode_audio;
    use voxtra_core::event::{MediaStoppedReason, Realtime, Record, RecordBody};
    use voxtra_core::leg::{CallerAudio, Leg, LegSettings, Port};
    use voxtra_core::playout::{AgentAudio, Chunk};

    use super::*;

    fn tone(ms: usize) -> Vec<i16> {
        (0..ms * 8)
            .map(|n| ((n as f64 * 0.4).sin() * 9000.0) as i16)
            .collect()
    }

    /// 12 s of a voice, noise, music and tones.
    fn sample() -> Vec<i16> {
        const SAMPLE: &[u8] = include_bytes!("../../../voxtra-core/tests/telephone/sample.s16");
        let (pairs, _) = SAMPLE.as_chunks::<2>();
        pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect()
    }

    #[test]
    fn speech_has_the_times_of_the_audio() {
        let audio = [vec![0; 8000], tone(600), vec![0; 8000], tone(400)].concat();
        let heard = listen(Choice::Energy, TurnSettings::default(), &audio);
        assert_eq!(heard.frames.len(), 150);
        assert_eq!(heard.frames[7].t_ms, 140);
        assert_eq!(heard.segments.len(), 2, "{heard:?}");
        for (segment, (start, end)) in heard.segments.iter().zip([(1000, 1600), (2600, 3000)]) {
            assert!(
                segment.start_ms.abs_diff(start) <= 60 && segment.end_ms.abs_diff(end) <= 100,
                "{segment:?}"
            );
        }
    }

    #[test]
    fn frames_and_segments_tell_the_same() {
        let settings = TurnSettings::default();
        for audio in [sample(), tone(900), vec![0; 16_000], tone(10), Vec::new()] {
            for choice in [Choice::Telephone, Choice::Energy] {
                let heard = listen(choice, settings, &audio);
                let told = heard.told();
                assert_eq!(told.len(), heard.segments.len(), "{heard:?}");
                let end = heard.frames.len() as u64 * FRAME_MS;
                for (told, segment) in told.iter().zip(&heard.segments) {
                    let late = told.start_ms - segment.start_ms;
                    assert!(late >= u64::from(settings.min_speech_ms), "{late}");
                    let hangover = told.end_ms - segment.end_ms;
                    assert!(
                        hangover == u64::from(settings.hangover_ms) || told.end_ms > end,
                        "{hangover}"
                    );
                }
            }
        }
    }

    /// A line that remembers when what was told.
    #[derive(Default)]
    struct RecordingPort(Vec<(u64, Realtime)>);

    impl Port for RecordingPort {
        fn record(&mut self, record: Record) {
            if let RecordBody::Event(event) = record.body {
                self.0.push((record.at.as_micros() / 1000, event));
            }
        }
        fn caller_audio(&mut self, _part: CallerAudio<'_>) {}
        fn transmit(&mut self, _len: usize, _write: impl FnOnce(&mut [u8]) -> usize) {}
        fn epoch(&mut self, _epoch: u32) {}
        fn rate(&mut self, _rate: SampleRate) {}
    }

    struct Nobody;

    impl AgentAudio for Nobody {
        fn next_chunk(&mut self) -> Option<Chunk> {
            None
        }
        fn read(&mut self, _out: &mut [i16]) -> usize {
            0
        }
        fn skip(&mut self, _samples: usize) {}
        fn is_idle(&self) -> bool {
            true
        }
    }

    #[test]
    fn a_call_decides_the_same() {
        let audio = sample();
        let heard = listen(Choice::Telephone, TurnSettings::default(), &audio);
        assert!(heard.segments.len() >= 2);

        let mut line = RecordingPort::default();
        let mut leg: Leg<TelephoneDetector> =
            Leg::new(LegSettings::default(), TelephoneDetector::new());
        leg.start(Instant::ZERO);
        let mut now = Instant::ZERO;
        for frame in audio.as_chunks::<VAD_FRAME_SAMPLES>().0 {
            now = Instant::from_millis(now.as_micros() / 1000 + FRAME_MS);
            let mut bytes = [0; 400];
            let len = encode_audio(SampleRate::Hz8000, frame, &mut bytes).unwrap();
            leg.handle_input(now, &bytes[..len], &mut line);
            leg.handle_deadline(now, &mut Nobody, &mut line);
        }
        leg.stop(now, MediaStoppedReason::Closed, &mut line);

        let (mut started, mut lasted, mut turns) = (Vec::new(), Vec::new(), Vec::new());
        for (at, event) in line.0 {
            match event {
                Realtime::UserSpeechStarted(_) => started.push(at),
                Realtime::UserSpeechEnded(ended) => lasted.push(ended.duration_ms),
                Realtime::TurnEnded(_) => turns.push(at),
                _ => {}
            }
        }
        let told: Vec<u64> = heard.told().iter().map(|t| t.start_ms).collect();
        let lengths: Vec<u64> = heard.segments.iter().map(|s| s.length_ms()).collect();
        assert_eq!((started, lasted), (told, lengths));
        assert_eq!(turns, heard.turns_ended_ms);
    }
}
