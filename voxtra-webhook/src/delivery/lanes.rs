use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use tokio::time::Instant;

use super::super::outbox::StoredEvent;

/// The part of an endpoint's outbox that is in memory: for each session at work its next events,
/// and whether there are more.
///
/// Time is an argument, and nothing here waits.
#[derive(Debug, Default)]
pub(in super::super) struct Lanes {
    by_session: HashMap<Arc<str>, Lane>,
    /// Sessions whose first event can be sent.
    ready: ByKind<VecDeque<Arc<str>>>,
    /// Sessions whose first event waits for its next attempt.
    resting: BTreeSet<(Instant, Arc<str>)>,
    /// Sessions with nothing loaded, and more in the outbox.
    hungry: VecDeque<Arc<str>>,
    /// Hungry sessions whose events cannot be read while the outbox is away.
    stalled: Vec<Arc<str>>,
    is_away: bool,
    under_way: ByKind<usize>,
    bytes: usize,
    /// Whether sessions without a lane have events in the outbox.
    is_more: bool,
}

/// The next events of one session.
#[derive(Debug)]
struct Lane {
    events: VecDeque<StoredEvent>,
    /// Where those begin that are in the outbox alone.
    more_from: Option<u64>,
    state: State,
    attempts: u32,
    /// Events that have left and are still in the outbox: without the lane they would be found
    /// there, and sent again.
    unsettled: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Ready,
    UnderWay,
    Resting(Instant),
    Hungry,
}

/// Classes of events where requests are short.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct ByKind<T> {
    lifecycle: T,
    ordinary: T,
}

impl<T> ByKind<T> {
    fn of(&mut self, lifecycle: bool) -> &mut T {
        if lifecycle {
            &mut self.lifecycle
        } else {
            &mut self.ordinary
        }
    }
}

/// What becomes of an event that was just accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Offer {
    /// It is loaded, or will be when its turn comes.
    Taken,
    /// Its session has no lane and may have older events: load the session.
    Load,
}

/// How one attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Finish {
    /// The event has left the lane, and the outbox will be told.
    Left,
    /// It is sent again, not before this.
    Again(Instant),
}

/// One event on its way.
#[derive(Clone, Debug)]
pub(in super::super) struct Start {
    pub(in super::super) event: StoredEvent,
    /// How often it was tried before.
    pub(in super::super) attempts: u32,
}

/// Most events that are loaded of one session.
const LOADED: usize = 8;
/// Most bytes of bodies that are loaded; beyond it each session has one event.
const BYTES: usize = 16 << 20;
/// Sessions that are loaded from what has waited.
pub(in super::super) const LANES: usize = 8_192;
/// Further ones for what is accepted meanwhile: calls that are up do not wait for a backlog.
pub(in super::super) const LIVE: usize = 4_096;

impl Lanes {
    /// An endpoint of which nothing is loaded yet.
    pub(in super::super) fn new() -> Self {
        Self {
            is_more: true,
            ..Self::default()
        }
    }

    pub(in super::super) fn offer(&mut self, event: StoredEvent) -> Offer {
        let session = Arc::clone(&event.event.session_id);
        if let Some(lane) = self.by_session.get_mut(&session) {
            if lane.more_from.is_some() {
                return Offer::Taken;
            }
            if lane.events.len() >= LOADED || self.bytes >= BYTES && !lane.events.is_empty() {
                lane.more_from = Some(event.seq);
                return Offer::Taken;
            }
            self.push(&session, event);
            return Offer::Taken;
        }
        if self.by_session.len() >= LANES + LIVE {
            self.is_more = true;
            return Offer::Taken;
        }
        if self.is_more {
            return Offer::Load;
        }
        self.by_session.insert(Arc::clone(&session), Lane::new());
        self.push(&session, event);
        Offer::Taken
    }

    /// An event waits once more: it goes to its old place in its session, or behind the one that is
    /// under way.
    pub(in super::super) fn put_back(&mut self, event: StoredEvent) -> Offer {
        let session = Arc::clone(&event.event.session_id);
        let Some(lane) = self.by_session.get_mut(&session) else {
            return self.offer(event);
        };
        if lane.more_from.is_some_and(|from| from <= event.seq) {
            return Offer::Taken;
        }
        let first = usize::from(lane.state == State::UnderWay);
        let later = |other: &StoredEvent| other.seq > event.seq;
        let place = lane.events.iter().position(later);
        let place = place.unwrap_or(lane.events.len()).max(first);
        self.bytes = self.bytes.saturating_add(event.event.body.len());
        lane.events.insert(place.min(lane.events.len()), event);
        if lane.events.len() > LOADED
            && let Some(last) = lane.events.pop_back()
        {
            self.bytes = self.bytes.saturating_sub(last.event.body.len());
            lane.more_from = Some(last.seq);
        }
        match lane.state {
            State::Idle | State::Hungry => self.make_ready(&session),
            // What was tried before is not the first any more.
            State::Resting(due) if place == 0 => {
                lane.attempts = 0;
                self.resting.remove(&(due, Arc::clone(&session)));
                self.make_ready(&session);
            }
            State::Ready if place == 0 => lane.attempts = 0,
            State::Ready | State::Resting(_) | State::UnderWay => {}
        }
        Offer::Taken
    }

    /// When the oldest event was accepted, of those that are loaded.
    pub(in super::super) fn oldest(&self) -> Option<i64> {
        let first = |lane: &Lane| lane.events.iter().map(|event| event.accepted).min();
        self.by_session.values().filter_map(first).min()
    }

    fn push(&mut self, session: &Arc<str>, event: StoredEvent) {
        let Some(lane) = self.by_session.get_mut(session) else {
            return;
        };
        self.bytes = self.bytes.saturating_add(event.event.body.len());
        lane.events.push_back(event);
        if matches!(lane.state, State::Idle | State::Hungry) {
            self.make_ready(session);
        }
    }

    fn make_ready(&mut self, session: &Arc<str>) {
        let Some(lane) = self.by_session.get_mut(session) else {
            return;
        };
        match lane.events.front() {
            Some(next) => {
                lane.state = State::Ready;
                let lifecycle = next.lifecycle;
                self.ready.of(lifecycle).push_back(Arc::clone(session));
            }
            None if lane.more_from.is_some() => {
                lane.state = State::Hungry;
                self.hungry.push_back(Arc::clone(session));
            }
            None => {
                lane.state = State::Idle;
                if lane.unsettled == 0 {
                    self.by_session.remove(session);
                }
            }
        }
    }

    /// How many events of a session to ask the outbox for, and where they begin. For a session
    /// without a lane: from its first on.
    pub(in super::super) fn wanted(&self, session: &str) -> (u64, usize) {
        let from = self.by_session.get(session).and_then(|lane| lane.more_from);
        let most = if self.bytes < BYTES { LOADED } else { 1 };
        (from.unwrap_or(0), most)
    }

    /// Takes what the outbox had of a session; fewer than were asked for means that there are no
    /// more.
    pub(in super::super) fn load(
        &mut self,
        session: &Arc<str>,
        events: Vec<StoredEvent>,
        is_all: bool,
    ) {
        if events.is_empty() && !self.by_session.contains_key(session) {
            return;
        }
        let last = events.last().map(|event| event.seq);
        let lane = self
            .by_session
            .entry(Arc::clone(session))
            .or_insert_with(Lane::new);
        lane.more_from = match last {
            Some(last) if !is_all => Some(last.saturating_add(1)),
            _ => None,
        };
        let was_hungry = lane.state == State::Hungry;
        let is_empty = events.is_empty();
        for event in events {
            self.push(session, event);
        }
        if was_hungry && is_empty {
            self.make_ready(session);
        }
    }

    /// The sessions that have nothing loaded, and more in the outbox.
    pub(in super::super) fn take_hungry(&mut self) -> Vec<Arc<str>> {
        self.hungry.drain(..).collect()
    }

    /// They cannot be loaded until the outbox is back.
    pub(in super::super) fn stall(&mut self, sessions: Vec<Arc<str>>) {
        self.stalled.extend(sessions);
    }

    /// Whether the outbox is away.
    pub(in super::super) fn set_away(&mut self, is_away: bool) {
        self.is_away = is_away;
        if !is_away {
            self.hungry.extend(self.stalled.drain(..));
        }
    }

    /// Whether the outbox has something that should be loaded now.
    pub(in super::super) fn wants_load(&self) -> bool {
        !self.hungry.is_empty()
            || self.is_more && !self.is_away && self.by_session.len() < LANES / 2
    }

    /// How many further sessions may be loaded.
    pub(in super::super) fn room(&self) -> usize {
        if self.is_more {
            LANES.saturating_sub(self.by_session.len())
        } else {
            0
        }
    }

    pub(in super::super) fn has(&self, session: &str) -> bool {
        self.by_session.contains_key(session)
    }

    /// Whether sessions without a lane have events in the outbox.
    pub(in super::super) fn set_more(&mut self, is_more: bool) {
        self.is_more = is_more;
    }

    /// The next event that can be sent. `is_probe`: one that waits for its next attempt, too.
    pub(in super::super) fn start(
        &mut self,
        now: Instant,
        limits: [usize; 2],
        is_probe: bool,
    ) -> Option<Start> {
        self.wake(now);
        let [most, most_ordinary] = limits;
        let session = if self.under_way() >= most {
            None
        } else if let Some(session) = self.ready.lifecycle.pop_front() {
            Some(session)
        } else if self.under_way.ordinary < most_ordinary {
            self.ready.ordinary.pop_front()
        } else {
            None
        };
        let session = match session {
            Some(session) => session,
            None if is_probe && self.is_nothing_ready() => self.resting.pop_first()?.1,
            None => return None,
        };
        let lane = self.by_session.get_mut(&session)?;
        let event = lane.events.front()?.clone();
        lane.state = State::UnderWay;
        *self.under_way.of(event.lifecycle) += 1;
        Some(Start {
            event,
            attempts: lane.attempts,
        })
    }

    fn wake(&mut self, now: Instant) {
        while let Some((due, session)) = self.resting.pop_first() {
            if due > now {
                self.resting.insert((due, session));
                break;
            }
            self.make_ready(&session);
        }
    }

    /// An attempt at the first event of a session has ended.
    pub(in super::super) fn finish(&mut self, event: &StoredEvent, finish: Finish) {
        let under_way = self.under_way.of(event.lifecycle);
        *under_way = under_way.saturating_sub(1);
        let session = &event.event.session_id;
        let Some(lane) = self.by_session.get_mut(session) else {
            return;
        };
        match finish {
            Finish::Left => {
                if let Some(event) = lane.events.pop_front() {
                    self.bytes = self.bytes.saturating_sub(event.event.body.len());
                }
                lane.attempts = 0;
                lane.unsettled += 1;
                self.make_ready(session);
            }
            Finish::Again(due) => {
                lane.attempts = lane.attempts.saturating_add(1);
                lane.state = State::Resting(due);
                self.resting.insert((due, Arc::clone(session)));
            }
        }
    }

    /// The outbox knows that an event of the session has left.
    pub(in super::super) fn settled(&mut self, session: &Arc<str>) {
        let Some(lane) = self.by_session.get_mut(session) else {
            return;
        };
        lane.unsettled = lane.unsettled.saturating_sub(1);
        if lane.unsettled == 0 && lane.state == State::Idle {
            self.by_session.remove(session);
        }
    }

    /// The outbox has no longer room for an event. False if it is under way: that attempt decides
    /// what becomes of it.
    pub(in super::super) fn put_out(&mut self, session: &Arc<str>, seq: u64) -> bool {
        let Some(lane) = self.by_session.get_mut(session) else {
            return true;
        };
        let Some(place) = lane.events.iter().position(|event| event.seq == seq) else {
            return true;
        };
        let is_first = place == 0;
        if is_first && lane.state == State::UnderWay {
            return false;
        }
        if let Some(event) = lane.events.remove(place) {
            self.bytes = self.bytes.saturating_sub(event.event.body.len());
        }
        if !is_first {
            return true;
        }
        lane.attempts = 0;
        match lane.state {
            State::Ready => {
                for ready in [&mut self.ready.lifecycle, &mut self.ready.ordinary] {
                    ready.retain(|other| other != session);
                }
            }
            State::Resting(due) => {
                self.resting.remove(&(due, Arc::clone(session)));
            }
            State::Idle | State::UnderWay | State::Hungry => {}
        }
        self.make_ready(session);
        true
    }

    /// Nothing rests any more: the receiver is back, or there is no time.
    pub(in super::super) fn wake_all(&mut self, forget_attempts: bool) {
        for (_, session) in std::mem::take(&mut self.resting) {
            if forget_attempts && let Some(lane) = self.by_session.get_mut(&session) {
                lane.attempts = 0;
            }
            self.make_ready(&session);
        }
    }

    pub(in super::super) fn under_way(&self) -> usize {
        self.under_way
            .lifecycle
            .saturating_add(self.under_way.ordinary)
    }

    /// When the first of those that rest is due.
    pub(in super::super) fn due(&self) -> Option<Instant> {
        self.resting.first().map(|(due, _)| *due)
    }

    pub(in super::super) fn is_nothing_ready(&self) -> bool {
        self.ready.lifecycle.is_empty() && self.ready.ordinary.is_empty()
    }

    /// The events that are loaded.
    pub(in super::super) fn loaded(&self) -> impl Iterator<Item = &StoredEvent> {
        self.by_session.values().flat_map(|lane| &lane.events)
    }

    #[cfg(test)]
    pub(in super::super) fn len(&self) -> usize {
        self.by_session.len()
    }
}

impl Lane {
    fn new() -> Self {
        Self {
            events: VecDeque::new(),
            more_from: None,
            state: State::Idle,
            attempts: 0,
            unsettled: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OutgoingEvent;

    fn event(seq: u64) -> StoredEvent {
        StoredEvent {
            seq,
            accepted: 1_000 + i64::try_from(seq).unwrap(),
            lifecycle: false,
            event: OutgoingEvent {
                wire: "order.created".into(),
                id: seq.to_string(),
                session_id: "s".into(),
                sequence: None,
                body: "{}".into(),
            },
        }
    }

    /// The session with these events loaded, and nothing more in the outbox.
    fn lanes(seqs: &[u64]) -> Lanes {
        let mut lanes = Lanes::new();
        lanes.set_more(false);
        for seq in seqs {
            assert_eq!(lanes.offer(event(*seq)), Offer::Taken);
        }
        lanes
    }

    fn start(lanes: &mut Lanes) -> Option<(u64, u32)> {
        let start = lanes.start(Instant::now(), [9, 9], false)?;
        Some((start.event.seq, start.attempts))
    }

    /// What is sent from now on, each at once.
    fn rest(lanes: &mut Lanes) -> Vec<u64> {
        let next = |lanes: &mut Lanes| {
            let (seq, _) = start(lanes)?;
            lanes.finish(&event(seq), Finish::Left);
            Some(seq)
        };
        std::iter::from_fn(|| next(lanes)).collect()
    }

    #[test]
    fn what_waits_again_goes_to_its_place_behind_what_is_under_way() {
        let mut lanes = lanes(&[5, 9]);
        assert_eq!(start(&mut lanes), Some((5, 0)));
        lanes.put_back(event(7));
        lanes.put_back(event(3));
        lanes.put_back(event(11));
        assert_eq!(start(&mut lanes), None, "one at a time");
        assert_eq!(lanes.oldest(), Some(1_003));
        lanes.finish(&event(5), Finish::Left);
        assert_eq!(rest(&mut lanes), [3, 7, 9, 11]);
        assert_eq!((lanes.bytes, lanes.oldest()), (0, None));
    }

    #[test]
    fn what_waits_again_does_not_wait_for_the_back_off_of_another() {
        let mut lanes = lanes(&[5]);
        start(&mut lanes);
        let later = Instant::now() + std::time::Duration::from_secs(3_600);
        lanes.finish(&event(5), Finish::Again(later));
        assert_eq!(start(&mut lanes), None);
        lanes.put_back(event(7));
        assert_eq!(start(&mut lanes), None, "the older one goes first");
        lanes.put_back(event(3));
        assert_eq!(start(&mut lanes), Some((3, 0)));
        lanes.finish(&event(3), Finish::Left);
        assert_eq!(rest(&mut lanes), [5, 7]);
    }

    #[test]
    fn what_has_no_room_is_loaded_later_and_a_session_without_a_lane_gets_one() {
        let mut lanes = lanes(&[]);
        for seq in (1..=20).rev() {
            assert_eq!(lanes.put_back(event(seq)), Offer::Taken);
        }
        assert_eq!(lanes.by_session["s"].events.len(), LOADED);
        assert_eq!(lanes.wanted("s").0, 9);
        assert_eq!(rest(&mut lanes), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(lanes.take_hungry().len(), 1);
        let mut lanes = Lanes::new();
        assert_eq!(lanes.put_back(event(1)), Offer::Load);
    }
}
