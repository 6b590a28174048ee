use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::super::BatchSettings;
use super::super::outbox::StoredEvent;
use super::super::request::taken;

/// The part of an endpoint's outbox that is in memory: for each session at work its next events,
/// and whether there are more.
///
/// A request takes the first events of one lane or, where it has room, of several: what was taken
/// of a lane stays in it until the request has ended, and nothing more of it is sent meanwhile.
///
/// Time is an argument, and nothing here waits.
#[derive(Debug, Default)]
pub(in super::super) struct Lanes {
    room: Room,
    by_session: HashMap<Arc<str>, Lane>,
    /// Sessions whose first event can be sent.
    ready: ByKind<VecDeque<Arc<str>>>,
    /// Until when what is ready waits for company.
    leaves: Option<Instant>,
    /// Sessions whose first event waits for its next attempt.
    resting: BTreeSet<(Instant, Arc<str>)>,
    /// Sessions with nothing loaded, and more in the outbox.
    hungry: VecDeque<Arc<str>>,
    /// Hungry sessions whose events cannot be read while the outbox is away.
    stalled: Vec<Arc<str>>,
    is_away: bool,
    /// Requests, by the kind of their first event.
    under_way: ByKind<usize>,
    bytes: usize,
    /// Whether sessions without a lane have events in the outbox.
    is_more: bool,
}

/// The next events of one session.
#[derive(Debug)]
struct Lane {
    events: VecDeque<Tried>,
    /// Where those begin that are in the outbox alone.
    more_from: Option<u64>,
    state: State,
    /// So many of its first events are sent each alone: the receiver refused them in company.
    alone: usize,
    /// Events that have left and are still in the outbox: without the lane they would be found
    /// there, and sent again.
    unsettled: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Ready,
    /// So many of its first events are.
    UnderWay(usize),
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

/// What follows for the events of a request that have not left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Next {
    /// They are sent again at once, each alone.
    Alone,
    /// They are sent again, not before this.
    Again(Instant),
}

/// An event, and how often it was tried before.
#[derive(Clone, Debug)]
pub(in super::super) struct Tried {
    pub(in super::super) event: StoredEvent,
    pub(in super::super) attempts: u32,
}

/// One request.
#[derive(Clone, Debug)]
pub(in super::super) struct Start {
    /// Its events, at least one; those of a session in order and side by side.
    pub(in super::super) events: Vec<Tried>,
    lifecycle: bool,
}

impl Start {
    /// The events of one session after the other.
    pub(in super::super) fn parts(&self) -> impl Iterator<Item = &[Tried]> {
        let same = |a: &Tried, b: &Tried| a.session() == b.session();
        self.events.chunk_by(same)
    }
}

impl Tried {
    pub(in super::super) fn session(&self) -> &Arc<str> {
        &self.event.event.session_id
    }
}

/// How much one request carries, and how long it waits for it.
#[derive(Clone, Copy, Debug)]
struct Room {
    events: usize,
    bytes: usize,
    wait: Duration,
}

impl Default for Room {
    /// One event, at once.
    fn default() -> Self {
        Self {
            events: 1,
            bytes: 0,
            wait: Duration::ZERO,
        }
    }
}

/// Most events that are loaded of one session, if a request does not take more.
const LOADED: usize = 8;
/// Most bytes of bodies that are loaded; beyond it each session has one event.
const BYTES: usize = 16 << 20;
/// Sessions that are loaded from what has waited.
pub(in super::super) const LANES: usize = 8_192;
/// Further ones for what is accepted meanwhile: calls that are up do not wait for a backlog.
pub(in super::super) const LIVE: usize = 4_096;

impl Lanes {
    /// An endpoint of which nothing is loaded yet.
    pub(in super::super) fn new(batch: Option<&BatchSettings>) -> Self {
        let room = batch.map(|batch| Room {
            events: batch.max_events.clamp(1, BatchSettings::MOST),
            bytes: batch.max_bytes,
            wait: batch.wait,
        });
        Self {
            room: room.unwrap_or_default(),
            is_more: true,
            ..Self::default()
        }
    }

    /// Most events that are loaded of one session.
    fn most_loaded(&self) -> usize {
        self.room.events.max(LOADED)
    }

    pub(in super::super) fn offer(&mut self, event: StoredEvent) -> Offer {
        let session = Arc::clone(&event.event.session_id);
        let most = self.most_loaded();
        if let Some(lane) = self.by_session.get_mut(&session) {
            if lane.more_from.is_some() {
                return Offer::Taken;
            }
            if lane.events.len() >= most || self.bytes >= BYTES && !lane.events.is_empty() {
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

    /// An event waits once more: it goes to its old place in its session, or behind those that are
    /// under way.
    pub(in super::super) fn put_back(&mut self, event: StoredEvent) -> Offer {
        let session = Arc::clone(&event.event.session_id);
        let most = self.most_loaded();
        let Some(lane) = self.by_session.get_mut(&session) else {
            return self.offer(event);
        };
        if lane.more_from.is_some_and(|from| from <= event.seq) {
            return Offer::Taken;
        }
        let first = match lane.state {
            State::UnderWay(count) => count,
            _ => 0,
        };
        let later = |other: &Tried| other.event.seq > event.seq;
        let place = lane.events.iter().position(later);
        let place = place.unwrap_or(lane.events.len()).max(first);
        self.bytes = self.bytes.saturating_add(event.event.body.len());
        let tried = Tried { event, attempts: 0 };
        lane.events.insert(place.min(lane.events.len()), tried);
        lane.alone += usize::from(place < lane.alone);
        if lane.events.len() > most
            && let Some(last) = lane.events.pop_back()
        {
            self.bytes = self.bytes.saturating_sub(last.event.event.body.len());
            lane.more_from = Some(last.event.seq);
            lane.alone = lane.alone.min(lane.events.len());
        }
        match lane.state {
            State::Idle | State::Hungry => self.make_ready(&session),
            // What was tried before is not the first any more.
            State::Resting(due) if place == 0 => {
                self.resting.remove(&(due, Arc::clone(&session)));
                self.make_ready(&session);
            }
            State::Ready | State::Resting(_) | State::UnderWay(_) => {}
        }
        Offer::Taken
    }

    /// When the oldest event was accepted, of those that are loaded.
    pub(in super::super) fn oldest(&self) -> Option<i64> {
        let first = |lane: &Lane| lane.events.iter().map(|tried| tried.event.accepted).min();
        self.by_session.values().filter_map(first).min()
    }

    fn push(&mut self, session: &Arc<str>, event: StoredEvent) {
        let Some(lane) = self.by_session.get_mut(session) else {
            return;
        };
        self.bytes = self.bytes.saturating_add(event.event.body.len());
        lane.events.push_back(Tried { event, attempts: 0 });
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
                let lifecycle = next.event.lifecycle;
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
        let most = match self.bytes < BYTES {
            true => self.most_loaded(),
            false => 1,
        };
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

    /// The next request that can be made. `is_probe`: also with what waits for its next attempt.
    pub(in super::super) fn start(
        &mut self,
        now: Instant,
        limits: [usize; 2],
        is_probe: bool,
    ) -> Option<Start> {
        self.wake(now);
        if self.waits_for_company(now) {
            return None;
        }
        let session = self.next_session(limits, is_probe)?;
        let first = self.by_session.get(&session)?.events.front()?;
        let mut start = Start {
            lifecycle: first.event.lifecycle,
            events: Vec::new(),
        };
        let mut bytes = 0;
        self.take(&session, &mut start, &mut bytes);
        while let Some(session) = self.next_company(&start, bytes) {
            self.take(&session, &mut start, &mut bytes);
        }
        if self.is_nothing_ready() {
            self.leaves = None;
        }
        *self.under_way.of(start.lifecycle) += 1;
        Some(start)
    }

    /// Whether a request could begin and waits for more events. One that would be full does not,
    /// nor does one that takes no more.
    fn waits_for_company(&mut self, now: Instant) -> bool {
        if self.room.wait.is_zero() || self.is_nothing_ready() {
            self.leaves = None;
            return false;
        }
        let wait = self.room.wait;
        *self.leaves.get_or_insert(now + wait) > now && !self.fills_a_request()
    }

    fn fills_a_request(&self) -> bool {
        let mut room = self.room;
        let ready = self.ready.lifecycle.iter().chain(&self.ready.ordinary);
        for session in ready {
            if self.is_alone(session) {
                return true;
            }
            for tried in self.of(session) {
                room.events = room.events.saturating_sub(1);
                room.bytes = room.bytes.saturating_sub(taken(&tried.event.event));
                if room.events == 0 || room.bytes == 0 {
                    return true;
                }
            }
        }
        false
    }

    fn of(&self, session: &str) -> impl Iterator<Item = &Tried> {
        let lane = self.by_session.get(session);
        lane.into_iter().flat_map(|lane| &lane.events)
    }

    /// The session that a request begins with.
    fn next_session(&mut self, limits: [usize; 2], is_probe: bool) -> Option<Arc<str>> {
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
        match session {
            None if is_probe && self.is_nothing_ready() => {
                self.resting.pop_first().map(|(_, session)| session)
            }
            session => session,
        }
    }

    /// Another session whose next event a request takes along.
    fn next_company(&mut self, start: &Start, bytes: usize) -> Option<Arc<str>> {
        let first = start.events.first()?.session();
        let is_lifecycle = !self.ready.lifecycle.is_empty();
        let next = self.ready.of(is_lifecycle).front().cloned()?;
        let event = self.of(&next).next()?;
        if self.is_alone(first) || self.is_alone(&next) || !self.room.has_for(start, bytes, event) {
            return None;
        }
        self.ready.of(is_lifecycle).pop_front()
    }

    /// Whether the next event of a session is sent without others.
    fn is_alone(&self, session: &str) -> bool {
        let lane = self.by_session.get(session);
        lane.is_some_and(|lane| lane.alone > 0)
    }

    /// Takes the first events of a session, as many as there is room for.
    fn take(&mut self, session: &Arc<str>, start: &mut Start, bytes: &mut usize) {
        let Some(lane) = self.by_session.get_mut(session) else {
            return;
        };
        let mut count = 0;
        for next in &lane.events {
            let is_first = start.events.is_empty();
            let may_join = lane.alone == 0 && self.room.has_for(start, *bytes, next);
            if !is_first && !may_join {
                break;
            }
            *bytes = bytes.saturating_add(taken(&next.event.event));
            start.events.push(next.clone());
            count += 1;
        }
        lane.state = State::UnderWay(count);
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

    /// A request has ended; [`finish`](Self::finish) follows for each session in it.
    pub(in super::super) fn ended(&mut self, start: &Start) {
        let under_way = self.under_way.of(start.lifecycle);
        *under_way = under_way.saturating_sub(1);
    }

    /// Of the events of a session that were under way, the first `left` have left the lane, and the
    /// outbox will be told. The others are sent again.
    pub(in super::super) fn finish(&mut self, session: &Arc<str>, left: usize, next: Next) {
        let Some(lane) = self.by_session.get_mut(session) else {
            return;
        };
        let State::UnderWay(count) = lane.state else {
            return;
        };
        let left = left.min(count);
        for gone in lane.events.drain(..left) {
            self.bytes = self.bytes.saturating_sub(gone.event.event.body.len());
        }
        lane.unsettled += left;
        lane.alone = lane.alone.saturating_sub(left);
        let kept = count - left;
        for tried in lane.events.iter_mut().take(kept) {
            tried.attempts = tried.attempts.saturating_add(1);
        }
        match next {
            Next::Again(due) if kept > 0 => {
                lane.state = State::Resting(due);
                self.resting.insert((due, Arc::clone(session)));
            }
            Next::Again(_) => self.make_ready(session),
            Next::Alone => {
                lane.alone = lane.alone.max(kept);
                self.make_ready(session);
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
        let Some(place) = lane.events.iter().position(|tried| tried.event.seq == seq) else {
            return true;
        };
        if matches!(lane.state, State::UnderWay(count) if place < count) {
            return false;
        }
        if let Some(gone) = lane.events.remove(place) {
            self.bytes = self.bytes.saturating_sub(gone.event.event.body.len());
        }
        lane.alone -= usize::from(place < lane.alone);
        if place > 0 || matches!(lane.state, State::UnderWay(_)) {
            return true;
        }
        match lane.state {
            State::Ready => {
                for ready in [&mut self.ready.lifecycle, &mut self.ready.ordinary] {
                    ready.retain(|other| other != session);
                }
            }
            State::Resting(due) => {
                self.resting.remove(&(due, Arc::clone(session)));
            }
            State::Idle | State::UnderWay(_) | State::Hungry => {}
        }
        self.make_ready(session);
        true
    }

    /// There is no time: nothing rests any more or waits for company.
    pub(in super::super) fn hurry(&mut self) {
        self.room.wait = Duration::ZERO;
        self.wake_all(true);
    }

    /// Nothing rests any more: the receiver is back, or there is no time.
    pub(in super::super) fn wake_all(&mut self, forget_attempts: bool) {
        for (_, session) in std::mem::take(&mut self.resting) {
            if forget_attempts && let Some(lane) = self.by_session.get_mut(&session) {
                lane.events.iter_mut().for_each(|tried| tried.attempts = 0);
            }
            self.make_ready(&session);
        }
    }

    pub(in super::super) fn under_way(&self) -> usize {
        self.under_way
            .lifecycle
            .saturating_add(self.under_way.ordinary)
    }

    /// When the first of those that rest is due, or what is ready has waited for company.
    pub(in super::super) fn due(&self) -> Option<Instant> {
        let rested = self.resting.first().map(|(due, _)| *due);
        rested.into_iter().chain(self.leaves).min()
    }

    pub(in super::super) fn is_nothing_ready(&self) -> bool {
        self.ready.lifecycle.is_empty() && self.ready.ordinary.is_empty()
    }

    /// The events that are loaded.
    pub(in super::super) fn loaded(&self) -> impl Iterator<Item = &StoredEvent> {
        let lanes = self.by_session.values();
        lanes.flat_map(|lane| lane.events.iter().map(|tried| &tried.event))
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
            alone: 0,
            unsettled: 0,
        }
    }
}

impl Room {
    /// Whether a request that has these events, of so many bytes, has room for one more.
    fn has_for(self, start: &Start, bytes: usize, next: &Tried) -> bool {
        let bytes = bytes.saturating_add(taken(&next.event.event));
        start.events.len() < self.events && bytes <= self.bytes
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
        let mut lanes = Lanes::new(None);
        lanes.set_more(false);
        for seq in seqs {
            assert_eq!(lanes.offer(event(*seq)), Offer::Taken);
        }
        lanes
    }

    fn start(lanes: &mut Lanes) -> Option<(u64, u32)> {
        let start = lanes.start(Instant::now(), [9, 9], false)?;
        lanes.ended(&start);
        let [tried] = &start.events[..] else {
            panic!("{start:?}")
        };
        Some((tried.event.seq, tried.attempts))
    }

    fn leaves(lanes: &mut Lanes) {
        lanes.finish(&"s".into(), 1, Next::Alone);
    }

    /// What is sent from now on, each at once.
    fn rest(lanes: &mut Lanes) -> Vec<u64> {
        let next = |lanes: &mut Lanes| {
            let (seq, _) = start(lanes)?;
            leaves(lanes);
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
        leaves(&mut lanes);
        assert_eq!(rest(&mut lanes), [3, 7, 9, 11]);
        assert_eq!((lanes.bytes, lanes.oldest()), (0, None));
    }

    #[test]
    fn what_waits_again_does_not_wait_for_the_back_off_of_another() {
        let mut lanes = lanes(&[5]);
        start(&mut lanes);
        let later = Instant::now() + std::time::Duration::from_secs(3_600);
        lanes.finish(&"s".into(), 0, Next::Again(later));
        assert_eq!(start(&mut lanes), None);
        lanes.put_back(event(7));
        assert_eq!(start(&mut lanes), None, "the older one goes first");
        lanes.put_back(event(3));
        assert_eq!(start(&mut lanes), Some((3, 0)));
        leaves(&mut lanes);
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
        let mut lanes = Lanes::new(None);
        assert_eq!(lanes.put_back(event(1)), Offer::Load);
    }
}
