//! The accounts of the calls: which frame left when, which came back, and what that means. Time is
//! an argument.

use voxtra_core::audio::FRAME;

use super::histogram::Histogram;

/// Nanoseconds since the run began.
pub(crate) type Nanos = u64;

/// The length of a frame.
pub(crate) const FRAME_NS: Nanos = FRAME.as_nanos() as Nanos;
/// How far from 20 ms a frame's spacing may be to count as even.
const EVEN_NS: Nanos = 2_000_000;

/// What all calls of a run add up to. Only what is measured enters.
#[derive(Debug)]
pub(crate) struct Tally {
    /// Frames sent.
    pub(crate) sent: u64,
    /// Of those, how many may still come back.
    pub(crate) outstanding: u64,
    /// Of those, how many came back; each is counted once.
    pub(crate) echoed: u64,
    /// Sent, and given up.
    pub(crate) lost: u64,
    /// Came back more than a frame's length after being sent.
    pub(crate) late: u64,
    /// Came back after a younger one.
    pub(crate) out_of_order: u64,
    /// Came back more than once, or so late that it was given up already.
    pub(crate) stray: u64,
    /// Came back changed.
    pub(crate) corrupt: u64,
    /// Came back on another call.
    pub(crate) misrouted: u64,
    /// Audio frames received, of any kind.
    pub(crate) received: u64,
    /// From just before a frame's write to just after the read that brought its echo.
    pub(crate) turn_around: Histogram,
    /// Between two audio frames received on one call.
    pub(crate) spacing: Histogram,
    /// Of those, how many within 2 ms of 20 ms.
    pub(crate) even: u64,
}

impl Tally {
    pub(crate) fn new() -> Result<Self, hdrhistogram::CreationError> {
        Ok(Self {
            sent: 0,
            outstanding: 0,
            echoed: 0,
            lost: 0,
            late: 0,
            out_of_order: 0,
            stray: 0,
            corrupt: 0,
            misrouted: 0,
            received: 0,
            turn_around: Histogram::new()?,
            spacing: Histogram::new()?,
            even: 0,
        })
    }
}

/// The accounts of one call.
#[derive(Debug)]
pub(crate) struct Book {
    /// The number of the next frame.
    next: u32,
    /// One more than the youngest frame that came back.
    newest_echo: u32,
    /// When the last audio frame came in.
    last_received: Option<Nanos>,
    /// The frames that may still come back, each at its number modulo the length.
    sent: Box<[Sent; REMEMBERED]>,
}

/// So many frames of a call may be on their way: five seconds. What takes longer is lost.
const REMEMBERED: usize = 256;

#[derive(Debug, Clone, Copy, Default)]
enum Sent {
    /// Nothing was sent, or it came back already.
    #[default]
    Nothing,
    /// Sent, but not to be counted.
    Unmeasured,
    /// Sent.
    Measured(Nanos),
}

impl Book {
    pub(crate) fn new() -> Self {
        Self {
            next: 0,
            newest_echo: 0,
            last_received: None,
            sent: Box::new([Sent::Nothing; REMEMBERED]),
        }
    }

    /// The number of the frame that is sent next.
    pub(crate) const fn next_number(&self) -> u32 {
        self.next
    }

    /// A frame was sent: its write began at `now`.
    pub(crate) fn sent(&mut self, now: Nanos, measured: bool, tally: &mut Tally) {
        let slot = slot(&mut self.sent, self.next);
        if let Sent::Measured(_) = slot {
            tally.outstanding -= 1;
            tally.lost += 1;
        }
        *slot = if measured {
            tally.sent += 1;
            tally.outstanding += 1;
            Sent::Measured(now)
        } else {
            Sent::Unmeasured
        };
        self.next = self.next.wrapping_add(1);
    }

    /// An audio frame came in at `now`, whatever it is.
    pub(crate) fn received(&mut self, now: Nanos, measured: bool, tally: &mut Tally) {
        let last = self.last_received.replace(now);
        if !measured {
            return;
        }
        tally.received += 1;
        if let Some(last) = last {
            let spacing = now.saturating_sub(last);
            tally.spacing.record(spacing);
            tally.even += u64::from(spacing.abs_diff(FRAME_NS) <= EVEN_NS);
        }
    }

    /// That frame was the echo of the one with this number. Whether it is measured was decided when
    /// it was sent.
    pub(crate) fn echoed(&mut self, number: u32, now: Nanos, tally: &mut Tally) {
        let age = self.next.wrapping_sub(number);
        if age == 0 || age as usize > REMEMBERED {
            tally.stray += 1;
            return;
        }
        let before = std::mem::take(slot(&mut self.sent, number));
        let younger_came_first = number < self.newest_echo;
        self.newest_echo = self.newest_echo.max(number.saturating_add(1));
        match before {
            Sent::Nothing => tally.stray += 1,
            Sent::Unmeasured => {}
            Sent::Measured(at) => {
                let turn_around = now.saturating_sub(at);
                tally.outstanding -= 1;
                tally.echoed += 1;
                tally.turn_around.record(turn_around);
                tally.late += u64::from(turn_around > FRAME_NS);
                tally.out_of_order += u64::from(younger_came_first);
            }
        }
    }

    /// The call is over: what has not come back is lost.
    pub(crate) fn close(&mut self, tally: &mut Tally) {
        for slot in self.sent.iter_mut() {
            if let Sent::Measured(_) = std::mem::take(slot) {
                tally.outstanding -= 1;
                tally.lost += 1;
            }
        }
    }
}

fn slot(sent: &mut [Sent; REMEMBERED], number: u32) -> &mut Sent {
    // Within bounds by the modulo, which the compiler sees.
    &mut sent[number as usize % REMEMBERED]
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Nanos = 1_000_000;

    #[test]
    fn each_frame_has_its_own_turn_around() {
        let (mut book, mut tally) = (Book::new(), Tally::new().unwrap());
        for (n, took) in [1, 2, 21, 20, 400].into_iter().enumerate() {
            let at = n as Nanos * 1000 * MS;
            book.sent(at, true, &mut tally);
            book.received(at + took * MS, true, &mut tally);
            book.echoed(n as u32, at + took * MS, &mut tally);
        }
        assert_eq!((tally.sent, tally.echoed, tally.received), (5, 5, 5));
        assert_eq!((tally.late, tally.lost, tally.outstanding), (2, 0, 0));
        let figures = tally.turn_around.figures().unwrap();
        assert!(
            (figures.p50 / 20_000.0 - 1.0).abs() < 0.01
                && (figures.max / 400_000.0 - 1.0).abs() < 0.01,
            "{figures:?}"
        );
    }

    #[test]
    fn what_does_not_come_back_is_lost_at_the_end() {
        let (mut book, mut tally) = (Book::new(), Tally::new().unwrap());
        for n in 0..10 {
            book.sent(n * FRAME_NS, n >= 2, &mut tally);
        }
        for number in [0, 1, 2, 5, 9] {
            book.echoed(number, 10 * FRAME_NS, &mut tally);
        }
        assert_eq!((tally.sent, tally.echoed, tally.outstanding), (8, 3, 5));
        book.close(&mut tally);
        book.close(&mut tally);
        assert_eq!((tally.lost, tally.outstanding), (5, 0));
    }

    #[test]
    fn order_repetition_and_nonsense_are_told_apart() {
        let (mut book, mut tally) = (Book::new(), Tally::new().unwrap());
        for n in 0..4 {
            book.sent(n * FRAME_NS, true, &mut tally);
        }
        for number in [0, 2, 1, 3] {
            book.echoed(number, 4 * FRAME_NS, &mut tally);
        }
        assert_eq!((tally.echoed, tally.out_of_order, tally.stray), (4, 1, 0));
        // Again; from the future; from nowhere.
        for number in [3, 4, u32::MAX] {
            book.echoed(number, 4 * FRAME_NS, &mut tally);
        }
        assert_eq!((tally.echoed, tally.stray), (4, 3));
    }

    #[test]
    fn a_server_that_never_answers_costs_the_frames_and_no_memory() {
        let (mut book, mut tally) = (Book::new(), Tally::new().unwrap());
        for n in 0..1000 {
            book.sent(n * FRAME_NS, true, &mut tally);
        }
        assert_eq!((tally.lost, tally.outstanding), (744, 256));
        // The echo of one that was given up stays lost.
        book.echoed(700, 1000 * FRAME_NS, &mut tally);
        assert_eq!((tally.lost, tally.stray), (744, 1));
        book.close(&mut tally);
        assert_eq!(tally.lost, 1000);
    }

    #[test]
    fn spacing_is_that_of_received_frames_and_needs_two_of_them() {
        let (mut book, mut tally) = (Book::new(), Tally::new().unwrap());
        book.received(0, false, &mut tally);
        for at in [20, 42, 60, 83, 83] {
            book.received(at * MS, true, &mut tally);
        }
        assert_eq!(
            (tally.received, tally.spacing.count(), tally.even),
            (5, 5, 3)
        );
        let mut fresh = Tally::new().unwrap();
        Book::new().received(7, true, &mut fresh);
        assert_eq!((fresh.received, fresh.spacing.count()), (1, 0));
    }
}
