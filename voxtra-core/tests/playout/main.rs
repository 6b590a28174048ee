//! Playout in virtual time: what goes out when, what is said about it, and that no sample is lost
//! uncounted.

#![allow(clippy::unwrap_used)]

mod heard;
mod holding;

use std::collections::VecDeque;
use std::time::Duration;

use proptest::prelude::*;
use voxtra_core::audio::{FRAME, SampleRate};
use voxtra_core::playout::{
    AgentAudio, Chunk, Playout, PlayoutCounters, PlayoutEvent, PlayoutSettings,
};
use voxtra_core::time::Instant;

/// An agent that has queued some audio.
#[derive(Default)]
struct Agent {
    chunks: VecDeque<Chunk>,
    samples: VecDeque<i16>,
    queued: u64,
    read: u64,
}

impl Agent {
    fn queue(&mut self, epoch: u32, utterance: u32, samples: &[i16], first: bool, last: bool) {
        self.chunks.push_back(Chunk {
            epoch,
            utterance,
            samples: samples.len() as u32,
            first,
            last,
            uninterruptible: false,
        });
        self.samples.extend(samples);
        self.queued += samples.len() as u64;
    }

    /// A whole utterance in one chunk.
    fn say(&mut self, epoch: u32, utterance: u32, samples: &[i16]) {
        self.queue(epoch, utterance, samples, true, true);
    }
}

impl AgentAudio for Agent {
    fn next_chunk(&mut self) -> Option<Chunk> {
        self.chunks.pop_front()
    }

    fn read(&mut self, out: &mut [i16]) -> usize {
        let count = out.len().min(self.samples.len());
        for (to, from) in out.iter_mut().zip(self.samples.drain(..count)) {
            *to = from;
        }
        self.read += count as u64;
        count
    }

    fn skip(&mut self, samples: usize) {
        self.samples.drain(..samples);
    }
}

/// A playout at 8 kHz, polled at each of its deadlines.
struct PlayoutRig {
    playout: Playout,
    agent: Agent,
    /// What happened, but for how much of each utterance was played.
    events: Vec<PlayoutEvent>,
    /// How much of each utterance was played when it ended.
    played: Vec<(u32, u64)>,
}

impl PlayoutRig {
    fn new(settings: PlayoutSettings) -> Self {
        let mut playout = Playout::new(SampleRate::Hz8000, settings);
        playout.start(Instant::ZERO);
        Self {
            playout,
            agent: Agent::default(),
            events: Vec::new(),
            played: Vec::new(),
        }
    }

    fn plain() -> Self {
        Self::new(PlayoutSettings::default())
    }

    /// Samples exactly as they were queued, whatever happens.
    fn untouched() -> Self {
        Self::new(PlayoutSettings::default().with(|playout| {
            playout.declick = Duration::ZERO;
            playout.pause_fade = Duration::ZERO;
        }))
    }

    fn frame(&mut self) -> Vec<i16> {
        let now = self.playout.next_deadline();
        self.frame_at(now).unwrap()
    }

    fn frame_at(&mut self, now: Instant) -> Option<Vec<i16>> {
        let mut out = vec![0x5555; 160];
        let (events, played) = (&mut self.events, &mut self.played);
        let made = self
            .playout
            .poll(now, &mut self.agent, &mut out, &mut |event| {
                note(event, events, played);
            });
        made.map(|length| {
            assert_eq!(length, 160);
            out
        })
    }

    fn events(&mut self) -> Vec<PlayoutEvent> {
        std::mem::take(&mut self.events)
    }
}

fn note(event: PlayoutEvent, events: &mut Vec<PlayoutEvent>, played: &mut Vec<(u32, u64)>) {
    events.push(match event {
        PlayoutEvent::FrameSent => return,
        PlayoutEvent::Started { .. } => event,
        PlayoutEvent::Ended {
            utterance,
            interrupted,
            played: samples,
        } => {
            played.push((utterance, samples));
            if interrupted {
                cut(utterance)
            } else {
                ended(utterance)
            }
        }
    });
}

const fn started(utterance: u32) -> PlayoutEvent {
    PlayoutEvent::Started { utterance }
}

const fn ended(utterance: u32) -> PlayoutEvent {
    PlayoutEvent::Ended {
        utterance,
        interrupted: false,
        played: 0,
    }
}

const fn cut(utterance: u32) -> PlayoutEvent {
    PlayoutEvent::Ended {
        utterance,
        interrupted: true,
        played: 0,
    }
}

/// The largest step between neighbours.
fn largest_step(samples: &[i16]) -> i32 {
    let steps = samples
        .windows(2)
        .map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs());
    steps.max().unwrap_or(0)
}

mod pacing {
    use super::*;

    #[test]
    fn nothing_before_the_start_and_the_first_frame_at_once() {
        let mut playout = Playout::new(SampleRate::Hz8000, PlayoutSettings::default());
        let mut agent = Agent::default();
        assert_eq!(playout.next_deadline(), Instant::MAX);
        let late = Instant::from_millis(1_000_000);
        let mut out = [0; 160];
        assert_eq!(playout.poll(late, &mut agent, &mut out, &mut |_| ()), None);
        playout.start(late);
        assert_eq!(
            playout.poll(late, &mut agent, &mut out, &mut |_| ()),
            Some(160)
        );
        assert_eq!(playout.poll(late, &mut agent, &mut out, &mut |_| ()), None);
    }

    #[test]
    fn a_late_frame_does_not_move_the_next_ones() {
        let mut line = PlayoutRig::plain();
        assert!(line.frame_at(Instant::from_millis(0)).is_some());
        assert!(line.frame_at(Instant::from_millis(19)).is_none());
        assert!(line.frame_at(Instant::from_millis(33)).is_some());
        assert_eq!(line.playout.next_deadline(), Instant::from_millis(40));
        assert!(line.frame_at(Instant::from_millis(44)).is_some());
        let counters = line.playout.counters();
        assert_eq!((counters.late_frames, counters.slips), (1, 0));
    }

    #[test]
    fn a_long_delay_moves_the_schedule_instead_of_a_burst() {
        let mut line = PlayoutRig::plain();
        line.frame();
        assert!(line.frame_at(Instant::from_millis(500)).is_some());
        assert!(line.frame_at(Instant::from_millis(500)).is_none());
        assert_eq!(line.playout.next_deadline(), Instant::from_millis(520));
        assert_eq!(line.playout.counters().slips, 1);
    }

    #[test]
    fn the_schedule_keeps_its_place_among_the_20_ms() {
        let mut line = PlayoutRig::plain();
        line.frame();
        assert!(line.frame_at(Instant::from_millis(513)).is_some());
        assert_eq!(line.playout.next_deadline(), Instant::from_millis(520));
        assert!(line.frame_at(Instant::from_millis(560)).is_some());
        assert_eq!(line.playout.next_deadline(), Instant::from_millis(580));
        assert_eq!(line.playout.counters().slips, 2);
    }

    #[test]
    fn frames_are_left_out_only_while_nothing_is_playing() {
        let mut line = PlayoutRig::plain();
        line.frame();
        line.playout.leave_out(4);
        assert_eq!(line.playout.next_deadline(), Instant::from_millis(100));
        line.agent.say(0, 1, &[5; 200]);
        assert!(line.frame_at(Instant::from_millis(100)).is_some());
        line.playout.leave_out(4);
        assert_eq!(line.playout.next_deadline(), Instant::from_millis(120));
        assert_eq!(line.playout.counters().slips, 0);
    }

    #[test]
    fn exactly_one_frame_late_is_not_a_slip() {
        let mut line = PlayoutRig::plain();
        assert!(line.frame_at(Instant::from_millis(20)).is_some());
        assert!(line.frame_at(Instant::from_millis(20)).is_some());
        assert!(line.frame_at(Instant::from_millis(20)).is_none());
        assert_eq!(line.playout.counters().slips, 0);
    }

    #[test]
    fn another_rate_only_while_nothing_is_playing() {
        let mut line = PlayoutRig::plain();
        line.agent.say(0, 1, &[5; 200]);
        line.frame();
        assert!(!line.playout.set_rate(SampleRate::Hz16000));
        line.frame();
        assert!(line.playout.set_rate(SampleRate::Hz16000));
        let mut out = [1; 320];
        let now = line.playout.next_deadline();
        let made = line
            .playout
            .poll(now, &mut line.agent, &mut out, &mut |_| ());
        assert_eq!(made, Some(320));
    }

    proptest! {
        #[test]
        fn never_two_frames_early(jitter in prop::collection::vec(0u64..60_000, 1..200)) {
            let mut line = PlayoutRig::plain();
            let mut now = Instant::ZERO;
            let mut frames = 0u64;
            for step in jitter {
                now = now + Duration::from_micros(step);
                while line.frame_at(now).is_some() {
                    frames += 1;
                    // The first is due at zero: after n frames at least n-1 periods have passed.
                    prop_assert!(now.duration_since(Instant::ZERO) >= FRAME * (frames as u32 - 1));
                }
                prop_assert!(line.playout.next_deadline() > now);
                prop_assert!(line.playout.next_deadline() <= now + FRAME);
            }
            prop_assert_eq!(line.playout.counters().frames, frames);
        }
    }
}

mod utterances {
    use super::*;

    #[test]
    fn silence_when_there_is_nothing_to_say() {
        let mut line = PlayoutRig::plain();
        assert_eq!(line.frame(), [0; 160]);
        assert!(!line.playout.is_speaking());
        let counters = line.playout.counters();
        assert_eq!((counters.silence_frames, counters.underruns), (1, 0));
    }

    #[test]
    fn an_utterance_starts_with_its_first_frame_and_ends_with_its_last() {
        let mut line = PlayoutRig::plain();
        line.agent.say(0, 7, &[100; 400]);
        assert_eq!(line.frame(), [100; 160]);
        assert_eq!(line.events(), [started(7)]);
        assert!(line.playout.is_speaking());
        assert_eq!(line.frame(), [100; 160]);
        assert_eq!(line.events(), []);
        assert_eq!(line.frame(), [[100; 80], [0; 80]].concat());
        assert_eq!(line.events(), [ended(7)]);
        assert!(!line.playout.is_speaking());
        assert_eq!(line.playout.counters().underruns, 0);
    }

    #[test]
    fn one_follows_another_without_a_gap() {
        let mut line = PlayoutRig::plain();
        line.agent.say(0, 1, &[10; 100]);
        line.agent.say(0, 2, &[20; 60]);
        assert_eq!(line.frame(), [vec![10; 100], vec![20; 60]].concat());
        assert_eq!(line.events(), [started(1), ended(1), started(2), ended(2)]);
    }

    #[test]
    fn the_end_is_seen_with_the_last_sample_even_if_it_is_a_chunk_of_its_own() {
        let mut line = PlayoutRig::plain();
        line.agent.queue(0, 1, &[10; 160], true, false);
        line.agent.queue(0, 1, &[], false, true);
        line.agent.say(0, 2, &[20; 160]);
        line.frame();
        assert_eq!(line.events(), [started(1), ended(1)]);
        line.frame();
        assert_eq!(line.events(), [started(2), ended(2)]);
        assert_eq!(line.playout.counters().underruns, 0);
    }

    #[test]
    fn an_empty_utterance_ends_without_having_started() {
        let mut line = PlayoutRig::plain();
        line.agent.say(0, 1, &[]);
        assert_eq!(line.frame(), [0; 160]);
        assert_eq!(line.events(), [ended(1)]);
    }

    #[test]
    fn one_that_is_never_closed_is_cut_by_the_next() {
        let mut line = PlayoutRig::untouched();
        line.agent.queue(0, 1, &[10; 80], true, false);
        line.agent.say(0, 2, &[20; 80]);
        assert_eq!(line.frame(), [vec![10; 80], vec![20; 80]].concat());
        assert_eq!(line.events(), [started(1), cut(1), started(2), ended(2)]);
    }

    #[test]
    fn gain_is_for_the_agent_s_audio() {
        let mut line =
            PlayoutRig::new(PlayoutSettings::default().with(|playout| playout.gain_db = 6.0206));
        line.agent
            .say(0, 1, &[[1_000; 100], [-20_000; 100]].concat());
        assert_eq!(
            line.frame(),
            [vec![2_000; 100], vec![i16::MIN; 60]].concat()
        );
    }

    #[test]
    fn a_source_that_promised_too_much_loses_only_its_promise() {
        let mut line = PlayoutRig::plain();
        line.agent.say(0, 1, &[5; 100]);
        line.agent.samples.truncate(70);
        assert_eq!(line.frame(), [vec![5; 70], vec![0; 90]].concat());
        assert_eq!(line.events(), [started(1), ended(1)]);
        assert_eq!(line.playout.counters().dropped_samples, 30);
    }
}

mod underruns {
    use super::*;

    #[test]
    fn each_starved_frame_counts_once_while_the_utterance_lasts() {
        let mut line = PlayoutRig::untouched();
        line.agent.queue(0, 1, &[9; 200], true, false);
        line.frame();
        assert_eq!(line.playout.counters().underruns, 0);
        assert_eq!(line.frame(), [vec![9; 40], vec![0; 120]].concat());
        assert_eq!(line.frame(), [0; 160]);
        assert_eq!(line.playout.counters().underruns, 2);
        assert!(line.playout.is_speaking());
        line.agent.queue(0, 1, &[8; 160], false, true);
        assert_eq!(line.frame(), [8; 160]);
        line.frame();
        assert_eq!(line.playout.counters().underruns, 2);
        assert_eq!(line.playout.counters().silence_frames, 2);
        assert_eq!(line.events(), [started(1), ended(1)]);
    }

    #[test]
    fn an_utterance_without_audio_for_half_a_second_does_not_keep_the_floor() {
        let mut line = PlayoutRig::untouched();
        line.agent.queue(0, 1, &[9; 160], true, false);
        line.frame();
        for _ in 0..24 {
            line.frame();
            assert!(line.playout.is_speaking());
        }
        line.frame();
        assert!(!line.playout.is_speaking());
        // It is not over: when there is audio again, it goes on, and can be cut.
        line.agent.queue(0, 1, &[8; 320], false, false);
        assert_eq!(line.frame(), [8; 160]);
        assert!(line.playout.is_speaking());
        line.playout.flush();
        line.frame();
        assert_eq!(line.events(), [started(1), cut(1)]);
    }

    #[test]
    fn audio_that_runs_out_and_comes_back_does_not_click() {
        for had in [160, 159, 150, 100, 1] {
            let mut line = PlayoutRig::plain();
            line.agent.queue(0, 1, &vec![10_000; had], true, false);
            let mut out = line.frame();
            out.extend(line.frame());
            line.agent.queue(0, 1, &[10_000; 100], false, false);
            out.extend(line.frame());
            line.agent.queue(0, 1, &[10_000; 400], false, true);
            out.extend(line.frame());
            out.extend(line.frame());
            // 2.5 ms are 20 samples; the steepest part of an S-curve is 1.5 times its mean slope.
            let worst = largest_step(&out);
            assert!(worst <= 10_000 * 3 / 2 / 20 + 1, "{had}: a step of {worst}");
            assert_eq!(out[had - 1], 10_000);
            assert!(out[had + 20..320].iter().all(|&sample| sample == 0));
            assert_eq!(out.last(), Some(&10_000));
        }
    }

    #[test]
    fn the_natural_end_of_an_utterance_is_left_as_it_is() {
        let mut line = PlayoutRig::plain();
        line.agent.say(0, 1, &[10_000; 160]);
        assert_eq!(line.frame(), [10_000; 160]);
        assert_eq!(line.frame(), [0; 160]);
    }
}

mod flushing {
    use super::*;

    #[test]
    fn the_next_frame_fades_out_and_the_rest_is_dropped() {
        let mut line = PlayoutRig::plain();
        line.agent.queue(0, 1, &[8_000; 1_000], true, false);
        line.agent.queue(0, 1, &[8_000; 500], false, true);
        line.agent.say(0, 2, &[8_000; 70]);
        line.frame();
        assert_eq!(line.playout.flush(), 1);
        assert_eq!(line.playout.epoch(), 1);
        assert!(!line.playout.is_speaking());

        let faded = line.frame();
        assert!(faded[0] > 7_900 && faded[159] < 100);
        assert!(faded.is_sorted_by(|a, b| a >= b));
        assert_eq!(line.events(), [started(1), cut(1), cut(2)]);
        assert_eq!(line.playout.counters().dropped_samples, 1_570 - 320);
        assert_eq!(line.frame(), [0; 160]);
        assert_eq!(line.playout.counters().underruns, 0);
    }

    #[test]
    fn a_shorter_fade_is_followed_by_silence() {
        let mut line = PlayoutRig::new(
            PlayoutSettings::default().with(|playout| playout.fade = Duration::from_millis(5)),
        );
        line.agent.say(0, 1, &[8_000; 1_000]);
        line.frame();
        line.playout.flush();
        let faded = line.frame();
        assert!(faded[0] > 7_900 && faded[39] < 100);
        assert_eq!(faded[40..], [0; 120]);
        assert_eq!(line.playout.counters().dropped_samples, 1_000 - 160 - 40);
    }

    #[test]
    fn what_is_left_of_the_utterance_fades_however_little_it_is() {
        let mut line = PlayoutRig::plain();
        line.agent.say(0, 1, &[8_000; 200]);
        line.agent.say(0, 2, &[9_000; 500]);
        line.frame();
        line.playout.flush();
        let faded = line.frame();
        // Nothing of the second utterance may be heard.
        assert!(faded[0] > 7_900 && faded[39] < 100);
        assert_eq!(faded[40..], [0; 120]);
        assert_eq!(line.events(), [started(1), cut(1), cut(2)]);
        assert_eq!(line.playout.counters().dropped_samples, 500);
    }

    #[test]
    fn with_nothing_playing_what_is_queued_is_dropped_all_the_same() {
        let mut line = PlayoutRig::plain();
        line.agent.say(0, 1, &[8_000; 200]);
        line.agent.queue(0, 2, &[8_000; 200], true, false);
        assert_eq!(line.playout.flush(), 1);
        line.agent.queue(0, 2, &[8_000; 200], false, true);
        line.agent.say(1, 3, &[3; 160]);
        assert_eq!(line.frame(), [3; 160]);
        assert_eq!(line.events(), [cut(1), cut(2), started(3), ended(3)]);
        assert_eq!(line.playout.counters().dropped_samples, 600);
    }

    #[test]
    fn chunks_of_the_old_epoch_that_come_later_are_dropped_too() {
        let mut line = PlayoutRig::plain();
        line.agent.queue(0, 1, &[8_000; 320], true, false);
        line.frame();
        line.playout.flush();
        line.frame();
        assert_eq!(line.events(), [started(1), cut(1)]);
        line.agent.queue(0, 1, &[8_000; 320], false, true);
        line.agent.say(0, 2, &[8_000; 10]);
        assert_eq!(line.frame(), [0; 160]);
        assert_eq!(line.events(), [cut(2)]);
        assert_eq!(line.playout.counters().dropped_samples, 330);
    }

    #[test]
    fn the_new_epoch_waits_for_the_fade_and_plays_in_full() {
        let mut line = PlayoutRig::plain();
        line.agent.say(0, 1, &[8_000; 1_000]);
        line.frame();
        let epoch = line.playout.flush();
        line.agent.say(epoch, 2, &[5; 160]);
        line.frame();
        assert_eq!(line.events(), [started(1), cut(1)]);
        assert_eq!(line.frame(), [5; 160]);
        assert_eq!(line.events(), [started(2), ended(2)]);
    }

    #[test]
    fn twice_before_the_next_frame_is_like_once() {
        let mut line = PlayoutRig::plain();
        line.agent.say(0, 1, &[8_000; 1_000]);
        line.frame();
        line.playout.flush();
        line.agent.say(1, 2, &[8_000; 1_000]);
        assert_eq!(line.playout.flush(), 2);
        assert!(line.frame()[0] > 7_900);
        assert_eq!(line.frame(), [0; 160]);
        assert_eq!(line.events(), [started(1), cut(1), cut(2)]);
        assert_eq!(line.playout.counters().dropped_samples, 680 + 1_000);
    }

    #[test]
    fn between_the_fade_and_the_next_utterance() {
        let mut line = PlayoutRig::plain();
        line.agent.say(0, 1, &[8_000; 1_000]);
        line.frame();
        line.playout.flush();
        line.agent.say(1, 2, &[8_000; 1_000]);
        line.frame();
        // Number 2 was looked at while the rest was dropped, but it has not begun.
        line.playout.flush();
        assert_eq!(line.frame(), [0; 160]);
        assert_eq!(line.events(), [started(1), cut(1), cut(2)]);
    }

    #[test]
    fn in_an_underrun_there_is_only_silence_to_fade() {
        let mut line = PlayoutRig::plain();
        line.agent.queue(0, 1, &[8_000; 160], true, false);
        line.frame();
        line.frame();
        line.playout.flush();
        line.agent.queue(0, 1, &[8_000; 160], false, true);
        assert_eq!(line.frame(), [0; 160]);
        assert_eq!(line.events(), [started(1), cut(1)]);
        assert_eq!(line.playout.counters().dropped_samples, 160);
    }

    #[test]
    fn epochs_wrap_around() {
        let mut playout = Playout::new(SampleRate::Hz8000, PlayoutSettings::default());
        let epochs: Vec<u32> = (0..3).map(|_| playout.flush()).collect();
        assert_eq!(epochs, [1, 2, 3]);
    }
}

/// What an agent or a caller does next.
#[derive(Clone, Debug)]
enum Step {
    Queue { samples: usize, last: bool },
    Frame,
    Flush,
    Hold(bool),
}

fn a_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0usize..500, prop::bool::weighted(0.3))
            .prop_map(|(samples, last)| Step::Queue { samples, last }),
        6 => Just(Step::Frame),
        1 => Just(Step::Flush),
        2 => any::<bool>().prop_map(Step::Hold),
    ]
}

/// More frames than a `u32` counts.
#[test]
fn a_pause_of_years_leaves_the_schedule_in_step() {
    let mut playout = Playout::new(SampleRate::Hz8000, PlayoutSettings::default());
    let start = Instant::from_millis(7);
    playout.start(start);
    let mut out = [0; 160];
    let later = start + Duration::from_secs(100 * 365 * 86_400) + Duration::from_millis(3);
    assert_eq!(
        playout.poll(later, &mut Agent::default(), &mut out, &mut |_| {}),
        Some(160)
    );
    assert_eq!(playout.next_deadline(), later + Duration::from_millis(17));
}

proptest! {
    #[test]
    fn every_sample_is_played_or_counted_and_every_utterance_ends_once(
        steps in prop::collection::vec(a_step(), 0..80),
        // An agent that learns of a flush only some steps later goes on in the old epoch.
        deaf in 0usize..4,
    ) {
        let mut line = PlayoutRig::untouched();
        let (mut utterance, mut open, mut epoch, mut stale) = (0, false, 0, 0);
        let mut next: i16 = 0;
        let mut played: Vec<i16> = Vec::new();
        let mut faded = false;
        let mut frames = Vec::new();
        let drain = [const { Step::Frame }; 400];
        let close = [Step::Hold(false), Step::Queue { samples: 0, last: true }];
        for step in steps.iter().chain(&close).chain(&drain) {
            match step {
                Step::Queue { samples, last } => {
                    // An agent that notices the flush begins something new.
                    if epoch != line.playout.epoch() {
                        if stale == 0 {
                            epoch = line.playout.epoch();
                            open = false;
                        } else {
                            stale -= 1;
                        }
                    }
                    let first = !open;
                    utterance += u32::from(first);
                    let audio: Vec<i16> = (0..*samples)
                        .map(|_| { next = next % 30_000 + 1; next })
                        .collect();
                    line.agent.queue(epoch, utterance, &audio, first, *last);
                    open = !last;
                }
                Step::Frame => {
                    let before = line.playout.counters();
                    frames.push(line.frame());
                    let frame = frames.last().unwrap();
                    if faded {
                        faded = false;
                    } else {
                        played.extend(frame.iter().filter(|sample| **sample != 0));
                    }
                    let after = line.playout.counters();
                    prop_assert_eq!(after.frames, before.frames + 1);
                }
                Step::Hold(hold) => line.playout.hold(*hold),
                Step::Flush => {
                    line.playout.flush();
                    stale = deaf;
                    faded = true;
                }
            }
        }
        let PlayoutCounters { dropped_samples, .. } = line.playout.counters();
        let flushed = steps.iter().any(|step| matches!(step, Step::Flush));
        if !flushed {
            // Everything that was queued came out, in order, and nothing else.
            prop_assert_eq!(dropped_samples, 0);
            let all: Vec<i16> = (0..line.agent.queued).map(|n| (n % 30_000 + 1) as i16).collect();
            prop_assert_eq!(&played, &all);
        }
        prop_assert!(line.agent.samples.is_empty() && line.agent.chunks.is_empty());
        prop_assert_eq!(line.agent.read + dropped_samples, line.agent.queued);
        // Each sample that was read was played, as part of one utterance.
        let told: u64 = line.played.iter().map(|(_, samples)| samples).sum();
        prop_assert_eq!(told, line.agent.read);
        prop_assert!(dropped_samples + played.len() as u64 <= line.agent.queued);
        // A fade plays at most one frame per flush, some of it too quiet to tell from silence.
        let flushes = steps.iter().filter(|step| matches!(step, Step::Flush)).count() as u64;
        prop_assert!(dropped_samples + played.len() as u64 + 160 * flushes >= line.agent.queued);

        for id in 1..=utterance {
            let starts = line.events.iter().filter(|e| **e == started(id)).count();
            let ends: Vec<usize> = (0..line.events.len())
                .filter(|&n| line.events[n] == ended(id) || line.events[n] == cut(id))
                .collect();
            prop_assert!(starts <= 1);
            prop_assert_eq!(ends.len(), 1, "utterance {}", id);
            let start = line.events.iter().position(|e| *e == started(id));
            prop_assert!(start.is_none_or(|start| start < ends[0]));
        }
    }
}
