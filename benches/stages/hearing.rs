//! From a frame's bytes to what turn-taking makes of them.

use std::hint::black_box;
use std::time::Duration;

use voxtra_core::audio::{FRAME, Framer, Resampler, SampleRate};
use voxtra_core::audiosocket::HEADER_LEN;
use voxtra_core::dtmf::DtmfDetector;
use voxtra_core::echo::EchoEstimate;
use voxtra_core::leg::{ClockCheck, HISTORY_SAMPLES, History};
use voxtra_core::time::Instant;
use voxtra_core::turn::{TurnEvent, TurnSettings, TurnTaking};
use voxtra_core::vad::{EnergyDetector, TelephoneDetector, VoiceDetector};

use super::{FRAMES, PAYLOAD, Round, SAMPLES, SPEECH, Stage, caller, wire};

/// Bytes to samples, their place in time, and the pre-roll.
pub struct ClockAndHistory {
    payloads: Round<[u8; PAYLOAD]>,
    framer: Framer<[i16; SAMPLES]>,
    clock: ClockCheck,
    history: History,
    now: Instant,
    media: Instant,
}

impl Stage for ClockAndHistory {
    const NAME: &'static str = "clock check and history";

    fn verified() -> Box<Self> {
        let frames = caller();
        let payloads = frames.map(|frame| *wire(&frame)[HEADER_LEN..].as_array().unwrap());
        let mut stage = Box::new(Self {
            payloads: Round::of(payloads),
            framer: Framer::new(SampleRate::Hz8000),
            clock: ClockCheck::new(),
            history: History::default(),
            now: Instant::ZERO,
            media: Instant::ZERO,
        });
        for _ in 0..FRAMES {
            stage.frame();
        }
        assert_eq!(stage.media, Instant::ZERO + FRAMES as u32 * FRAME);
        let (older, newer) = stage.history.last(HISTORY_SAMPLES);
        let kept = [older, newer].concat();
        assert!(frames.concat().ends_with(&kept) && kept.len() == HISTORY_SAMPLES);
        stage
    }

    fn frame(&mut self) {
        let Self {
            payloads,
            framer,
            clock,
            history,
            now,
            media,
        } = self;
        *now = *now + FRAME;
        framer.push(black_box(payloads.next()), |samples| {
            *media = clock.frame(*now, FRAME).media;
            history.push(samples);
        });
    }
}

/// Whether the frame has a digit's tones in it, as it hardly ever has.
pub struct Digits {
    frames: Round<[i16; SAMPLES]>,
    detector: DtmfDetector,
}

impl Stage for Digits {
    const NAME: &'static str = "DTMF detection";

    fn verified() -> Box<Self> {
        let mut detector = DtmfDetector::new();
        let key = |frame: usize| {
            std::array::from_fn(|n| {
                let t = (frame * SAMPLES + n) as f32 / 8_000.0;
                let tones = [770.0, 1_336.0].map(|hz| (std::f32::consts::TAU * hz * t).sin());
                (6_000.0 * (tones[0] + tones[1])) as i16
            })
        };
        let heard: Vec<char> = (0..FRAMES)
            .filter_map(|frame| detector.process(&key(frame)))
            .collect();
        assert_eq!(heard, ['5']);
        let heard = caller().map(|frame| detector.process(&frame));
        assert_eq!(heard, [None; FRAMES]);
        Box::new(Self {
            frames: Round::of(caller()),
            detector,
        })
    }

    fn frame(&mut self) {
        black_box(self.detector.process(black_box(self.frames.next())));
    }
}

/// What a detector says of each frame.
fn heard(detector: &mut impl VoiceDetector) -> [f32; FRAMES] {
    let heard = caller().map(|frame| detector.process(&frame));
    let (speech, pause) = (
        &heard[SPEECH.start + 5..SPEECH.end],
        &heard[SPEECH.end + 5..],
    );
    assert!(speech.iter().all(|p| *p > 0.6), "{heard:?}");
    assert!(pause.iter().all(|p| *p < 0.3), "{heard:?}");
    heard
}

/// How likely it is that the frame is speech.
pub struct Detection<V> {
    frames: Round<[i16; SAMPLES]>,
    detector: V,
}

/// As live calls are heard, and by the smallest detector.
pub type VoiceDetection = Detection<TelephoneDetector>;
pub type EnergyDetection = Detection<EnergyDetector>;

/// What a detector's stage is called.
pub trait Named: VoiceDetector + Default {
    const NAME: &'static str;
}

impl Named for TelephoneDetector {
    const NAME: &'static str = "voice detection";
}

impl Named for EnergyDetector {
    const NAME: &'static str = "voice detection, energy";
}

impl<V: Named> Stage for Detection<V> {
    const NAME: &'static str = V::NAME;

    fn verified() -> Box<Self> {
        let mut detector = V::default();
        heard(&mut detector);
        Box::new(Self {
            frames: Round::of(caller()),
            detector,
        })
    }

    fn frame(&mut self) {
        black_box(self.detector.process(black_box(self.frames.next())));
    }
}

/// How much of the frame is the agent's own voice, which speaks all the time.
pub struct Echo {
    frames: Round<[i16; SAMPLES]>,
    estimate: EchoEstimate,
    now: Instant,
    share: f32,
}

impl Stage for Echo {
    const NAME: &'static str = "echo estimate";

    fn verified() -> Box<Self> {
        let mut stage = Box::new(Self {
            frames: Round::of(caller()),
            estimate: EchoEstimate::new(),
            now: Instant::ZERO,
            share: 1.0,
        });
        for _ in 0..4 * FRAMES {
            stage.frame();
            assert!((0.0..=1.0).contains(&stage.share));
        }
        let (delay, _) = stage.estimate.path();
        assert!(delay >= FRAME && delay <= 52 * FRAME);
        stage
    }

    fn frame(&mut self) {
        let frame = black_box(self.frames.next());
        self.estimate.sent(self.now, frame);
        self.now = self.now + FRAME;
        self.share = black_box(self.estimate.heard(self.now, frame));
    }
}

/// What the answer means for the conversation.
pub struct TurnTakingStage {
    heard: Round<f32>,
    turns: TurnTaking,
    now: Instant,
    started: u64,
}

impl Stage for TurnTakingStage {
    const NAME: &'static str = "turn-taking";

    fn verified() -> Box<Self> {
        let mut stage = Box::new(Self {
            heard: Round::of(heard(&mut TelephoneDetector::new())),
            turns: TurnTaking::new(TurnSettings::default()),
            now: Instant::ZERO,
            started: 0,
        });
        for _ in 0..FRAMES {
            stage.frame();
        }
        assert_eq!(stage.started, 1);
        stage
    }

    fn frame(&mut self) {
        self.now = self.now + FRAME;
        let probability = *black_box(self.heard.next());
        self.turns
            .handle_frame(self.now, probability, false, &mut |event| {
                self.started += u64::from(event == TurnEvent::SpeechStarted);
            });
    }
}

/// A frame for a detector or a provider that wants twice the rate. Not part of the path of a call
/// at 8 kHz.
pub struct Resample {
    frames: Round<[i16; SAMPLES]>,
    resampler: Resampler,
    out: [i16; 2 * SAMPLES],
}

impl Stage for Resample {
    const NAME: &'static str = "resample 8 to 16 kHz";

    fn verified() -> Box<Self> {
        let mut stage = Box::new(Self {
            frames: Round::of(caller()),
            resampler: Resampler::new(8_000, 16_000).unwrap(),
            out: [0; 2 * SAMPLES],
        });
        assert!(stage.resampler.delay() < Duration::from_millis(4));
        for frame in caller() {
            let (consumed, made) = stage.resampler.process(&frame, &mut stage.out);
            assert_eq!((consumed, made), (SAMPLES, 2 * SAMPLES));
        }
        stage
    }

    fn frame(&mut self) {
        let frame = black_box(self.frames.next());
        black_box(self.resampler.process(frame, &mut self.out));
        black_box(&mut self.out);
    }
}
