//! The listening half of a leg: frames, history, DTMF, voice detection, turn-taking.

use core::time::Duration;

use super::Memory;
use super::fault::Faults;
use super::format::{Format, FormatCheck};
use super::memory::{Samples, heard_samples};
use super::{
    BackgroundPolicy, CallerAudio, ClockCheck, DtmfPolicy, EchoPolicy, Forward, G711Policy,
    LegSettings, Mode, Port, event,
};
use crate::audio::{Audio, Framer, Resampler, SampleRate};
use crate::background::BackgroundVoices;
use crate::dtmf::{DtmfDetector, DtmfSource, KeyPresses};
use crate::echo::EchoEstimate;
use crate::event::{
    AudioFrameReceived, BargeIn, DtmfReceived, Fault, SilenceDetected, TurnEnded, UserSpeechEnded,
    UserSpeechStarted,
};
use crate::time::Instant;
use crate::turn::{Meaning, Patience, TurnEvent, TurnTaking};
use crate::vad::VoiceDetector;

/// Audio before the first frame that counted as speech: a soft first consonant.
const PRE_ROLL: Duration = Duration::from_millis(200);

/// A voice detector's frame: 20 ms at 8 kHz.
const VAD_SAMPLES: usize = 160;

/// Samples that are analysed at a time: 20 ms at any rate up to 96 kHz, and 10 ms at 192 kHz, which
/// no telephone has and for which every call would need 4 kB more.
pub(super) const HEARD_SAMPLES: usize = SampleRate::Hz96000.frame_samples();

/// Samples that are converted at a time, when the peer sends another format than it announces.
pub(super) const CONVERTED: usize = 160;

/// What a muted caller is heard to say.
static SILENCE: [i16; HEARD_SAMPLES] = [0; HEARD_SAMPLES];

/// What one call of [`InboundAudio::hear`] found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Detected {
    pub(super) barge_in: bool,
    pub(super) turn_ended: bool,
    pub(super) gap: bool,
}

#[derive(Debug)]
pub(super) struct InboundAudio<V, M: Memory> {
    framer: Framer<M::Frame>,
    format: FormatCheck,
    /// The fault of the audio's format was reported.
    format_told: bool,
    clock: ClockCheck,
    analysis: FrameAnalysis<V, M>,
}

impl<V: VoiceDetector, M: Memory> InboundAudio<V, M> {
    pub(super) fn new(settings: &LegSettings, detector: V) -> Self {
        Self {
            framer: framer::<M>(settings.rate),
            format: FormatCheck::new(),
            format_told: false,
            clock: ClockCheck::new(),
            analysis: FrameAnalysis {
                history: remembers(settings).then(M::history),
                vad_input: VadInput::new(settings.rate, M::past),
                tones: DtmfDetector::new(),
                presses: KeyPresses::new(),
                detector,
                echo: EchoEstimate::new(),
                background: BackgroundVoices::new(),
                turn: TurnTaking::new(settings.turn),
                received: 0,
                on_hold: false,
                muted: false,
            },
        }
    }

    pub(super) fn start(&mut self, now: Instant) {
        self.clock.restart(now);
    }

    /// Whether the peer sends, and so expects, twice the samples that it announces.
    pub(super) fn is_twice(&self) -> bool {
        self.format.is_twice()
    }

    /// Whether a frame of this size is the exception in a stream of others.
    pub(super) fn is_stray(&self, size: usize) -> bool {
        self.format.is_stray(size)
    }

    /// Whether the caller counts as silent because no frames have come.
    pub(super) fn is_line_silent(&self, now: Instant) -> bool {
        self.clock.is_silent(now)
    }

    pub(super) fn last_arrival(&self) -> Instant {
        self.clock.last_arrival()
    }

    pub(super) fn set_rate(&mut self, rate: SampleRate) {
        if self.framer.memory() < heard_samples(rate) {
            self.framer = framer::<M>(rate);
        } else {
            self.framer.set_rate(rate);
        }
        self.analysis.vad_input.set_rate(rate, M::past);
        self.analysis.tones.reset();
        if let Some(history) = &mut self.analysis.history {
            history.as_mut().clear();
        }
    }

    /// Starts to keep the caller's audio, if that is wanted now.
    pub(super) fn remember(&mut self, settings: &LegSettings) {
        if remembers(settings) {
            self.analysis.history.get_or_insert_with(M::history);
        }
    }

    pub(super) fn set_barge_in(&mut self, on: bool) {
        self.analysis.turn.set_barge_in(on);
    }

    /// Protects the agent's utterance from the caller, or no longer.
    pub(super) fn set_uninterruptible(&mut self, on: bool) {
        self.analysis.turn.set_uninterruptible(on);
    }

    /// The agent's queued audio was discarded: there is nothing to interrupt.
    pub(super) fn agent_stopped(&mut self) {
        self.analysis.turn.agent_stopped();
    }

    /// Whether the caller speaks, or may be speaking.
    pub(super) fn is_caller_speaking(&self) -> bool {
        let turn = &self.analysis.turn;
        turn.is_user_speaking() || turn.is_speech_likely()
    }

    pub(super) fn expect_end_of_turn(&mut self, silence: Duration) {
        self.analysis.turn.expect_end_of_turn(silence);
    }

    pub(super) fn expect_pauses(&mut self, patience: Patience) {
        self.analysis.turn.expect_pauses(patience);
    }

    pub(super) fn handle_patience(&mut self, patience: Patience) {
        self.analysis.turn.handle_patience(patience);
    }

    /// Lets a barge-in wait for the caller's words, or not.
    pub(super) fn expect_words(&mut self, on: bool) {
        self.analysis.turn.expect_words(on);
    }

    /// Takes what the caller's words over the agent mean; true if they are a barge-in.
    pub(super) fn overlap<P: Port>(
        &mut self,
        now: Instant,
        meaning: Meaning,
        agent_speaking: bool,
        port: &mut P,
    ) -> bool {
        let mut turns = Turns::default();
        self.analysis
            .turn
            .handle_meaning(meaning, agent_speaking, &mut |event| {
                turns.note(event, now, port);
            });
        turns.barge_in
    }

    /// Whether the agent should be held back until it is clear whether the caller interrupts it.
    pub(super) fn holds_agent(&self) -> bool {
        self.analysis.turn.is_agent_held()
    }

    /// Whether a signalled digit belongs to a key press that was not reported yet.
    pub(super) fn is_new_press(
        &mut self,
        now: Instant,
        digit: char,
        settings: &LegSettings,
    ) -> bool {
        settings.dtmf == DtmfPolicy::Signalled
            || self
                .analysis
                .presses
                .is_new(now, DtmfSource::Signalled, digit)
    }

    /// Takes the audio that was sent, which the line may return.
    pub(super) fn sent(&mut self, now: Instant, pcm: &[i16], settings: &LegSettings) {
        if settings.echo == EchoPolicy::Discount {
            self.analysis.echo.sent(now, pcm);
        }
    }

    /// The format of one audio frame. Its fault is reported once per call.
    pub(super) fn format<P: Port>(
        &mut self,
        now: Instant,
        audio: Audio<'_>,
        settings: &LegSettings,
        faults: &mut Faults<'_>,
        port: &mut P,
    ) -> Format {
        let format = self.format.frame(now, audio);
        let wanted = matches!(format, Format::G711(_)) && settings.g711 == G711Policy::Decode;
        if !wanted && let Some(fault) = format.fault(audio.rate) {
            faults.report_once(fault, &mut self.format_told, port);
        }
        if format == Format::Pcm && audio.is_odd() {
            faults.report(Fault::OddPayload, port);
        }
        format
    }

    /// Takes the payload of one audio frame.
    pub(super) fn hear<P: Port>(
        &mut self,
        now: Instant,
        audio: Audio<'_>,
        format: Format,
        agent_speaking: bool,
        settings: &LegSettings,
        port: &mut P,
    ) -> Detected {
        let mut detected = Detected::default();
        let Self {
            framer,
            clock,
            analysis,
            ..
        } = self;
        let length = settings.rate.duration_of(framer.frame_samples());
        let mut push = |bytes: &[u8]| {
            framer.push(bytes, |pcm| {
                let time = clock.frame(now, length);
                detected.gap |= time.gap;
                let turns = analysis.frame(now, time.media, pcm, agent_speaking, settings, port);
                detected.barge_in |= turns.barge_in;
                detected.turn_ended |= turns.turn_ended;
            });
        };
        match format {
            Format::Pcm => push(audio.pcm()),
            Format::G711(_) | Format::Twice => {
                convert(audio, format, settings.g711, |samples| {
                    let mut bytes = [0u8; 2 * CONVERTED];
                    for (pair, sample) in bytes.chunks_exact_mut(2).zip(samples) {
                        pair.copy_from_slice(&sample.to_le_bytes());
                    }
                    push(bytes.get(..2 * samples.len()).unwrap_or_default());
                });
            }
            // Nothing is known of the samples, not even their number.
            Format::Compressed => {}
        }
        detected
    }

    /// The line has been silent for a while.
    pub(super) fn gap<P: Port>(
        &mut self,
        now: Instant,
        agent_speaking: bool,
        settings: &LegSettings,
        port: &mut P,
    ) -> Turns {
        self.clock.silence(now);
        let mut turns = Turns::default();
        if self.analysis.on_hold {
            return turns;
        }
        self.analysis
            .turn
            .handle_gap(now, agent_speaking, &mut |event| {
                turns.note(event, now, port)
            });
        turns.forward_end(settings, port);
        turns
    }

    /// The call is put on hold, or taken off. An utterance in progress ends here, and the time on
    /// hold counts for nothing.
    pub(super) fn set_on_hold<P: Port>(
        &mut self,
        now: Instant,
        on: bool,
        settings: &LegSettings,
        port: &mut P,
    ) {
        self.analysis.on_hold = on;
        self.analysis.tones.reset();
        let mut turns = Turns::default();
        self.analysis
            .turn
            .leave_out(&mut |event| turns.note(event, now, port));
        turns.forward_end(settings, port);
    }

    /// Takes silence for the caller's audio, or takes the audio again.
    pub(super) fn mute(&mut self, on: bool) {
        self.analysis.muted = on;
    }

    /// The connection is over: an utterance in progress ends here.
    pub(super) fn end<P: Port>(&mut self, now: Instant, settings: &LegSettings, port: &mut P) {
        let mut turns = Turns::default();
        self.analysis
            .turn
            .finish(&mut |event| turns.note(event, now, port));
        turns.forward_end(settings, port);
    }
}

/// The samples of a frame in another format than announced, up to [`CONVERTED`] at a time: at the
/// announced rate, and silent where G.711 is refused.
pub(super) fn convert(
    audio: Audio<'_>,
    format: Format,
    policy: G711Policy,
    mut each: impl FnMut(&[i16]),
) {
    let mut samples = [0i16; CONVERTED];
    match format {
        Format::G711(law) => {
            for bytes in audio.payload.chunks(CONVERTED) {
                if policy == G711Policy::Decode {
                    law.decode_into(bytes, &mut samples);
                }
                each(samples.get(..bytes.len()).unwrap_or_default());
            }
        }
        Format::Twice => {
            for bytes in audio.payload.chunks(4 * CONVERTED) {
                let (pairs, _) = bytes.as_chunks::<4>();
                for (sample, [a, b, c, d]) in samples.iter_mut().zip(pairs) {
                    let first = i32::from(i16::from_le_bytes([*a, *b]));
                    let second = i32::from(i16::from_le_bytes([*c, *d]));
                    *sample = i16::try_from((first + second) / 2).unwrap_or(0);
                }
                each(samples.get(..pairs.len()).unwrap_or_default());
            }
        }
        Format::Pcm | Format::Compressed => {}
    }
}

/// Whether the caller's audio may be wanted later. Nobody listens to an echo.
fn remembers(settings: &LegSettings) -> bool {
    settings.mode != Mode::Echo || settings.forward != Forward::Nothing
}

/// Puts frames at this rate together.
fn framer<M: Memory>(rate: SampleRate) -> Framer<M::Frame> {
    Framer::with_memory(rate, M::frame(heard_samples(rate)))
}

/// Analyses whole frames.
struct FrameAnalysis<V, M: Memory> {
    /// The caller's latest audio, if it may be wanted.
    history: Option<M::History>,
    vad_input: VadInput<M::Past>,
    tones: DtmfDetector,
    presses: KeyPresses,
    detector: V,
    echo: EchoEstimate,
    background: BackgroundVoices,
    turn: TurnTaking,
    received: u64,
    /// The call is on hold: the line brings music, or nothing.
    on_hold: bool,
    muted: bool,
}

impl<V, M: Memory> core::fmt::Debug for FrameAnalysis<V, M> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("FrameAnalysis")
            .field("turn", &self.turn)
            .field("received", &self.received)
            .finish_non_exhaustive()
    }
}

impl<V: VoiceDetector, M: Memory> FrameAnalysis<V, M> {
    /// Takes one frame at the leg's rate.
    fn frame<P: Port>(
        &mut self,
        now: Instant,
        media: Instant,
        pcm: &[i16],
        agent_speaking: bool,
        settings: &LegSettings,
        port: &mut P,
    ) -> Turns {
        let Self {
            history,
            vad_input,
            tones,
            presses,
            detector,
            echo,
            background,
            turn,
            received,
            on_hold,
            muted,
        } = self;
        let pcm = match SILENCE.get(..pcm.len()) {
            Some(silence) if *muted => silence,
            _ => pcm,
        };
        if settings.frame_events {
            let samples = u32::try_from(pcm.len()).unwrap_or(u32::MAX);
            port.record(event(
                now,
                AudioFrameReceived {
                    sequence: *received,
                    samples,
                },
            ));
        }
        *received = received.wrapping_add(1);
        let was_speaking = turn.is_user_speaking();
        let mut turns = Turns::default();
        vad_input.push(pcm, |frame| {
            if *on_hold {
                return;
            }
            if settings.dtmf == DtmfPolicy::Both {
                if let Some(digit) = tones.process(frame)
                    && presses.is_new(now, DtmfSource::Heard, digit)
                {
                    port.record(event(now, DtmfReceived { digit }));
                }
                if tones.is_tone() {
                    presses.sounds(now);
                }
            }
            let mut probability = match settings.echo {
                EchoPolicy::Discount => detector.process(frame) * echo.heard(media, frame),
                EchoPolicy::Ignore => detector.process(frame),
            };
            if tones.may_be_tone() {
                probability = 0.0;
            }
            if settings.background == BackgroundPolicy::Discount {
                probability = background.heard(frame, probability, agent_speaking);
            }
            turn.handle_frame(media, probability, agent_speaking, &mut |event| {
                turns.note(event, now, port)
            });
        });
        match settings.forward {
            Forward::Nothing => {}
            Forward::Speech | Forward::Everything => {
                if turns.speech_started {
                    port.caller_audio(CallerAudio::SpeechStarted);
                    if settings.forward == Forward::Speech
                        && let Some(history) = history
                    {
                        // From a little before the onset up to, but not including, this frame.
                        let age = turn.speech_age().unwrap_or_default() + PRE_ROLL;
                        let wanted = settings.rate.samples_in(age).saturating_sub(pcm.len());
                        let (older, newer) = history.as_mut().last(wanted);
                        port.caller_audio(CallerAudio::Samples(older));
                        port.caller_audio(CallerAudio::Samples(newer));
                    }
                }
                if was_speaking || turns.speech_started || settings.forward == Forward::Everything {
                    port.caller_audio(CallerAudio::Samples(pcm));
                }
                if turns.speech_ended {
                    port.caller_audio(CallerAudio::SpeechEnded);
                }
            }
        }
        if let Some(history) = history {
            history.as_mut().push(pcm);
        }
        turns
    }
}

/// The events of turn-taking for one frame.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Turns {
    speech_started: bool,
    speech_ended: bool,
    pub(super) barge_in: bool,
    pub(super) turn_ended: bool,
}

impl Turns {
    /// Tells the listeners that an utterance is over, if one is.
    fn forward_end<P: Port>(self, settings: &LegSettings, port: &mut P) {
        if self.speech_ended && settings.forward != Forward::Nothing {
            port.caller_audio(CallerAudio::SpeechEnded);
        }
    }

    fn note<P: Port>(&mut self, turn: TurnEvent, now: Instant, port: &mut P) {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        port.record(match turn {
            TurnEvent::SpeechStarted => {
                self.speech_started = true;
                event(now, UserSpeechStarted {})
            }
            TurnEvent::SpeechEnded {
                duration,
                cut,
                silence,
            } => {
                self.speech_ended = true;
                event(
                    now,
                    UserSpeechEnded {
                        duration_ms: millis(duration),
                        cut,
                        silence_ms: millis(silence),
                    },
                )
            }
            TurnEvent::BargeIn => {
                self.barge_in = true;
                event(now, BargeIn {})
            }
            TurnEvent::Silence { duration } => event(
                now,
                SilenceDetected {
                    silence_duration_ms: millis(duration),
                },
            ),
            TurnEvent::TurnEnded { duration, cut } => {
                self.turn_ended = true;
                event(
                    now,
                    TurnEnded {
                        duration_ms: millis(duration),
                        cut,
                    },
                )
            }
        });
    }
}

/// The voice detector's rate.
const VAD_RATE: SampleRate = SampleRate::Hz8000;

/// Converts frames of any rate to the voice detector's 160 samples.
#[derive(Debug)]
struct VadInput<H> {
    rate: SampleRate,
    /// From the leg's rate, or from 16 kHz, kept for frames of that rate.
    resampler: Option<Resampler<H>>,
    frame: [i16; VAD_SAMPLES],
    filled: usize,
}

impl<H: Samples> VadInput<H> {
    fn new(rate: SampleRate, memory: impl FnOnce(usize) -> H) -> Self {
        let from = match rate {
            VAD_RATE => SampleRate::Hz16000,
            rate => rate,
        };
        Self {
            rate,
            resampler: to_vad(from, memory),
            frame: [0; VAD_SAMPLES],
            filled: 0,
        }
    }

    /// Changes to another rate. Takes memory if that is neither 8 nor 16 kHz.
    fn set_rate(&mut self, rate: SampleRate, memory: impl FnOnce(usize) -> H) {
        self.rate = rate;
        self.filled = 0;
        match &mut self.resampler {
            Some(resampler) if resampler.from_hz() == rate.hz() => resampler.reset(),
            _ if rate == VAD_RATE => {}
            resampler => *resampler = to_vad(rate, memory),
        }
    }

    fn push(&mut self, mut pcm: &[i16], mut each: impl FnMut(&[i16; VAD_SAMPLES])) {
        let Self {
            rate,
            resampler,
            frame,
            filled,
        } = self;
        let resampler = match resampler {
            Some(resampler) if *rate != VAD_RATE => resampler,
            _ => {
                if let Ok(frame) = pcm.try_into() {
                    each(frame);
                }
                return;
            }
        };
        loop {
            let Some(space) = frame.get_mut(*filled..) else {
                return;
            };
            let (taken, made) = resampler.process(pcm, space);
            pcm = pcm.get(taken..).unwrap_or_default();
            *filled += made;
            if *filled == VAD_SAMPLES {
                each(frame);
                *filled = 0;
            } else if taken == 0 || pcm.is_empty() {
                return;
            }
        }
    }
}

/// A resampler from this rate to the voice detector's.
fn to_vad<H: Samples>(rate: SampleRate, memory: impl FnOnce(usize) -> H) -> Option<Resampler<H>> {
    Resampler::with_memory(rate.hz(), VAD_RATE.hz(), memory).ok()
}
