use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{
    Change, DeadLetter, EventPage, EventState, KeptEvent, Outbox, OutboxError, Place, PutOut,
    PutOutReason, StoredEvent,
};

/// An outbox in memory: what it holds is lost when the process ends.
///
/// Each endpoint has its own room. When it is full, an event of a session with few waiting replaces
/// the newest ordinary one of the session with the most: the sessions share the room. Half of it is
/// kept for lifecycle events, if there are any such.
#[derive(Clone, Debug)]
pub struct MemoryOutbox {
    /// Of endpoints that have none of their own.
    room: Room,
    rooms: BTreeMap<u32, Room>,
    has_lifecycle: bool,
    names: BTreeMap<String, u32>,
    endpoints: BTreeMap<u32, Waiting>,
    next_seq: u64,
}

/// Most events that wait for one endpoint.
#[derive(Clone, Copy, Debug)]
struct Room {
    events: usize,
    session: usize,
    ordinary: usize,
}

impl Room {
    fn new(events: usize, session: usize, has_lifecycle: bool) -> Self {
        let ordinary = if has_lifecycle {
            events.div_ceil(2)
        } else {
            events
        };
        Self {
            events,
            session,
            ordinary,
        }
    }
}

/// What waits for one endpoint.
#[derive(Clone, Debug, Default)]
struct Waiting {
    lanes: BTreeMap<Arc<str>, Lane>,
    /// The sessions with ordinary events waiting, ordered by their number.
    by_length: BTreeSet<(usize, Arc<str>)>,
    lifecycle: usize,
    ordinary: usize,
    dead: BTreeMap<u64, DeadLetter>,
}

#[derive(Clone, Debug, Default)]
struct Lane {
    events: BTreeMap<u64, StoredEvent>,
    lifecycle: usize,
    ordinary: usize,
}

/// Most dead letters of an endpoint; the oldest go.
const DEAD: usize = 1_000;

impl MemoryOutbox {
    /// Room for `events` events for each endpoint, and for `session` of one session; lifecycle
    /// events of a session are counted apart. Half of the room is kept for lifecycle events if
    /// `has_lifecycle`.
    #[must_use]
    pub fn new(events: usize, session: usize, has_lifecycle: bool) -> Self {
        Self {
            room: Room::new(events, session, has_lifecycle),
            rooms: BTreeMap::new(),
            has_lifecycle,
            names: BTreeMap::new(),
            endpoints: BTreeMap::new(),
            next_seq: 1,
        }
    }

    /// Gives one endpoint other room than the rest.
    pub fn set_room(&mut self, endpoint: u32, events: usize, session: usize) {
        let room = Room::new(events, session, self.has_lifecycle);
        self.rooms.insert(endpoint, room);
    }

    /// Everything that waits for an endpoint.
    pub(in super::super) fn all(&self, endpoint: u32) -> Vec<StoredEvent> {
        let waiting = self.endpoints.get(&endpoint);
        let lanes = waiting
            .into_iter()
            .flat_map(|waiting| waiting.lanes.values());
        lanes
            .flat_map(|lane| lane.events.values().cloned())
            .collect()
    }

    /// Forgets all events.
    pub(in super::super) fn clear(&mut self) {
        self.endpoints.clear();
    }

    fn apply(&mut self, change: &Change, now: i64, put_out: &mut Vec<PutOut>) {
        match change {
            Change::Accept { event, endpoints } => {
                self.next_seq = self.next_seq.max(event.seq.saturating_add(1));
                for endpoint in endpoints {
                    let waiting = self.endpoints.entry(*endpoint).or_default();
                    let room = self.rooms.get(endpoint).unwrap_or(&self.room);
                    put_out.extend(waiting.accept(event, *room, *endpoint));
                }
            }
            Change::Delivered { place, .. } => {
                self.take(place);
            }
            Change::GiveUp {
                place,
                reason,
                attempts,
            } => {
                let Some(event) = self.take(place) else {
                    return;
                };
                let dead = &mut self.endpoints.entry(place.endpoint).or_default().dead;
                dead.insert(
                    place.seq,
                    DeadLetter {
                        event,
                        reason: reason.clone(),
                        attempts: *attempts,
                        at: now,
                    },
                );
                if dead.len() > DEAD {
                    dead.pop_first();
                }
            }
            // They end with the process, as the outbox does.
            Change::Session { .. } => {}
            Change::Redeliver { endpoint, seq } => {
                let room = *self.rooms.get(endpoint).unwrap_or(&self.room);
                let Some(waiting) = self.endpoints.get_mut(endpoint) else {
                    return;
                };
                if let Some(letter) = waiting.dead.remove(seq) {
                    let mut event = letter.event;
                    event.accepted = now;
                    put_out.extend(waiting.accept(&event, room, *endpoint));
                }
            }
            Change::Forget { endpoint, seq } => {
                if let Some(waiting) = self.endpoints.get_mut(endpoint) {
                    waiting.dead.remove(seq);
                }
            }
        }
    }

    fn take(&mut self, place: &Place) -> Option<StoredEvent> {
        let waiting = self.endpoints.get_mut(&place.endpoint)?;
        waiting.take(&place.session, place.seq)
    }
}

impl Waiting {
    fn accept(&mut self, event: &StoredEvent, room: Room, endpoint: u32) -> Option<PutOut> {
        let session = Arc::clone(&event.event.session_id);
        let put_out = match self.make_room(event, room) {
            Ok(put_out) => put_out,
            Err(Full) => return Some(put_out_of(endpoint, event, PutOutReason::Full)),
        };
        let lane = self.lanes.entry(Arc::clone(&session)).or_default();
        let before = lane.ordinary;
        lane.events.insert(event.seq, event.clone());
        if event.lifecycle {
            lane.lifecycle += 1;
            self.lifecycle += 1;
        } else {
            lane.ordinary += 1;
            self.ordinary += 1;
        }
        let after = lane.ordinary;
        self.measured(&session, before, after);
        put_out.map(|put_out| put_out_of(endpoint, &put_out, PutOutReason::Full))
    }

    /// Makes room for one more event. If that is fair, the session with the most ordinary events
    /// waiting loses its newest one: sessions that flood share the room evenly, and a newcomer gets
    /// its share.
    fn make_room(&mut self, event: &StoredEvent, room: Room) -> Result<Option<StoredEvent>, Full> {
        let lane = self.lanes.get(&event.event.session_id);
        let waiting = lane.map_or(0, |lane| {
            if event.lifecycle {
                lane.lifecycle
            } else {
                lane.ordinary
            }
        });
        if waiting >= room.session {
            return Err(Full);
        }
        let total = self.lifecycle.saturating_add(self.ordinary);
        let is_full = total >= room.events || !event.lifecycle && self.ordinary >= room.ordinary;
        if !is_full {
            return Ok(None);
        }
        let (most, longest) = self.by_length.last().cloned().ok_or(Full)?;
        if !event.lifecycle && most <= waiting.saturating_add(1) {
            return Err(Full);
        }
        let lane = self.lanes.get(&longest).ok_or(Full)?;
        let newest = lane.events.iter().rev().find(|(_, event)| !event.lifecycle);
        let seq = *newest.ok_or(Full)?.0;
        self.take(&longest, seq).ok_or(Full).map(Some)
    }

    fn take(&mut self, session: &Arc<str>, seq: u64) -> Option<StoredEvent> {
        let lane = self.lanes.get_mut(session)?;
        let event = lane.events.remove(&seq)?;
        let before = lane.ordinary;
        if event.lifecycle {
            lane.lifecycle -= 1;
            self.lifecycle -= 1;
        } else {
            lane.ordinary -= 1;
            self.ordinary -= 1;
        }
        let after = lane.ordinary;
        if lane.events.is_empty() {
            self.lanes.remove(session);
        }
        self.measured(session, before, after);
        Some(event)
    }

    /// Updates the index: the number of a session's waiting ordinary events has changed.
    fn measured(&mut self, session: &Arc<str>, before: usize, after: usize) {
        if before == after {
            return;
        }
        self.by_length.remove(&(before, Arc::clone(session)));
        if after > 0 {
            self.by_length.insert((after, Arc::clone(session)));
        }
    }
}

/// There is no room.
struct Full;

pub(super) fn put_out_of(endpoint: u32, event: &StoredEvent, reason: PutOutReason) -> PutOut {
    PutOut {
        place: Place {
            endpoint,
            session: Arc::clone(&event.event.session_id),
            seq: event.seq,
        },
        wire: event.event.wire.to_string(),
        id: event.event.id.clone(),
        reason,
    }
}

impl Outbox for MemoryOutbox {
    fn endpoint(&mut self, name: &str) -> Result<u32, OutboxError> {
        let next = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        Ok(*self.names.entry(name.to_owned()).or_insert(next))
    }

    fn next_seq(&self) -> u64 {
        self.next_seq
    }

    fn commit(&mut self, changes: &[Change], now: i64) -> Result<Vec<PutOut>, OutboxError> {
        let mut put_out = Vec::new();
        for change in changes {
            self.apply(change, now, &mut put_out);
        }
        Ok(put_out)
    }

    /// Its room is bounded: nothing becomes too old.
    fn expire(&mut self, _now: i64, _most: usize) -> Result<Vec<PutOut>, OutboxError> {
        Ok(Vec::new())
    }

    fn sessions(
        &self,
        endpoint: u32,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<Arc<str>>, OutboxError> {
        use std::ops::Bound::{Excluded, Unbounded};
        let Some(waiting) = self.endpoints.get(&endpoint) else {
            return Ok(Vec::new());
        };
        let lanes = waiting
            .lanes
            .range::<str, _>((after.map_or(Unbounded, Excluded), Unbounded));
        Ok(lanes
            .take(most)
            .map(|(session, _)| Arc::clone(session))
            .collect())
    }

    fn pending(
        &self,
        endpoint: u32,
        session: &str,
        from: u64,
        most: usize,
        bytes: usize,
    ) -> Result<Vec<StoredEvent>, OutboxError> {
        let lane = self
            .endpoints
            .get(&endpoint)
            .and_then(|waiting| waiting.lanes.get(session));
        let events = lane.into_iter().flat_map(|lane| lane.events.range(from..));
        let mut sum = 0_usize;
        let fits = |event: &&StoredEvent| {
            let fits = sum < bytes;
            sum = sum.saturating_add(event.event.body.len());
            fits
        };
        let events = events.map(|(_, event)| event).take(most);
        Ok(events.take_while(fits).cloned().collect())
    }

    fn dead(&self, endpoint: u32, from: u64, most: usize) -> Result<Vec<DeadLetter>, OutboxError> {
        let waiting = self.endpoints.get(&endpoint);
        let dead = waiting
            .into_iter()
            .flat_map(|waiting| waiting.dead.range(from..));
        Ok(dead.take(most).map(|(_, letter)| letter.clone()).collect())
    }

    fn endpoints(&self) -> Result<Vec<(String, u32)>, OutboxError> {
        let names = self.names.iter();
        Ok(names
            .map(|(name, number)| (name.clone(), *number))
            .collect())
    }

    /// It keeps no event that was delivered.
    fn browse(
        &self,
        endpoint: u32,
        state: EventState,
        from: u64,
        most: usize,
        bytes: usize,
    ) -> Result<EventPage, OutboxError> {
        let mut kept: Vec<KeptEvent> = match state {
            EventState::Pending => self
                .all(endpoint)
                .into_iter()
                .map(KeptEvent::pending)
                .collect(),
            EventState::Dead => {
                let letters = self.dead(endpoint, from, usize::MAX)?;
                letters.into_iter().map(KeptEvent::from).collect()
            }
            EventState::Delivered => Vec::new(),
        };
        kept.retain(|kept| kept.event.seq >= from);
        kept.sort_by_key(|kept| kept.event.seq);
        let mut sum = 0_usize;
        let fits = |(nth, kept): (usize, &KeptEvent)| {
            let fits = nth < most && sum < bytes;
            sum = sum.saturating_add(kept.event.event.body.len());
            !fits
        };
        let end = kept.iter().enumerate().position(fits);
        let rest = kept.split_off(end.unwrap_or(kept.len()));
        Ok(EventPage {
            events: kept,
            next: rest.first().map(|next| next.event.seq),
        })
    }

    fn dead_letters(&self, endpoint: u32) -> u64 {
        let waiting = self.endpoints.get(&endpoint);
        waiting.map_or(0, |waiting| {
            u64::try_from(waiting.dead.len()).unwrap_or(u64::MAX)
        })
    }

    fn waiting(&self, endpoint: u32) -> Result<u64, OutboxError> {
        let waiting = self.endpoints.get(&endpoint);
        let waiting = waiting.map_or(0, |waiting| {
            waiting.lifecycle.saturating_add(waiting.ordinary)
        });
        Ok(u64::try_from(waiting).unwrap_or(u64::MAX))
    }

    fn is_durable(&self) -> bool {
        false
    }
}
