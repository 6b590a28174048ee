//! The one owner of the outbox: takes what is accepted and what has left, commits both in groups,
//! and loads what is sent next.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::clock::Clock;
use super::delivery::Offer;
use super::line::Line;
use super::outbox::{
    Change, EventState, MemoryOutbox, OpenSession, Outbox, OutboxError, Place, PutOut, SessionStep,
    StoredEvent,
};
use super::{Notice, Notices, OutgoingEvent};

/// What the keeper is asked to do.
#[derive(Debug)]
#[cfg_attr(
    not(all(feature = "durable", unix)),
    expect(dead_code, reason = "`control` gives some of them")
)]
pub(super) enum Order {
    Accept(Accept),
    /// An event has left; endpoints by their place in the configuration.
    Settle(Change),
    /// An endpoint has room for more.
    Load(usize),
    /// Dead letters and delivered events wait again.
    Redeliver(Redeliver),
    /// Somebody wants to see what there is.
    Look(Look),
    /// Answers when everything before is committed.
    Flush(tokio::sync::oneshot::Sender<()>),
}

/// An event that is to be accepted.
#[derive(Debug)]
pub(super) struct Accept {
    pub(super) event: OutgoingEvent,
    pub(super) lifecycle: bool,
    pub(super) step: Option<SessionStep>,
    /// The places of the endpoints that want it.
    pub(super) endpoints: Vec<u32>,
    /// Learns whether it is on the disk.
    pub(super) told: Option<tokio::sync::oneshot::Sender<Accepted>>,
}

/// Events that are to be delivered again.
#[derive(Debug)]
pub(super) struct Redeliver {
    /// The outbox's numbers of their endpoints, and their own.
    pub(super) events: BTreeSet<(u32, u64)>,
    /// Learns how many there were; nothing if the outbox is away.
    pub(super) told: tokio::sync::oneshot::Sender<Result<u64, String>>,
}

/// A look at the outbox; nothing if it is away. It must not take long: what is accepted waits for
/// it.
pub(super) struct Look(pub(super) Box<Looks>);

type Looks = dyn FnOnce(Option<&dyn Outbox>) + Send;

impl std::fmt::Debug for Look {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Look(..)")
    }
}

/// Where an accepted event is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Accepted {
    /// In an outbox that outlives the process.
    Stored,
    /// In memory: the outbox is in memory, or its disk does not work.
    InMemory,
}

/// Opens the outbox, also once more after its disk has failed.
pub(super) type Open = Box<dyn FnMut() -> Result<Box<dyn Outbox>, OutboxError> + Send>;

pub(super) struct Keeper {
    /// None while its disk does not work.
    outbox: Option<Stored>,
    open: Open,
    /// When to try the disk again.
    again: Option<Instant>,
    /// What is accepted while there is no outbox.
    spare: MemoryOutbox,
    /// What has left meanwhile, and the outbox must learn; the oldest first.
    owed: std::collections::VecDeque<Change>,
    /// The number that the spare begins with.
    spare_from: u64,
    next_seq: u64,
    names: Vec<String>,
    lines: Vec<Arc<Line>>,
    /// Where each endpoint's look for further sessions goes on.
    cursors: Vec<Option<Arc<str>>>,
    clock: Clock,
    notices: Notices,
    expires: Instant,
}

/// The outbox, and the numbers of the endpoints in it.
struct Stored {
    outbox: Box<dyn Outbox>,
    numbers: Vec<u32>,
}

/// How long until the disk is tried again.
const AGAIN: Duration = Duration::from_secs(5);
/// How long an earlier process's events have to be tried before the old ones of them leave.
const EXPIRES_FIRST: Duration = Duration::from_secs(600);
/// How often old events are looked for.
const EXPIRES: Duration = Duration::from_secs(60);
/// Most events that expire in one transaction.
const EXPIRE: usize = 1_000;
/// Most changes that the outbox is owed; beyond it, events may be sent twice after a restart.
const OWED: usize = 100_000;
/// Most sessions that are looked for at a time.
const SESSIONS: usize = 256;
/// Most sessions of an earlier process that are told.
const OPEN: usize = 10_000;
/// Most bytes that are loaded of one session.
const LOAD: usize = 1 << 20;

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeper").finish_non_exhaustive()
    }
}

impl Keeper {
    /// Opens the outbox. If its disk does not work now, events stay in memory until it does; other
    /// errors are the operator's to decide.
    pub(super) fn new(
        mut open: Open,
        spare: MemoryOutbox,
        names: Vec<String>,
        lines: Vec<Arc<Line>>,
        notices: Notices,
    ) -> Result<Self, OutboxError> {
        let clock = Clock::new();
        let opened = open().and_then(|outbox| Stored::new(outbox, &names));
        let (outbox, lost) = match opened {
            Ok(stored) => (Some(stored), None),
            Err(error) if error.may_pass() => (None, Some(error)),
            Err(error) => return Err(error),
        };
        let mut keeper = Self {
            outbox,
            open,
            again: None,
            spare,
            owed: std::collections::VecDeque::new(),
            spare_from: 0,
            // Beyond whatever an outbox may have that opens later.
            next_seq: u64::try_from(clock.now()).unwrap_or(1) << 20,
            cursors: vec![None; lines.len()],
            names,
            lines,
            clock,
            notices,
            expires: Instant::now() + EXPIRES_FIRST,
        };
        match (&keeper.outbox, lost) {
            (Some(stored), _) => {
                keeper.next_seq = stored.outbox.next_seq();
                keeper.count_waiting()?;
                keeper.count_dead();
            }
            (None, lost) => {
                for line in &keeper.lines {
                    line.state().lanes.set_more(false);
                }
                keeper.lose(lost);
            }
        }
        Ok(keeper)
    }

    /// Whether the outbox outlives the process, if it works.
    pub(super) fn is_durable(&self) -> Option<bool> {
        let outbox = self.outbox.as_ref();
        outbox.map(|stored| stored.outbox.is_durable())
    }

    /// Sessions that an earlier process left.
    pub(super) fn left_open(&self) -> Vec<OpenSession> {
        let outbox = self.outbox.as_ref();
        let open = outbox.and_then(|stored| stored.outbox.open_sessions(OPEN).ok());
        open.unwrap_or_default()
    }

    /// Adds what an earlier process left to what waits.
    fn count_waiting(&self) -> Result<(), OutboxError> {
        let Some(stored) = &self.outbox else {
            return Ok(());
        };
        for (line, number) in self.lines.iter().zip(&stored.numbers) {
            line.add_pending(stored.outbox.waiting(*number)?);
            line.wake();
        }
        Ok(())
    }

    /// When to call [`turn`](Self::turn) though nobody orders anything.
    pub(super) fn due(&self) -> Instant {
        self.again
            .map_or(self.expires, |again| again.min(self.expires))
    }

    /// Does everything that was ordered, with one commit.
    pub(super) fn turn(&mut self, orders: Vec<Order>) {
        self.try_again();
        let mut changes = Vec::new();
        let mut told = Vec::new();
        let mut flushed = Vec::new();
        let mut redelivers = Vec::new();
        let mut looks = Vec::new();
        let mut loads = vec![false; self.lines.len()];
        let accepted = self.clock.now();
        for order in orders {
            match order {
                Order::Accept(accept) => {
                    let event = StoredEvent {
                        seq: self.next_seq,
                        accepted,
                        lifecycle: accept.lifecycle,
                        event: accept.event,
                    };
                    self.next_seq = self.next_seq.saturating_add(1);
                    told.extend(accept.told);
                    let step = accept.step.map(|step| Change::Session {
                        session: Arc::clone(&event.event.session_id),
                        step,
                        sequence: event.event.sequence,
                    });
                    let endpoints = accept.endpoints;
                    changes.push(Change::Accept { event, endpoints });
                    changes.extend(step);
                }
                Order::Settle(change) => changes.push(change),
                Order::Load(place) => {
                    if let Some(load) = loads.get_mut(place) {
                        *load = true;
                    }
                }
                Order::Redeliver(redeliver) => redelivers.push(redeliver),
                Order::Look(look) => looks.push(look),
                Order::Flush(done) => flushed.push(done),
            }
        }
        if !changes.is_empty() {
            let put_out = self.commit(&changes);
            let kept = match &self.outbox {
                Some(stored) if stored.outbox.is_durable() => Accepted::Stored,
                _ => Accepted::InMemory,
            };
            for told in told {
                let _ = told.send(kept);
            }
            self.pass_on(changes);
            self.tell_put_out(put_out);
        }
        for Redeliver { events, told } in redelivers {
            if let Some(answer) = self.redeliver(events) {
                let _ = told.send(answer);
            }
        }
        self.expire();
        self.count_dead();
        for (place, load) in loads.into_iter().enumerate() {
            if load {
                self.load(place);
            }
        }
        for Look(look) in looks {
            let outbox: Option<&dyn Outbox> = match &self.outbox {
                Some(stored) => Some(&*stored.outbox),
                None => None,
            };
            look(outbox);
        }
        for done in flushed {
            let _ = done.send(());
        }
    }

    /// Lets events wait again, and returns how many there were; `None` if the outbox is away.
    fn redeliver(&mut self, events: BTreeSet<(u32, u64)>) -> Option<Result<u64, String>> {
        let stored = self.outbox.as_mut()?;
        let now = self.clock.now();
        match stored.redeliver(events, now) {
            Ok((again, put_out)) => {
                let count = u64::try_from(again.len()).unwrap_or(u64::MAX);
                for (place, event) in again {
                    if let Some(line) = self.line(place) {
                        line.add_pending(1);
                        let offer = line.state().lanes.put_back(event.clone());
                        self.offered(offer, place, &event.event.session_id);
                    }
                }
                self.tell_put_out(put_out);
                Some(Ok(count))
            }
            Err(error) => {
                self.spare_from = self.next_seq;
                let told = error.to_string();
                self.lose(Some(error));
                Some(Err(told))
            }
        }
    }

    fn count_dead(&self) {
        if let Some(stored) = &self.outbox {
            for (line, number) in self.lines.iter().zip(&stored.numbers) {
                line.figures.set_dead(stored.outbox.dead_letters(*number));
            }
        }
    }

    /// Commits to the outbox; if that fails, to memory.
    fn commit(&mut self, changes: &[Change]) -> Vec<PutOut> {
        let now = self.clock.now();
        if let Some(stored) = &mut self.outbox {
            match stored.commit(changes, now) {
                Ok(put_out) => return put_out,
                Err(error) => {
                    let first = changes.iter().find_map(|change| match change {
                        Change::Accept { event, .. } => Some(event.seq),
                        _ => None,
                    });
                    self.spare_from = first.unwrap_or(self.next_seq);
                    self.lose(Some(error));
                }
            }
        }
        // The spare is ours: its numbers are the places of the endpoints, and it cannot fail.
        let put_out = self.spare.commit(changes, now).unwrap_or_default();
        let left = changes
            .iter()
            .filter(|change| !matches!(change, Change::Accept { .. }));
        self.owed.extend(left.cloned());
        let excess = self.owed.len().saturating_sub(OWED);
        self.owed.drain(..excess);
        put_out
    }

    fn lose(&mut self, error: Option<OutboxError>) {
        self.outbox = None;
        self.again = Some(Instant::now() + AGAIN);
        for line in &self.lines {
            line.state().lanes.set_away(self.spare_from > 0);
        }
        if let Some(error) = error {
            tracing::error!(
                %error,
                "webhook events are kept in memory alone until it works again: they are lost if the process ends before"
            );
            self.notices.send(Notice::OutboxLost {
                error: error.to_string(),
            });
        }
    }

    /// Opens the outbox once more, and gives it what it missed.
    fn try_again(&mut self) {
        if self.again.is_none_or(|again| Instant::now() < again) {
            return;
        }
        self.again = Some(Instant::now() + AGAIN);
        let Ok(mut stored) = (self.open)().and_then(|outbox| Stored::new(outbox, &self.names))
        else {
            return;
        };
        let missed = self.missed();
        let had = stored.outbox.next_seq();
        if had > self.next_seq || stored.commit(&missed, self.clock.now()).is_err() {
            return;
        }
        // What the outbox had before it was ever open here was not counted yet.
        if self.spare_from == 0 {
            for (line, number) in self.lines.iter().zip(&stored.numbers) {
                let all = stored.outbox.waiting(*number).unwrap_or_default();
                line.set_pending_at_least(all);
            }
        }
        self.outbox = Some(stored);
        self.again = None;
        self.owed.clear();
        self.spare.clear();
        tracing::info!("webhook events are kept on the disk again");
        self.notices.send(Notice::OutboxBack);
        for (line, cursor) in self.lines.iter().zip(&mut self.cursors) {
            *cursor = None;
            let mut state = line.state();
            state.lanes.set_more(true);
            state.lanes.set_away(false);
            drop(state);
            line.wake();
        }
    }

    /// What an outbox that comes back must learn.
    fn missed(&self) -> Vec<Change> {
        let mut accepted: BTreeMap<u64, (StoredEvent, Vec<u32>)> = BTreeMap::new();
        let mut given_up = Vec::new();
        for place in 0..self.names.len() {
            let endpoint = index(place);
            for event in self.spare.all(endpoint) {
                let entry = accepted.entry(event.seq);
                entry
                    .or_insert_with(|| (event, Vec::new()))
                    .1
                    .push(endpoint);
            }
            for letter in self.spare.dead(endpoint, 0, usize::MAX).unwrap_or_default() {
                let event = letter.event;
                given_up.push(Change::GiveUp {
                    place: Place {
                        endpoint,
                        session: Arc::clone(&event.event.session_id),
                        seq: event.seq,
                    },
                    reason: letter.reason,
                    attempts: letter.attempts,
                });
                let entry = accepted.entry(event.seq);
                entry
                    .or_insert_with(|| (event, Vec::new()))
                    .1
                    .push(endpoint);
            }
        }
        let accepted = accepted
            .into_values()
            .map(|(event, endpoints)| Change::Accept { event, endpoints });
        let owed = self.owed.iter().cloned();
        owed.chain(accepted).chain(given_up).collect()
    }

    /// Gives what was accepted to the lanes, and tells them what has settled.
    fn pass_on(&mut self, changes: Vec<Change>) {
        for change in changes {
            match change {
                Change::Accept { event, endpoints } => {
                    for place in endpoints {
                        self.offer(place, &event);
                    }
                }
                Change::Delivered { place, .. } | Change::GiveUp { place, .. } => {
                    if let Some(line) = self.line(place.endpoint) {
                        line.state().lanes.settled(&place.session);
                        line.wake();
                    }
                }
                Change::Session { .. } | Change::Redeliver { .. } | Change::Forget { .. } => {}
            }
        }
    }

    fn offer(&self, place: u32, event: &StoredEvent) {
        let Some(line) = self.line(place) else {
            return;
        };
        line.figures.accepted();
        let offer = line.state().lanes.offer(event.clone());
        self.offered(offer, place, &event.event.session_id);
    }

    fn offered(&self, offer: Offer, place: u32, session: &Arc<str>) {
        let Some(line) = self.line(place) else {
            return;
        };
        if offer == Offer::Load {
            // If it cannot be read now, it is found when further sessions are looked for.
            let _ = self.load_session(line, place, session);
        }
        line.wake();
    }

    fn tell_put_out(&self, put_out: Vec<PutOut>) {
        for (place, line) in self.lines.iter().enumerate() {
            let mine = put_out
                .iter()
                .filter(|gone| gone.place.endpoint == index(place));
            line.put_out(mine, &self.notices);
        }
    }

    fn expire(&mut self) {
        let now = Instant::now();
        if now < self.expires {
            return;
        }
        self.expires = now + EXPIRES;
        let Some(stored) = &mut self.outbox else {
            return;
        };
        match stored.expire(self.clock.now(), EXPIRE) {
            Ok(expired) => {
                if expired.len() >= EXPIRE {
                    self.expires = now;
                }
                self.tell_put_out(expired);
            }
            Err(error) => {
                self.spare_from = self.next_seq;
                self.lose(Some(error));
            }
        }
    }

    /// Loads what one endpoint can send next.
    fn load(&mut self, place: usize) {
        let Some(line) = self.lines.get(place).cloned() else {
            return;
        };
        let hungry = line.state().lanes.take_hungry();
        let mut stalled = Vec::new();
        for session in hungry {
            match self.load_session(&line, index(place), &session) {
                Ok(true) => {}
                Ok(false) => stalled.push(session),
                Err(error) => {
                    stalled.push(session);
                    self.spare_from = self.next_seq;
                    self.lose(Some(error));
                }
            }
        }
        line.state().lanes.stall(stalled);
        if let Err(error) = self.load_further(place, &line) {
            self.spare_from = self.next_seq;
            self.lose(Some(error));
        }
        line.state().is_load_ordered = false;
        line.wake();
    }

    /// Loads sessions that have no lane, from where the last look ended.
    fn load_further(&mut self, place: usize, line: &Line) -> Result<(), OutboxError> {
        let (outbox, number): (&dyn Outbox, u32) = match &self.outbox {
            Some(stored) => match stored.numbers.get(place) {
                Some(number) => (&*stored.outbox, *number),
                None => return Ok(()),
            },
            None if self.spare_from == 0 => (&self.spare, index(place)),
            None => return Ok(()),
        };
        let Some(cursor) = self.cursors.get_mut(place) else {
            return Ok(());
        };
        let mut room = line.state().lanes.room();
        let mut is_whole = cursor.is_none();
        while room > 0 {
            let found = outbox.sessions(number, cursor.as_deref(), SESSIONS)?;
            if found.is_empty() {
                *cursor = None;
                if is_whole {
                    line.state().lanes.set_more(false);
                    return Ok(());
                }
                is_whole = true;
            }
            for session in found {
                if room == 0 {
                    return Ok(());
                }
                if !line.state().lanes.has(&session) {
                    room -= 1;
                    load_from(outbox, line, number, &session)?;
                }
                *cursor = Some(session);
            }
        }
        Ok(())
    }

    /// Loads the next events of a session; false if they cannot be read while the outbox is away.
    fn load_session(
        &self,
        line: &Line,
        place: u32,
        session: &Arc<str>,
    ) -> Result<bool, OutboxError> {
        if let Some(stored) = &self.outbox {
            let at = usize::try_from(place).unwrap_or(usize::MAX);
            let number = stored.numbers.get(at).copied().unwrap_or(u32::MAX);
            load_from(&*stored.outbox, line, number, session)?;
            return Ok(true);
        }
        // Older events of the session may be in the outbox that is away, and go first.
        let (from, _) = line.state().lanes.wanted(session);
        let is_spare = self.spare_from == 0 || from >= self.spare_from && from > 0;
        if is_spare {
            load_from(&self.spare, line, place, session)?;
        }
        Ok(is_spare)
    }

    /// What waits of a session for the first endpoint.
    #[cfg(test)]
    pub(super) fn pending(&self, session: &str) -> Vec<StoredEvent> {
        let stored = self.outbox.as_ref().unwrap();
        let outbox = &stored.outbox;
        outbox
            .pending(stored.numbers[0], session, 0, usize::MAX, usize::MAX)
            .unwrap()
    }

    fn line(&self, place: u32) -> Option<&Arc<Line>> {
        self.lines.get(usize::try_from(place).ok()?)
    }
}

fn load_from(
    outbox: &dyn Outbox,
    line: &Line,
    endpoint: u32,
    session: &Arc<str>,
) -> Result<(), OutboxError> {
    let (from, most) = line.state().lanes.wanted(session);
    let events = outbox.pending(endpoint, session, from, most, LOAD)?;
    let bytes: usize = events.iter().map(|event| event.event.body.len()).sum();
    let is_all = events.len() < most && bytes < LOAD;
    line.state().lanes.load(session, events, is_all);
    Ok(())
}

fn index(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

impl Stored {
    fn new(mut outbox: Box<dyn Outbox>, names: &[String]) -> Result<Self, OutboxError> {
        let numbers = names.iter().map(|name| outbox.endpoint(name));
        let numbers = numbers.collect::<Result<_, _>>()?;
        Ok(Self { outbox, numbers })
    }

    fn commit(&mut self, changes: &[Change], now: i64) -> Result<Vec<PutOut>, OutboxError> {
        let numbered = changes.iter().map(|change| self.numbered(change));
        let numbered: Vec<_> = numbered.collect();
        let put_out = self.outbox.commit(&numbered, now)?;
        Ok(self.placed(put_out))
    }

    fn expire(&mut self, now: i64, most: usize) -> Result<Vec<PutOut>, OutboxError> {
        let put_out = self.outbox.expire(now, most)?;
        Ok(self.placed(put_out))
    }

    /// Lets events wait again. Returns those that there were, with the places of their endpoints,
    /// and what had to leave.
    #[expect(
        clippy::type_complexity,
        reason = "two lists, each taken apart at once"
    )]
    fn redeliver(
        &mut self,
        events: BTreeSet<(u32, u64)>,
        now: i64,
    ) -> Result<(Vec<(u32, StoredEvent)>, Vec<PutOut>), OutboxError> {
        let mut again = Vec::new();
        let mut changes = Vec::new();
        for (endpoint, seq) in events {
            for state in [EventState::Dead, EventState::Delivered] {
                let page = self.outbox.browse(endpoint, state, seq, 1, usize::MAX)?;
                let mut found = page.events.into_iter();
                let Some(kept) = found.find(|kept| kept.event.seq == seq) else {
                    continue;
                };
                let place = self.numbers.iter().position(|number| *number == endpoint);
                let event = StoredEvent {
                    accepted: now,
                    ..kept.event
                };
                again.push((place.map_or(u32::MAX, index), event));
                changes.push(Change::Redeliver { endpoint, seq });
                break;
            }
        }
        let put_out = self.outbox.commit(&changes, now)?;
        Ok((again, self.placed(put_out)))
    }

    /// The change with the outbox's numbers in place of the places.
    fn numbered(&self, change: &Change) -> Change {
        let number = |place: &u32| {
            let place = usize::try_from(*place).ok();
            let number = place.and_then(|place| self.numbers.get(place));
            number.copied().unwrap_or(u32::MAX)
        };
        let mut change = change.clone();
        match &mut change {
            Change::Accept { endpoints, .. } => {
                endpoints
                    .iter_mut()
                    .for_each(|place| *place = number(place));
            }
            Change::Delivered { place, .. } | Change::GiveUp { place, .. } => {
                place.endpoint = number(&place.endpoint);
            }
            Change::Session { .. } => {}
            Change::Redeliver { endpoint, .. } | Change::Forget { endpoint, .. } => {
                *endpoint = number(endpoint)
            }
        }
        change
    }

    /// What was put out with places in place of the outbox's numbers. Endpoints that are no longer
    /// configured have none.
    fn placed(&self, put_out: Vec<PutOut>) -> Vec<PutOut> {
        let place = |mut gone: PutOut| {
            let number = gone.place.endpoint;
            let place = self.numbers.iter().position(|known| *known == number);
            gone.place.endpoint = place.map_or(u32::MAX, index);
            gone
        };
        put_out.into_iter().map(place).collect()
    }
}
