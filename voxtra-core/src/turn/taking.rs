//! The state machine.

use core::time::Duration;

use super::TurnSettings;
use super::likely::Likely;
use super::overlap::{Meaning, Overlap};
use super::pauses::{Patience, Pauses};
use super::recent::Recent;
use super::settings::MAX_START_WINDOW;
use super::units::{FRAME, Micros, frames, lasts, millis};
use crate::time::Instant;

/// Turns voice probabilities into the events of a conversation. One per call.
///
/// Pass every 20 ms frame of the caller to [`handle_frame`](Self::handle_frame), and call
/// [`handle_gap`](Self::handle_gap) while none arrives. Events are passed to the closure, in order,
/// before the call returns. One input may cause several.
///
/// A time is when the input is handled, so a frame at `now` holds the 20 ms before it. Only
/// differences count: a clock that is set back costs only the interval in which that happened.
///
/// ```
/// use voxtra_core::time::Instant;
/// use voxtra_core::turn::{TurnEvent, TurnSettings, TurnTaking};
///
/// let mut turns = TurnTaking::new(TurnSettings::default());
/// let mut started = false;
/// for frame in 0..10 {
///     let now = Instant::from_millis(20 * frame);
///     turns.handle_frame(now, 0.95, false, &mut |event| started |= event == TurnEvent::SpeechStarted);
/// }
/// assert!(started && turns.is_user_speaking());
/// ```
#[derive(Clone, Debug)]
pub struct TurnTaking {
    settings: TurnSettings,
    /// The last input's time, as passed in.
    input: Option<Instant>,
    /// Time since 20 ms before the first input. Never goes back.
    now: Micros,
    last_frame: Micros,
    recent: Recent,
    likely: Likely,
    speech: Speech,
    /// The caller's turn, from its first speech until its end was reported.
    turn: Option<Turn>,
    /// The caller's last speech over this agent, which was taken for no turn.
    dropped: Option<Turn>,
    pauses: Pauses,
    /// When the last turn ended, unless the agent has answered it.
    unanswered: Option<Micros>,
    /// Since when neither side has spoken, and whether that was reported.
    quiet_since: Micros,
    quiet_reported: bool,
    overlap: Overlap,
    /// The agent's utterance may not be interrupted, whatever the settings say.
    uninterruptible: bool,
}

/// An event of the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnEvent {
    /// The caller speaks. Once per utterance.
    SpeechStarted,
    /// The caller has stopped speaking.
    SpeechEnded {
        /// From the beginning of the first frame of speech to the end of the last, without the
        /// hangover.
        duration: Duration,
        /// The caller is still speaking: the utterance reached the longest duration.
        cut: bool,
        /// How long ago the last frame of speech was handled.
        silence: Duration,
    },
    /// The caller talks over the agent. Once each time.
    BargeIn,
    /// Neither side has spoken for the set time. Once per silence.
    Silence {
        /// The time that was set.
        duration: Duration,
    },
    /// The caller has finished, as far as silence can tell. Comes after the last utterance's
    /// `SpeechEnded`. Speech that is over the agent from beginning to end without a barge-in, such
    /// as "mm-hm", is a turn only if the agent is silent by then (an answer that came early), or
    /// barge-in is off.
    TurnEnded {
        /// From the beginning of the turn's first utterance to the end of its last, pauses
        /// included.
        duration: Duration,
        /// The caller is still speaking: the turn reached the longest duration.
        cut: bool,
    },
}

impl TurnTaking {
    /// A conversation before any speech; its first silence begins with the first input.
    ///
    /// With settings that do not pass [`TurnSettings::check`], the behaviour is unspecified.
    #[must_use]
    pub fn new(settings: TurnSettings) -> Self {
        Self {
            settings,
            input: None,
            // The first input may be a frame, which began before it was handled.
            now: FRAME,
            last_frame: 0,
            recent: Recent::default(),
            likely: Likely::default(),
            speech: Speech::None,
            turn: None,
            dropped: None,
            pauses: Pauses::new(&settings),
            unanswered: None,
            quiet_since: 0,
            quiet_reported: false,
            overlap: Overlap::default(),
            uninterruptible: false,
        }
    }

    /// Takes the probability (0 to 1) that the caller's frame that arrived at `now` is speech. NaN
    /// is not speech.
    pub fn handle_frame(
        &mut self,
        now: Instant,
        probability: f32,
        agent_speaking: bool,
        on: &mut impl FnMut(TurnEvent),
    ) {
        self.advance(now);
        // Events that were due before this frame began come first, so that speech after a gap is
        // new speech.
        let frame_began = self.now.saturating_sub(FRAME);
        self.forget_onset_after_gap(frame_began);
        self.settle(frame_began, agent_speaking, on);
        self.last_frame = self.now;

        let voiced = probability >= self.settings.stop_threshold;
        let over_agent = agent_speaking && !self.uninterruptible;
        self.likely.frame(probability, &self.settings);
        self.recent.push(
            probability >= self.settings.start_threshold,
            voiced,
            over_agent,
        );
        self.follow_speech(voiced, over_agent, on);
        if over_agent {
            let in_speech = !matches!(self.speech, Speech::None);
            self.overlap
                .frame(self.now, probability, in_speech, &self.settings);
        }
        self.follow_agent(agent_speaking, on);
        self.cut_what_is_too_long(on);
        self.settle(self.now, agent_speaking, on);
    }

    /// Reports that no frame has arrived from the caller up to `now`: that counts as no speech.
    ///
    /// Call it as often as is convenient while no frames arrive, for instance every 20 ms. A gap
    /// shorter than the start window does not disturb speech that is about to start: late frames
    /// come in a bunch.
    pub fn handle_gap(
        &mut self,
        now: Instant,
        agent_speaking: bool,
        on: &mut impl FnMut(TurnEvent),
    ) {
        self.advance(now);
        self.forget_onset_after_gap(self.now);
        self.follow_agent(agent_speaking, on);
        self.settle(self.now, agent_speaking, on);
    }

    /// The caller's audio has ended for good: ends open speech and an open turn without waiting.
    pub fn finish(&mut self, on: &mut impl FnMut(TurnEvent)) {
        self.end_speech(false, on);
        self.end_turn(false, on);
        self.drop_onset();
        self.overlap.clear();
        self.dropped = None;
    }

    /// Leaves out the time from the last input to the next one: it was neither speech nor silence,
    /// as the caller's audio was not analysed. Open speech and an open turn end here, and silence
    /// begins anew.
    pub fn leave_out(&mut self, on: &mut impl FnMut(TurnEvent)) {
        self.finish(on);
        self.input = None;
        self.quiet_since = self.now;
        self.quiet_reported = false;
    }

    /// Lets the caller interrupt the agent from now on, or not.
    pub fn set_barge_in(&mut self, on: bool) {
        self.settings.barge_in = on;
        if !on {
            self.overlap.clear();
        }
    }

    /// Protects the agent's utterance from the caller, or no longer. As if barge-in were off, the
    /// caller's speech over a protected utterance is reported and is a turn, but neither holds the
    /// agent back nor interrupts it. It does not count against the next utterance either.
    pub fn set_uninterruptible(&mut self, on: bool) {
        if on != self.uninterruptible {
            self.uninterruptible = on;
            self.overlap.clear();
            self.dropped = None;
        }
    }

    /// Tells whether the caller's words are reported to [`handle_meaning`](Self::handle_meaning)
    /// while they are said. If so, speech over the agent that is long enough for a barge-in waits
    /// for them, up to `barge_in_words_ms` and only while the agent is held back.
    pub fn expect_words(&mut self, on: bool) {
        self.overlap.await_words(on);
    }

    /// Takes what the caller's words mean that were said over the agent: of the speech in progress,
    /// or the last. A transcript comes late, and by then the agent may have gone on, or been cut
    /// for the length of the speech; what has ended stays as it is. Words interrupt once a turn.
    pub fn handle_meaning(
        &mut self,
        meaning: Meaning,
        agent_speaking: bool,
        on: &mut impl FnMut(TurnEvent),
    ) {
        match meaning {
            Meaning::Backchannel => self.overlap.excuse(),
            // Late words of speech that is over say nothing about the next.
            Meaning::Content if matches!(self.speech, Speech::None) && !self.is_agent_held() => {}
            Meaning::Content => self.overlap.note_content(),
            Meaning::Interruption => {
                let said = self.turn.or(self.dropped);
                if said.is_some_and(|turn| !turn.interrupted)
                    && agent_speaking
                    && self.settings.barge_in
                    && !self.uninterruptible
                {
                    self.overlap.interrupt();
                    self.barge_in(on);
                }
            }
        }
    }

    /// The application stopped the agent: there is nothing to hold back any more.
    pub fn agent_stopped(&mut self) {
        self.overlap.clear();
    }

    /// Whether the agent should be held back, because the caller may be interrupting it. Ends with
    /// [`TurnEvent::BargeIn`], or when no interruption follows.
    #[must_use]
    pub const fn is_agent_held(&self) -> bool {
        self.overlap.is_agent_held()
    }

    /// Lets a silence of `threshold` end the turn, instead of the adapted one: shorter when the
    /// caller's sentence is complete, longer when it is not. It holds for the silence in progress,
    /// or the next one if the caller is speaking, until the caller speaks again. Values are clamped
    /// to the range from the hangover to 30 s.
    pub fn expect_end_of_turn(&mut self, threshold: Duration) {
        let threshold = u64::try_from(threshold.as_micros()).unwrap_or(u64::MAX);
        self.pauses.ask(threshold, &self.settings);
    }

    /// Tells how long a silence the caller may make in what is expected next, until this is called
    /// again: [`Patience::Longer`] for a number that is dictated in groups.
    pub fn expect_pauses(&mut self, patience: Patience) {
        self.pauses.expect(patience);
    }

    /// Tells how long a silence the caller may make behind the words heard so far. It counts for
    /// the silence in progress, or the next one if the caller is speaking, until the caller speaks
    /// again, and more than [`expect_pauses`](Self::expect_pauses). An
    /// [expected end](Self::expect_end_of_turn) counts more than either.
    pub fn handle_patience(&mut self, patience: Patience) {
        self.pauses.hear(patience);
    }

    /// The silence that ends the turn now.
    #[must_use]
    pub fn end_of_turn(&self) -> Duration {
        Duration::from_micros(self.pauses.threshold(&self.settings))
    }

    /// Whether speech was reported as started and not yet as ended.
    #[must_use]
    pub const fn is_user_speaking(&self) -> bool {
        matches!(self.speech, Speech::Reported(_))
    }

    /// Whether the latest frames are likely speech: since `pause_frames` of `pause_window` reached
    /// `pause_threshold`, until two in a row are below `stop_threshold`. An agent that speaks is
    /// held back as soon as this begins, unless earlier false alarms raised `pause_frames`.
    #[must_use]
    pub const fn is_speech_likely(&self) -> bool {
        self.likely.is_on()
    }

    /// How long ago the current speech began, reported or not; `None` when there is none.
    ///
    /// At [`TurnEvent::SpeechStarted`] this is how far back to begin so that the first syllable is
    /// not lost.
    #[must_use]
    pub fn speech_age(&self) -> Option<Duration> {
        match self.speech {
            Speech::None => None,
            Speech::Onset { span, .. } | Speech::Reported(span) => Some(Duration::from_micros(
                self.now.saturating_sub(span.first).saturating_add(FRAME),
            )),
        }
    }

    fn advance(&mut self, now: Instant) {
        let elapsed = self.input.map_or(0, |before| {
            now.as_micros().saturating_sub(before.as_micros())
        });
        self.now = self.now.saturating_add(elapsed);
        self.input = Some(now);
    }

    /// Starts, confirms, continues or drops speech according to the newest frame.
    fn follow_speech(&mut self, voiced: bool, over_agent: bool, on: &mut impl FnMut(TurnEvent)) {
        let needed = self.start_frames();
        let window = self.start_window();
        if let Speech::None = self.speech
            && self.recent.startable(window) >= needed
        {
            let back = frames(self.recent.oldest_startable(window));
            self.speech = Speech::Onset {
                span: Span {
                    first: self.now.saturating_sub(back),
                    last: self.now,
                },
                // This frame is counted below.
                voiced_frames: self.recent.startable(window).saturating_sub(1),
            };
            self.overlap
                .begin_speech(self.recent.over_agent(window).saturating_sub(1));
        }
        match &mut self.speech {
            Speech::None => {}
            Speech::Onset {
                span,
                voiced_frames,
            } => {
                if voiced {
                    span.last = self.now;
                    *voiced_frames = voiced_frames.saturating_add(1);
                }
                let long_enough = lasts(*voiced_frames, self.settings.min_speech_ms);
                let span = *span;
                if self.recent.voiced(window) < needed {
                    self.drop_onset();
                } else if long_enough {
                    self.speech = Speech::Reported(span);
                    self.follow_pause(span);
                    on(TurnEvent::SpeechStarted);
                }
            }
            Speech::Reported(span) => {
                if voiced {
                    span.last = self.now;
                }
            }
        }
        if let Speech::Reported(span) = self.speech {
            let turn = self.turn.get_or_insert(Turn {
                span,
                has_the_floor: !self.settings.barge_in,
                interrupted: false,
            });
            self.dropped = None;
            turn.span.last = span.last;
            turn.has_the_floor |= voiced && !over_agent;
            self.quiet_since = span.last;
            self.quiet_reported = false;
        }
    }

    /// The caller speaks (again): learns from the pause.
    fn follow_pause(&mut self, span: Span) {
        // A turn that was ended but goes on before the agent has answered had not really ended.
        let before = self
            .turn
            .map(|turn| turn.span.last)
            .or(self.unanswered.take());
        if let Some(last) = before {
            let pause = span.first.saturating_sub(last).saturating_sub(FRAME);
            if pause <= Pauses::longest(&self.settings) {
                self.pauses.paused(pause, &self.settings);
            }
        }
        self.pauses.speech_started();
    }

    /// Notes that the agent speaks, and whether the caller has now talked over it for long enough.
    fn follow_agent(&mut self, agent_speaking: bool, on: &mut impl FnMut(TurnEvent)) {
        if !agent_speaking {
            self.overlap.clear();
            self.dropped = None;
            return;
        }
        self.unanswered = None;
        self.quiet_since = self.now;
        self.quiet_reported = false;
        let speaks = self.is_user_speaking();
        if !self.uninterruptible && self.overlap.confirm(self.now, speaks, &self.settings) {
            self.barge_in(on);
        }
        self.overlap.settle(self.now, &self.settings);
    }

    /// The caller interrupts the agent, and has the turn.
    fn barge_in(&mut self, on: &mut impl FnMut(TurnEvent)) {
        // What was taken for no turn is one.
        self.turn = self.turn.or(self.dropped.take());
        if let Some(turn) = &mut self.turn {
            turn.has_the_floor = true;
            turn.interrupted = true;
        }
        on(TurnEvent::BargeIn);
    }

    /// Reports everything that was due by `at`.
    fn settle(&mut self, at: Micros, agent_speaking: bool, on: &mut impl FnMut(TurnEvent)) {
        let since = |then: Micros| at.saturating_sub(then);
        if let Speech::Reported(span) = self.speech
            && since(span.last) >= millis(self.settings.hangover_ms)
        {
            self.end_speech(false, on);
        }
        // Speech that may be starting delays the end of the turn and of the silence: if it becomes
        // speech, it began before they were due. A single frame can do that for one window, not for
        // ever.
        if !matches!(self.speech, Speech::None) {
            return;
        }
        let window = self.start_window();
        let patience = match self.recent.startable(window) {
            0 => 0,
            _ => frames(window),
        };
        if let Some(turn) = self.turn
            && since(turn.span.last)
                >= self
                    .pauses
                    .threshold(&self.settings)
                    .saturating_add(patience)
        {
            if turn.has_the_floor || !agent_speaking {
                if agent_speaking {
                    self.interrupt_before_the_end(on);
                }
                self.end_turn(false, on);
            } else {
                self.dropped = self.turn.take();
                self.pauses.turn_dropped();
            }
        }
        let threshold = millis(self.settings.silence_ms);
        if threshold > 0
            && !agent_speaking
            && !self.quiet_reported
            && since(self.quiet_since) >= threshold.saturating_add(patience)
        {
            self.quiet_reported = true;
            on(TurnEvent::Silence {
                duration: Duration::from_micros(threshold),
            });
        }
    }

    /// Ends an utterance, and a turn, that has reached its longest duration.
    fn cut_what_is_too_long(&mut self, on: &mut impl FnMut(TurnEvent)) {
        let Speech::Reported(span) = self.speech else {
            return;
        };
        let is_too_long =
            |span: Span, longest| span.last.saturating_sub(span.first) >= millis(longest);
        let ends_turn = self
            .turn
            .is_some_and(|turn| is_too_long(turn.span, self.settings.longest_turn_ms));
        if ends_turn || is_too_long(span, self.settings.longest_utterance_ms) {
            self.end_speech(true, on);
        }
        if ends_turn {
            self.interrupt_before_the_end(on);
            self.end_turn(true, on);
        }
    }

    /// A barge-in that waits for its words waits no longer than the turn lasts.
    fn interrupt_before_the_end(&mut self, on: &mut impl FnMut(TurnEvent)) {
        if !self.uninterruptible && self.overlap.is_long() {
            self.overlap.interrupt();
            self.barge_in(on);
        }
    }

    fn end_speech(&mut self, cut: bool, on: &mut impl FnMut(TurnEvent)) {
        if let Speech::Reported(span) = self.speech {
            self.drop_onset();
            on(TurnEvent::SpeechEnded {
                duration: span.duration(),
                cut,
                silence: Duration::from_micros(self.now.saturating_sub(span.last)),
            });
        }
    }

    fn end_turn(&mut self, cut: bool, on: &mut impl FnMut(TurnEvent)) {
        if let Some(turn) = self.turn.take() {
            self.unanswered = Some(turn.span.last);
            self.pauses.turn_ended(&self.settings);
            on(TurnEvent::TurnEnded {
                duration: turn.span.duration(),
                cut,
            });
        }
    }

    /// Old frames must not help new ones to start speech.
    fn drop_onset(&mut self) {
        self.speech = Speech::None;
        self.recent = Recent::default();
        self.overlap.end_speech();
    }

    /// Frames from before a long gap don't count towards a start after it.
    fn forget_onset_after_gap(&mut self, at: Micros) {
        let window = frames(self.start_window());
        if at.saturating_sub(self.last_frame) >= window && !self.is_user_speaking() {
            self.drop_onset();
        }
    }

    /// In range even when the settings were not checked.
    fn start_window(&self) -> u32 {
        u32::from(self.settings.start_window.clamp(1, MAX_START_WINDOW))
    }

    fn start_frames(&self) -> u32 {
        u32::from(self.settings.start_frames).clamp(1, self.start_window())
    }
}

/// The caller's speech.
#[derive(Clone, Copy, Debug)]
enum Speech {
    None,
    /// Enough frames for a start, but not yet for `min_speech_ms`.
    Onset {
        span: Span,
        voiced_frames: u32,
    },
    Reported(Span),
}

/// Speech that may become the caller's turn.
#[derive(Clone, Copy, Debug)]
struct Turn {
    span: Span,
    /// The caller said part of it while the agent was silent, or interrupted the agent. Otherwise
    /// it may need no answer. An agent that may not be interrupted counts as silent.
    has_the_floor: bool,
    /// It interrupted the agent.
    interrupted: bool,
}

/// From the first frame to the last, by the times at which they were handled.
#[derive(Clone, Copy, Debug)]
struct Span {
    first: Micros,
    last: Micros,
}

impl Span {
    /// The first frame began 20 ms before it was handled.
    fn duration(self) -> Duration {
        Duration::from_micros(self.last.saturating_sub(self.first).saturating_add(FRAME))
    }
}
