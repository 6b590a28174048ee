//! How long a caller waits for each answer, and what for: `turn.measured`.
//!
//! What the caller hears and says has the media thread's own times. What providers give is noted
//! where it is taken, before anything that follows from it can be heard.

use std::time::Duration;

use tokio::time::Instant;
use voxtra_core::event::{BuiltIn, TurnMeasured, TurnMeasuredOutcome as Outcome};
use voxtra_core::time::Instant as Moment;

/// A frame of the line lasts this long.
const FRAME_MS: u32 = 20;

/// What an utterance is to the caller's turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Part {
    /// The answer, or a piece of it.
    #[default]
    Answer,
    /// The agent speaks of its own accord: the turn, if there was one, needs no answer.
    Aside,
}

/// What providers gave for the answer that is being made, and when.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marks {
    asked: Option<Instant>,
    token: Option<Instant>,
    sentence: Option<Instant>,
    audio: Option<Instant>,
    tools: u32,
    /// Who is asked has heard the caller, and awaits no transcript.
    heard: bool,
}

impl Marks {
    /// The language model is asked, for the first time in this answer.
    pub(crate) fn asked(&mut self) {
        *self = Self {
            asked: Some(Instant::now()),
            ..Self::default()
        };
    }

    /// A speech-to-speech service is asked, for the first time in this answer.
    pub(crate) fn asked_in_one(&mut self) {
        self.asked();
        self.heard = true;
    }

    /// The model has given words.
    pub(crate) fn token(&mut self) {
        if self.asked.is_some() {
            self.token.get_or_insert_with(Instant::now);
        }
    }

    /// The voice is given a sentence of the model.
    pub(crate) fn sentence(&mut self) {
        if self.asked.is_some() {
            self.sentence.get_or_insert_with(Instant::now);
        }
    }

    /// The voice has given audio.
    pub(crate) fn audio(&mut self) {
        self.audio.get_or_insert_with(Instant::now);
    }

    /// The model calls tools.
    pub(crate) fn tools(&mut self, tools: usize) {
        let tools = u32::try_from(tools).unwrap_or(u32::MAX);
        self.tools = self.tools.saturating_add(tools);
    }
}

/// Measures a call's turns.
#[derive(Debug, Default)]
pub(super) struct Meter {
    turn: Option<Turn>,
}

/// What the caller says, from its beginning to the agent's answer.
#[derive(Debug, Default)]
struct Turn {
    speaks: bool,
    /// When the caller was last heard.
    ended: Option<Moment>,
    decided: Option<Moment>,
    transcript: Option<Moment>,
    /// When the agent was first heard since.
    heard: Option<Moment>,
    filler: bool,
}

impl Meter {
    /// Takes an event that was born at `at`. Returns the measured turn, if that ends with it.
    /// `now` is the time of both clocks; `marks` belong to the answer in the making.
    pub(super) fn note(
        &mut self,
        at: Moment,
        now: (Moment, Instant),
        event: &BuiltIn,
        part: Option<Part>,
        marks: &mut Marks,
    ) -> Option<TurnMeasured> {
        match event {
            BuiltIn::UserSpeechStarted(_) => {
                let turn = self.turn.get_or_insert_default();
                turn.speaks = true;
                turn.heard = None;
                turn.filler = false;
                // They belong to an earlier answer.
                if turn.decided.is_none() {
                    *marks = Marks::default();
                }
            }
            BuiltIn::UserSpeechEnded(ended) => {
                let turn = self.turn.as_mut()?;
                turn.speaks = false;
                turn.ended = Some(at - Duration::from_millis(ended.silence_ms));
            }
            BuiltIn::TurnEnded(_) => self.turn.as_mut()?.decided = Some(at),
            BuiltIn::UserTranscript(_) => self.turn.as_mut()?.transcript = Some(at),
            BuiltIn::AgentSpeechStarted(_) => match part {
                Some(Part::Answer) => {
                    let turn = self.turn.take_if(|turn| turn.decided.is_some())?;
                    let marks = std::mem::take(marks);
                    return turn.measured(at, now, Outcome::Answered, marks);
                }
                Some(Part::Aside) => self.turn = None,
                // The guard against dead air says it: a filler or an apology.
                None => {
                    let turn = self.turn.as_mut()?;
                    turn.heard.get_or_insert(at);
                    turn.filler = true;
                }
            },
            BuiltIn::CallEnded(_) | BuiltIn::CallFailed(_) | BuiltIn::CallTransferred(_) => {
                let turn = self.turn.take()?;
                // A sound without words awaits no answer.
                let waits = turn.decided.is_some() && turn.transcript.is_some();
                let marks = std::mem::take(marks);
                return waits
                    .then(|| turn.measured(at, now, Outcome::Unanswered, marks))
                    .flatten();
            }
            _ => {}
        }
        None
    }
}

impl Turn {
    fn measured(
        self,
        at: Moment,
        now: (Moment, Instant),
        outcome: Outcome,
        marks: Marks,
    ) -> Option<TurnMeasured> {
        let ended = self.ended?;
        let moment = |mark: Instant| now.0 - now.1.duration_since(mark);
        let since = |then: Moment| millis(then.duration_since(ended));
        let silence = |then: Moment| u64::from(since(then));
        let (asked, audio) = (marks.asked.map(moment), marks.audio.map(moment));
        let decided = self.decided.filter(|decided| *decided >= ended);
        // A caller who speaks hears no silence.
        let heard = if self.speaks {
            ended
        } else {
            self.heard.unwrap_or(at)
        };
        // Before that there was nothing to answer.
        let transcript = self.transcript.filter(|_| !marks.heard);
        let ready = decided.into_iter().chain(transcript).max();
        let own = match (asked, audio, ready) {
            (Some(asked), Some(audio), Some(ready)) if outcome == Outcome::Answered => {
                let waited = at.duration_since(audio.max(ready));
                Some((asked.duration_since(ready) + waited, waited))
            }
            _ => None,
        };
        // Frames go out every 20 ms: this much later the answer's first one could go out.
        let rhythm = own.map(|(_, waited)| millis(waited) % FRAME_MS);
        let preemptive = asked
            .zip(self.decided)
            .is_some_and(|(asked, end)| asked < end);
        let first_frame = (outcome == Outcome::Answered).then_some(at);
        Some(
            TurnMeasured::new(
                outcome,
                silence(heard),
                marks.tools,
                self.filler,
                preemptive,
            )
            .with_decided_ms(decided.map(since))
            .with_transcript_ms(self.transcript.map(since))
            .with_asked_ms(asked.map(since))
            .with_first_token_ms(marks.token.map(moment).map(since))
            .with_first_sentence_ms(marks.sentence.map(moment).map(since))
            .with_first_audio_ms(audio.map(since))
            .with_first_frame_ms(first_frame.map(since))
            .with_own_ms(own.map(|(own, _)| millis(own)))
            .with_rhythm_ms(rhythm),
        )
    }
}

/// At most 49 days.
fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use voxtra_core::event::{
        AgentSpeechStarted, CallEnded, TurnEnded, UserSpeechEnded, UserSpeechStarted,
        UserTranscript,
    };

    use super::*;

    /// A meter, and events at milliseconds of the call.
    struct Bench {
        meter: Meter,
        marks: Marks,
        zero: Instant,
    }

    impl Bench {
        fn new() -> Self {
            Self {
                meter: Meter::default(),
                marks: Marks::default(),
                zero: Instant::now(),
            }
        }

        fn at(&mut self, ms: u64, event: impl Into<BuiltIn>) -> Option<TurnMeasured> {
            self.says(ms, event, None)
        }

        fn says(
            &mut self,
            ms: u64,
            event: impl Into<BuiltIn>,
            part: Option<Part>,
        ) -> Option<TurnMeasured> {
            let at = Moment::from_millis(ms);
            // The owner hears of it later than it was.
            let now = self.zero + Duration::from_millis(ms + 7);
            let now = (Moment::from_millis(ms + 7), now);
            let event = event.into();
            self.meter.note(at, now, &event, part, &mut self.marks)
        }

        fn mark(&self, ms: u64) -> Option<Instant> {
            Some(self.zero + Duration::from_millis(ms))
        }

        /// The caller speaks until `end`, and the turn is over 700 ms later.
        fn turn(&mut self, end: u64) {
            self.speaks(end);
            assert_eq!(self.at(end + 500, transcript()), None);
            assert_eq!(self.at(end + 700, TurnEnded::new(900)), None);
        }

        fn speaks(&mut self, end: u64) {
            assert_eq!(self.at(end - 800, UserSpeechStarted::default()), None);
            let ended = UserSpeechEnded::new(900).with_silence_ms(240);
            assert_eq!(self.at(end + 240, ended), None);
        }

        fn hears(&mut self, ms: u64, part: Option<Part>) -> Option<TurnMeasured> {
            self.says(ms, AgentSpeechStarted::new("Hm.".into()), part)
        }
    }

    fn transcript() -> UserTranscript {
        UserTranscript::new("hello".into(), 1.0, true)
    }

    #[tokio::test(start_paused = true)]
    async fn each_part_counts_from_the_end_of_the_callers_speech() {
        let mut bench = Bench::new();
        bench.turn(2_000);
        bench.marks.asked = bench.mark(2_702);
        bench.marks.token = bench.mark(3_000);
        bench.marks.sentence = bench.mark(3_050);
        bench.marks.audio = bench.mark(3_300);
        bench.marks.tools = 2;
        let measured = bench.hears(3_311, Some(Part::Answer)).unwrap();
        let expected = TurnMeasured::new(Outcome::Answered, 1_311, 2, false, false)
            .with_decided_ms(Some(700))
            .with_transcript_ms(Some(500))
            .with_asked_ms(Some(702))
            .with_first_token_ms(Some(1_000))
            .with_first_sentence_ms(Some(1_050))
            .with_first_audio_ms(Some(1_300))
            .with_first_frame_ms(Some(1_311))
            .with_own_ms(Some(13))
            .with_rhythm_ms(Some(11));
        assert_eq!(measured, expected);
        // The rest of the answer is no answer of its own.
        assert_eq!(bench.hears(6_000, Some(Part::Answer)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_transcript_is_no_time_of_ours() {
        let mut bench = Bench::new();
        bench.speaks(2_000);
        bench.at(2_700, TurnEnded::new(900));
        bench.at(3_200, transcript());
        bench.marks.asked = bench.mark(3_201);
        bench.marks.audio = bench.mark(3_400);
        let measured = bench.hears(3_404, Some(Part::Answer)).unwrap();
        assert_eq!((measured.own_ms, measured.rhythm_ms), (Some(5), Some(4)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_whole_frames_later_than_it_could_is_not_the_rhythm() {
        let mut bench = Bench::new();
        bench.turn(2_000);
        bench.marks.asked = bench.mark(2_700);
        bench.marks.audio = bench.mark(3_000);
        let measured = bench.hears(3_047, Some(Part::Answer)).unwrap();
        assert_eq!((measured.own_ms, measured.rhythm_ms), (Some(47), Some(7)));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_was_made_early_waits_for_the_turns_end_alone() {
        let mut bench = Bench::new();
        bench.speaks(2_000);
        bench.at(2_300, transcript());
        bench.marks.asked = bench.mark(1_900);
        bench.marks.audio = bench.mark(2_400);
        bench.at(2_700, TurnEnded::new(900));
        let measured = bench.hears(2_710, Some(Part::Answer)).unwrap();
        assert!(measured.preemptive);
        let times = (measured.asked_ms, measured.first_audio_ms, measured.own_ms);
        assert_eq!(times, (Some(0), Some(400), Some(10)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_filler_ends_the_silence_and_not_the_wait() {
        let mut bench = Bench::new();
        bench.turn(2_000);
        assert_eq!(bench.hears(3_500, None), None);
        let measured = bench.hears(6_000, Some(Part::Answer)).unwrap();
        assert!(measured.filler);
        let times = (measured.heard_silence_ms, measured.first_frame_ms);
        assert_eq!(times, (1_500, Some(4_000)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_who_goes_on_waits_from_the_last_word() {
        let mut bench = Bench::new();
        bench.turn(2_000);
        bench.hears(2_800, None);
        bench.turn(5_000);
        let measured = bench.hears(6_000, Some(Part::Answer)).unwrap();
        let times = (measured.heard_silence_ms, measured.decided_ms);
        assert_eq!((times, measured.filler), ((1_000, Some(700)), false));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_over_the_caller_follows_no_silence_and_no_decision() {
        let mut bench = Bench::new();
        bench.turn(2_000);
        bench.at(3_000, UserSpeechStarted::default());
        let measured = bench.hears(3_100, Some(Part::Answer)).unwrap();
        assert_eq!(measured.heard_silence_ms, 0);
        assert_eq!(measured.decided_ms, Some(700));
    }

    #[tokio::test(start_paused = true)]
    async fn who_hangs_up_before_the_answer_has_waited_until_then() {
        let mut bench = Bench::new();
        bench.turn(2_000);
        let measured = bench.at(9_000, CallEnded::new("normal_clearing".into(), 9.0));
        let expected = TurnMeasured::new(Outcome::Unanswered, 7_000, 0, false, false)
            .with_decided_ms(Some(700))
            .with_transcript_ms(Some(500));
        assert_eq!(measured, Some(expected));
    }

    #[tokio::test(start_paused = true)]
    async fn what_awaits_no_answer_is_no_turn() {
        let mut bench = Bench::new();
        // Said over the agent, who goes on.
        bench.speaks(2_000);
        assert_eq!(bench.hears(4_000, Some(Part::Answer)), None);
        // A cough, after which the agent speaks of its own accord.
        bench.at(4_700, TurnEnded::new(100));
        assert_eq!(bench.hears(12_000, Some(Part::Aside)), None);
        assert_eq!(bench.hears(14_000, Some(Part::Answer)), None);
        // A cough before the end.
        bench.speaks(20_000);
        bench.at(20_700, TurnEnded::new(100));
        let ended = CallEnded::new("normal_clearing".into(), 21.0);
        assert_eq!(bench.at(21_000, ended), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_an_earlier_answer_left_is_not_taken_for_this_one() {
        let mut bench = Bench::new();
        bench.marks.audio = bench.mark(100);
        bench.turn(2_000);
        let measured = bench.hears(3_000, Some(Part::Answer)).unwrap();
        assert_eq!(measured.first_audio_ms, None);
    }
}
