use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{
    Builder, ConcurrencyMode, Database, DatabaseError, ReadTransaction, ReadableDatabase as _,
    ReadableTable as _, ReadableTableMetadata as _, Table, TableDefinition, TableError,
    WriteTransaction,
};

use super::browsing::{self, Page};
use super::memory::put_out_of;
use super::record::{self, Epitaph, Record};
use super::{
    Change, DeadLetter, EventPage, EventState, OpenSession, Outbox, OutboxError, Place, PutOut,
    PutOutReason, SessionStep, StoredEvent, StoredLimits,
};

/// An outbox in one file, whose events outlive the process.
///
/// A [`commit`](Outbox::commit) returns when the disk has it. The file is readable by its owner
/// alone. While it is open no other process can open it to write, but others may read it.
///
/// When `bytes` of the [`StoredLimits`] are used up, delivered events go first, then the oldest
/// dead letters, then the oldest ordinary events, and the oldest lifecycle events last.
pub struct StoredOutbox {
    path: PathBuf,
    database: Database,
    limits: StoredLimits,
    next_seq: u64,
    bytes: u64,
    kept: Kept,
}

/// How many events of each endpoint are kept though they do not wait.
#[derive(Clone, Debug, Default)]
struct Kept {
    dead: BTreeMap<u32, u64>,
    delivered: BTreeMap<u32, u64>,
}

/// What the file says of itself: `format`, and `bytes`, how many the events take.
const META: TableDefinition<'_, &str, u64> = TableDefinition::new("outbox");
/// The number of each endpoint.
pub(super) const ENDPOINTS: TableDefinition<'_, &str, u32> = TableDefinition::new("endpoints");
/// Each event by its kind and number.
pub(super) const EVENTS: TableDefinition<'_, (u8, u64), &[u8]> = TableDefinition::new("events");
/// What waits: endpoint, session and number lead to the kind and the number of endpoints.
pub(super) const LANES: TableDefinition<'_, (u32, &str, u64), (u8, u16)> =
    TableDefinition::new("lanes");
/// Dead letters by endpoint and number.
pub(super) const DEAD: TableDefinition<'_, (u32, u64), &[u8]> = TableDefinition::new("dead");

/// Events that were delivered, by endpoint and number: the kind, how many endpoints the event had,
/// when it was delivered, in milliseconds since 1970, and how often it was tried.
pub(super) const DELIVERED: TableDefinition<'_, (u32, u64), (u8, u16, i64, u32)> =
    TableDefinition::new("delivered");

/// What waits once more, by endpoint and number: since when, in milliseconds since 1970.
const AGAIN: TableDefinition<'_, (u32, u64), i64> = TableDefinition::new("again");

/// Sessions that have begun and not ended: whether they have concluded, the number of their last
/// event plus one, or 0, and when they began and were last heard of, in milliseconds since 1970.
const SESSIONS: TableDefinition<'_, &str, (bool, u64, i64, i64)> = TableDefinition::new("sessions");

/// The format that this version writes, and the latest that it reads.
const FORMAT: u64 = 1;
/// Kinds, in the order in which they leave for lack of room.
pub(super) const ORDINARY: u8 = 0;
pub(super) const LIFECYCLE: u8 = 1;
/// How much an event takes beside its record.
const OVERHEAD: u64 = 200;
/// From here on a repair would take long.
const LARGE: u64 = 64 << 20;
/// Memory for pages of the file.
const CACHE: usize = 16 << 20;
/// How a file of the database begins.
const MAGIC: [u8; 9] = *b"redb\x1a\x0a\xa9\x0d\x0a";

impl std::fmt::Debug for StoredOutbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredOutbox")
            .field("path", &self.path)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl StoredOutbox {
    /// Opens the outbox in `path`, or makes a new one there if there is no file, or an empty one.
    /// Folders that are missing are made, for their owner alone.
    ///
    /// What a killed process left is repaired. Another program's file, a later version's, and one
    /// beyond repair are refused and left as they are.
    ///
    /// It reads and writes files: call it from a thread that may wait.
    pub fn open(path: impl Into<PathBuf>, limits: StoredLimits) -> Result<Self, OutboxError> {
        let path = path.into();
        match std::fs::metadata(&path) {
            Ok(found) if !found.is_file() => {
                return Err(OutboxError::Foreign {
                    path,
                    what: "it is no regular file".to_owned(),
                });
            }
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if path.is_symlink() {
                    return Err(OutboxError::Foreign {
                        path,
                        what: "it is a link that leads to no file".to_owned(),
                    });
                }
                create(&path).map_err(|error| io(&path, &error))?;
            }
            Err(error) => return Err(io(&path, &error)),
        }
        recognised(&path)?;
        let builder = builder(&path);
        let database = guarded(&path, || {
            builder.create(&path).map_err(|error| refused(&path, error))
        })?;
        let outbox = Self::over(path, database, limits)?;
        // Now that it is known to be ours.
        keep_private(&outbox.path).map_err(|error| io(&outbox.path, &error))?;
        Ok(outbox)
    }

    /// The outbox in `database`, which is empty or has one.
    pub(super) fn over(
        path: PathBuf,
        database: Database,
        limits: StoredLimits,
    ) -> Result<Self, OutboxError> {
        let mut outbox = Self {
            path,
            database,
            limits,
            next_seq: 1,
            bytes: 0,
            kept: Kept::default(),
        };
        let path = outbox.path.clone();
        guarded(&path, || {
            outbox.recognise()?;
            outbox.count()
        })?;
        Ok(outbox)
    }

    /// Makes sure that the database has an outbox of a format that is known.
    fn recognise(&mut self) -> Result<(), OutboxError> {
        let reading = self.database.begin_read().map_err(self.failed())?;
        let is_empty = reading
            .list_tables()
            .map_err(self.failed())?
            .next()
            .is_none();
        if is_empty {
            drop(reading);
            return self.initialise();
        }
        recognise(&self.path, &reading).map_err(self.failed())??;
        drop(reading);
        self.complete()
    }

    /// Makes the tables that the first files of this format did not have.
    fn complete(&self) -> Result<(), OutboxError> {
        let reading = self.database.begin_read().map_err(self.failed())?;
        let is_there = |table: Result<(), TableError>| match table {
            Ok(()) => Ok(true),
            Err(TableError::TableDoesNotExist(_)) => Ok(false),
            Err(error) => Err(self.failed()(error)),
        };
        if is_there(reading.open_table(DELIVERED).map(drop))?
            && is_there(reading.open_table(AGAIN).map(drop))?
        {
            return Ok(());
        }
        drop(reading);
        let writing = self.database.begin_write().map_err(self.failed())?;
        writing.open_table(DELIVERED).map_err(self.failed())?;
        writing.open_table(AGAIN).map_err(self.failed())?;
        writing.commit().map_err(self.failed())
    }

    fn initialise(&self) -> Result<(), OutboxError> {
        let writing = self.database.begin_write().map_err(self.failed())?;
        {
            let mut meta = writing.open_table(META).map_err(self.failed())?;
            meta.insert("format", FORMAT).map_err(self.failed())?;
            meta.insert("bytes", 0).map_err(self.failed())?;
            writing.open_table(ENDPOINTS).map_err(self.failed())?;
            writing.open_table(EVENTS).map_err(self.failed())?;
            writing.open_table(LANES).map_err(self.failed())?;
            writing.open_table(DEAD).map_err(self.failed())?;
            writing.open_table(DELIVERED).map_err(self.failed())?;
            writing.open_table(AGAIN).map_err(self.failed())?;
            writing.open_table(SESSIONS).map_err(self.failed())?;
        }
        writing.commit().map_err(self.failed())
    }

    /// Finds the greatest number, and how much the events take.
    fn count(&mut self) -> Result<(), OutboxError> {
        let reading = self.database.begin_read().map_err(self.failed())?;
        let meta = reading.open_table(META).map_err(self.failed())?;
        let bytes = meta.get("bytes").map_err(self.failed())?;
        let bytes = bytes.map_or(0, |bytes| bytes.value());
        let events = reading.open_table(EVENTS).map_err(self.failed())?;
        let mut last = 0;
        for kind in [ORDINARY, LIFECYCLE] {
            let mut of_kind = events
                .range((kind, 0)..=(kind, u64::MAX))
                .map_err(self.failed())?;
            if let Some(newest) = of_kind.next_back() {
                last = last.max(newest.map_err(self.failed())?.0.value().1);
            }
        }
        let dead = reading.open_table(DEAD).map_err(self.failed())?;
        for letter in dead.iter().map_err(self.failed())? {
            let (place, _) = letter.map_err(self.failed())?;
            *self.kept.dead.entry(place.value().0).or_default() += 1;
        }
        let delivered = reading.open_table(DELIVERED).map_err(self.failed())?;
        for event in delivered.iter().map_err(self.failed())? {
            let (place, _) = event.map_err(self.failed())?;
            *self.kept.delivered.entry(place.value().0).or_default() += 1;
        }
        self.bytes = bytes;
        self.next_seq = last.saturating_add(1);
        Ok(())
    }

    fn failed<E: Into<redb::Error>>(&self) -> impl Fn(E) -> OutboxError + use<E> {
        failed(&self.path)
    }

    /// Runs a change as one transaction, and takes over its counts when the disk has it.
    fn transaction<T>(
        &mut self,
        change: impl FnOnce(&mut Tables<'_>) -> Result<T, redb::Error>,
    ) -> Result<T, OutboxError> {
        let path = self.path.clone();
        guarded(&path, || {
            let mut writing = self.database.begin_write().map_err(self.failed())?;
            // It makes a commit slower, and the repair of a large file after a kill much faster.
            writing.set_quick_repair(self.bytes > LARGE);
            let (result, next_seq, bytes, kept) = {
                let mut tables = Tables::open(&writing, self).map_err(self.failed())?;
                let result = change(&mut tables).map_err(self.failed())?;
                tables
                    .meta
                    .insert("bytes", tables.bytes)
                    .map_err(self.failed())?;
                (result, tables.next_seq, tables.bytes, tables.kept)
            };
            writing.commit().map_err(self.failed())?;
            self.next_seq = next_seq;
            self.bytes = bytes;
            self.kept = kept;
            Ok(result)
        })
    }

    /// Whether an event may be too old, or seems to be from the future.
    fn has_old(&self, ages: Ages) -> Result<bool, redb::Error> {
        let reading = self.database.begin_read()?;
        let events = reading.open_table(EVENTS)?;
        for kind in [ORDINARY, LIFECYCLE] {
            if let Some(oldest) = events.range((kind, 0)..=(kind, u64::MAX))?.next()
                && ages.judge(record::accepted(oldest?.1.value())) != Age::Fine
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&ReadTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, OutboxError> {
        guarded(&self.path, || {
            let reading = self.database.begin_read().map_err(self.failed())?;
            read(&reading).map_err(self.failed())
        })
    }
}

impl Outbox for StoredOutbox {
    fn endpoint(&mut self, name: &str) -> Result<u32, OutboxError> {
        let known = self.read(|reading| {
            let endpoints = reading.open_table(ENDPOINTS)?;
            Ok(endpoints.get(name)?.map(|number| number.value()))
        })?;
        if let Some(number) = known {
            return Ok(number);
        }
        self.transaction(|tables| {
            let number = u32::try_from(tables.endpoints.len()?).unwrap_or(u32::MAX);
            tables.endpoints.insert(name, number)?;
            Ok(number)
        })
    }

    fn next_seq(&self) -> u64 {
        self.next_seq
    }

    fn commit(&mut self, changes: &[Change], now: i64) -> Result<Vec<PutOut>, OutboxError> {
        let quota = self.limits.bytes;
        self.transaction(|tables| {
            let mut put_out = Vec::new();
            for change in changes {
                tables.apply(change, now)?;
                // What is larger than all the room must not empty it first.
                if let Change::Accept { event, .. } = change
                    && cost(event.event.body.len()) > quota
                {
                    let kind = kind(event.lifecycle);
                    tables.remove(kind, event.seq, PutOutReason::Full, &mut put_out)?;
                }
            }
            while tables.bytes > quota && tables.put_out(&mut put_out)? {}
            Ok(put_out)
        })
    }

    fn expire(&mut self, now: i64, most: usize) -> Result<Vec<PutOut>, OutboxError> {
        let age = i64::try_from(self.limits.age.as_millis()).unwrap_or(i64::MAX);
        let ages = Ages {
            now,
            oldest: now.saturating_sub(age),
        };
        if !guarded(&self.path, || self.has_old(ages).map_err(self.failed()))? {
            return Ok(Vec::new());
        }
        self.transaction(|tables| {
            let mut put_out = Vec::new();
            let mut left = most;
            for kind in [ORDINARY, LIFECYCLE] {
                let mut from = 0;
                while left > 0 && tables.expire(kind, &mut from, ages, &mut put_out)? {
                    left -= 1;
                }
            }
            Ok(put_out)
        })
    }

    fn sessions(
        &self,
        endpoint: u32,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<Arc<str>>, OutboxError> {
        self.read(|reading| {
            let lanes = reading.open_table(LANES)?;
            let mut sessions: Vec<Arc<str>> = Vec::new();
            let mut last = after.map(Arc::<str>::from);
            while sessions.len() < most {
                use std::ops::Bound::{Excluded, Included};
                let begin = match &last {
                    Some(last) => Excluded((endpoint, &**last, u64::MAX)),
                    None => Included((endpoint, "", 0)),
                };
                let end = Excluded((endpoint.saturating_add(1), "", 0));
                let Some(next) = lanes.range::<(u32, &str, u64)>((begin, end))?.next() else {
                    break;
                };
                let session = Arc::<str>::from(next?.0.value().1);
                last = Some(Arc::clone(&session));
                sessions.push(session);
            }
            Ok(sessions)
        })
    }

    fn pending(
        &self,
        endpoint: u32,
        session: &str,
        from: u64,
        most: usize,
        bytes: usize,
    ) -> Result<Vec<StoredEvent>, OutboxError> {
        self.read(|reading| {
            let lanes = reading.open_table(LANES)?;
            let events = reading.open_table(EVENTS)?;
            let again = reading.open_table(AGAIN)?;
            let mut found = Vec::new();
            let mut sum = 0_usize;
            let lane = (endpoint, session, from)..=(endpoint, session, u64::MAX);
            for waiting in lanes.range(lane)? {
                if found.len() >= most || sum >= bytes {
                    break;
                }
                let (place, kind) = waiting?;
                let seq = place.value().2;
                let Some(event) = events.get((kind.value().0, seq))? else {
                    continue;
                };
                let Record { mut event, .. } =
                    record::decode(seq, event.value()).ok_or_else(torn)?;
                if let Some(since) = again.get((endpoint, seq))? {
                    event.accepted = since.value();
                }
                sum = sum.saturating_add(event.event.body.len());
                found.push(event);
            }
            Ok(found)
        })
    }

    fn dead(&self, endpoint: u32, from: u64, most: usize) -> Result<Vec<DeadLetter>, OutboxError> {
        self.read(|reading| {
            let dead = reading.open_table(DEAD)?;
            let events = reading.open_table(EVENTS)?;
            let mut letters = Vec::new();
            for letter in dead
                .range((endpoint, from)..=(endpoint, u64::MAX))?
                .take(most)
            {
                let (place, epitaph) = letter?;
                let seq = place.value().1;
                let epitaph = Epitaph::decode(epitaph.value()).ok_or_else(torn)?;
                let Some(event) = events.get((kind(epitaph.lifecycle), seq))? else {
                    continue;
                };
                let Record { event, .. } = record::decode(seq, event.value()).ok_or_else(torn)?;
                letters.push(DeadLetter {
                    event,
                    reason: epitaph.reason,
                    attempts: epitaph.attempts,
                    at: epitaph.at,
                });
            }
            Ok(letters)
        })
    }

    fn endpoints(&self) -> Result<Vec<(String, u32)>, OutboxError> {
        self.read(|reading| {
            let endpoints = reading.open_table(ENDPOINTS)?;
            let mut all = Vec::new();
            for endpoint in endpoints.iter()? {
                let (name, number) = endpoint?;
                all.push((name.value().to_owned(), number.value()));
            }
            Ok(all)
        })
    }

    fn browse(
        &self,
        endpoint: u32,
        state: EventState,
        from: u64,
        most: usize,
        bytes: usize,
    ) -> Result<EventPage, OutboxError> {
        let page = Page {
            endpoint,
            from,
            most,
            bytes,
        };
        self.read(|reading| browsing::read(reading, state, &page))
    }

    fn dead_letters(&self, endpoint: u32) -> u64 {
        self.kept.dead.get(&endpoint).copied().unwrap_or_default()
    }

    fn open_sessions(&self, most: usize) -> Result<Vec<OpenSession>, OutboxError> {
        self.read(|reading| {
            let sessions = reading.open_table(SESSIONS)?;
            let mut open = Vec::new();
            for session in sessions.iter()?.take(most) {
                let (id, known) = session?;
                let (is_concluded, next, began, last) = known.value();
                open.push(OpenSession {
                    session_id: Arc::from(id.value()),
                    sequence: next.checked_sub(1),
                    is_concluded,
                    began,
                    last,
                });
            }
            Ok(open)
        })
    }

    fn waiting(&self, endpoint: u32) -> Result<u64, OutboxError> {
        self.read(|reading| {
            let lanes = reading.open_table(LANES)?;
            let end = (endpoint.saturating_add(1), "", 0);
            let waiting = lanes.range((endpoint, "", 0)..end)?.count();
            Ok(u64::try_from(waiting).unwrap_or(u64::MAX))
        })
    }

    fn is_durable(&self) -> bool {
        true
    }
}

/// The tables in one transaction, and what becomes of the counts.
struct Tables<'a> {
    meta: Table<'a, &'static str, u64>,
    endpoints: Table<'a, &'static str, u32>,
    events: Table<'a, (u8, u64), &'static [u8]>,
    lanes: Table<'a, (u32, &'static str, u64), (u8, u16)>,
    dead: Table<'a, (u32, u64), &'static [u8]>,
    delivered: Table<'a, (u32, u64), (u8, u16, i64, u32)>,
    again: Table<'a, (u32, u64), i64>,
    sessions: Table<'a, &'static str, (bool, u64, i64, i64)>,
    next_seq: u64,
    bytes: u64,
    kept: Kept,
    /// Most delivered events of an endpoint that are kept.
    most_delivered: u64,
}

impl<'a> Tables<'a> {
    fn open(writing: &'a WriteTransaction, outbox: &StoredOutbox) -> Result<Self, TableError> {
        Ok(Self {
            meta: writing.open_table(META)?,
            endpoints: writing.open_table(ENDPOINTS)?,
            events: writing.open_table(EVENTS)?,
            lanes: writing.open_table(LANES)?,
            dead: writing.open_table(DEAD)?,
            delivered: writing.open_table(DELIVERED)?,
            again: writing.open_table(AGAIN)?,
            sessions: writing.open_table(SESSIONS)?,
            next_seq: outbox.next_seq,
            bytes: outbox.bytes,
            kept: outbox.kept.clone(),
            most_delivered: u64::try_from(outbox.limits.delivered).unwrap_or(u64::MAX),
        })
    }

    fn apply(&mut self, change: &Change, now: i64) -> Result<(), redb::Error> {
        match change {
            Change::Accept { event, endpoints } => self.accept(event, endpoints),
            Change::Delivered { place, attempts } => match self.leave_lane(place)? {
                Some((kind, endpoints)) => {
                    self.keep_delivered(place, (kind, endpoints, now, *attempts))
                }
                None => Ok(()),
            },
            Change::GiveUp {
                place,
                reason,
                attempts,
            } => {
                let Some((kind, _)) = self.leave_lane(place)? else {
                    return Ok(());
                };
                let epitaph = Epitaph {
                    lifecycle: kind == LIFECYCLE,
                    at: now,
                    attempts: *attempts,
                    reason: reason.clone(),
                };
                self.dead
                    .insert((place.endpoint, place.seq), &*epitaph.encode())?;
                *self.kept.dead.entry(place.endpoint).or_default() += 1;
                Ok(())
            }
            Change::Session {
                session,
                step,
                sequence,
            } => self.step(session, *step, *sequence, now),
            Change::Redeliver { endpoint, seq } => self.redeliver(*endpoint, *seq, now),
            Change::Forget { endpoint, seq } => self.forget(*endpoint, *seq),
        }
    }

    fn accept(&mut self, event: &StoredEvent, endpoints: &[u32]) -> Result<(), redb::Error> {
        if endpoints.is_empty() {
            return Ok(());
        }
        let kind = kind(event.lifecycle);
        let count = u16::try_from(endpoints.len()).unwrap_or(u16::MAX);
        let record = record::encode(event, endpoints);
        for endpoint in endpoints {
            self.lanes.insert(
                (*endpoint, &*event.event.session_id, event.seq),
                (kind, count),
            )?;
        }
        self.bytes = self.bytes.saturating_add(cost(record.len()));
        // It is there already if a commit failed that the disk had all the same.
        if let Some(same) = self.events.insert((kind, event.seq), &*record)? {
            self.bytes = self.bytes.saturating_sub(cost(same.value().len()));
        }
        self.next_seq = self.next_seq.max(event.seq.saturating_add(1));
        self.number(event)
    }

    fn step(
        &mut self,
        session: &str,
        step: SessionStep,
        sequence: Option<u64>,
        now: i64,
    ) -> Result<(), redb::Error> {
        let next = sequence.map_or(0, |sequence| sequence.saturating_add(1));
        let known = self.sessions.get(session)?.map(|known| known.value());
        match (step, known) {
            (SessionStep::Begins, _) => {
                self.sessions.insert(session, (false, next, now, now))?;
            }
            (SessionStep::Concludes, Some((_, last, began, _))) => {
                let known = (true, last.max(next), began, now);
                self.sessions.insert(session, known)?;
            }
            (SessionStep::Ends, Some(_)) => {
                self.sessions.remove(session)?;
            }
            // It is not known to have begun.
            (_, None) => {}
        }
        Ok(())
    }

    /// Notes the number of a session's last event.
    fn number(&mut self, event: &StoredEvent) -> Result<(), redb::Error> {
        let session = &*event.event.session_id;
        let Some(sequence) = event.event.sequence else {
            return Ok(());
        };
        let known = self.sessions.get(session)?.map(|known| known.value());
        if let Some((is_concluded, next, began, last)) = known {
            let next = next.max(sequence.saturating_add(1));
            let known = (is_concluded, next, began, last.max(event.accepted));
            self.sessions.insert(session, known)?;
        }
        Ok(())
    }

    fn leave_lane(&mut self, place: &Place) -> Result<Option<(u8, u16)>, redb::Error> {
        let left = self
            .lanes
            .remove((place.endpoint, &*place.session, place.seq))?;
        self.again.remove((place.endpoint, place.seq))?;
        Ok(left.map(|kind| kind.value()))
    }

    fn forget(&mut self, endpoint: u32, seq: u64) -> Result<(), redb::Error> {
        match self.leave_dead(endpoint, seq)? {
            Some(kind) => self.release(kind, seq, u16::MAX),
            None => Ok(()),
        }
    }

    /// The event is no dead letter any more. Returns its kind if it was one.
    fn leave_dead(&mut self, endpoint: u32, seq: u64) -> Result<Option<u8>, redb::Error> {
        let epitaph = match self.dead.remove((endpoint, seq))? {
            Some(epitaph) => Epitaph::decode(epitaph.value()).ok_or_else(torn)?,
            None => return Ok(None),
        };
        less(&mut self.kept.dead, endpoint);
        Ok(Some(kind(epitaph.lifecycle)))
    }

    /// The event is not among the delivered ones any more. Returns its kind and the number of its
    /// endpoints if it was.
    fn leave_delivered(
        &mut self,
        endpoint: u32,
        seq: u64,
    ) -> Result<Option<(u8, u16)>, redb::Error> {
        let left = self.delivered.remove((endpoint, seq))?;
        let left = left.map(|event| (event.value().0, event.value().1));
        if left.is_some() {
            less(&mut self.kept.delivered, endpoint);
        }
        Ok(left)
    }

    /// Keeps an event that was delivered, and lets go of the oldest one if there are too many.
    fn keep_delivered(
        &mut self,
        place: &Place,
        event: (u8, u16, i64, u32),
    ) -> Result<(), redb::Error> {
        let endpoint = place.endpoint;
        if self.most_delivered == 0 {
            return self.release(event.0, place.seq, event.1);
        }
        self.delivered.insert((endpoint, place.seq), event)?;
        *self.kept.delivered.entry(endpoint).or_default() += 1;
        while self.kept.delivered.get(&endpoint) > Some(&self.most_delivered) {
            let of_endpoint = (endpoint, 0)..=(endpoint, u64::MAX);
            let oldest = match self.delivered.range(of_endpoint)?.next() {
                Some(oldest) => oldest?.0.value().1,
                None => break,
            };
            self.let_go(endpoint, oldest)?;
        }
        Ok(())
    }

    /// A delivered event is kept no longer.
    fn let_go(&mut self, endpoint: u32, seq: u64) -> Result<(), redb::Error> {
        match self.leave_delivered(endpoint, seq)? {
            Some((kind, endpoints)) => self.release(kind, seq, endpoints),
            None => Ok(()),
        }
    }

    fn redeliver(&mut self, endpoint: u32, seq: u64, now: i64) -> Result<(), redb::Error> {
        let kind = match self.leave_dead(endpoint, seq)? {
            Some(kind) => kind,
            None => match self.leave_delivered(endpoint, seq)? {
                Some((kind, _)) => kind,
                None => return Ok(()),
            },
        };
        let Record { event, endpoints } = match self.events.get((kind, seq))? {
            Some(record) => record::decode(seq, record.value()).ok_or_else(torn)?,
            None => return Ok(()),
        };
        let count = u16::try_from(endpoints.len()).unwrap_or(u16::MAX);
        self.lanes
            .insert((endpoint, &*event.event.session_id, seq), (kind, count))?;
        self.again.insert((endpoint, seq), now)?;
        Ok(())
    }

    /// Removes the event if no endpoint needs it any more; it had so many.
    fn release(&mut self, kind: u8, seq: u64, endpoints: u16) -> Result<(), redb::Error> {
        if endpoints > 1 && self.is_needed(kind, seq)? {
            return Ok(());
        }
        if let Some(record) = self.events.remove((kind, seq))? {
            self.bytes = self.bytes.saturating_sub(cost(record.value().len()));
        }
        Ok(())
    }

    fn is_needed(&self, kind: u8, seq: u64) -> Result<bool, redb::Error> {
        let Some(record) = self.events.get((kind, seq))? else {
            return Ok(false);
        };
        let Record { event, endpoints } = record::decode(seq, record.value()).ok_or_else(torn)?;
        for endpoint in endpoints {
            let session = &*event.event.session_id;
            if self.lanes.get((endpoint, session, seq))?.is_some()
                || self.dead.get((endpoint, seq))?.is_some()
                || self.delivered.get((endpoint, seq))?.is_some()
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Puts out what goes next for lack of room; false if there is nothing left.
    fn put_out(&mut self, put_out: &mut Vec<PutOut>) -> Result<bool, redb::Error> {
        let delivered = self.delivered.first()?.map(|(place, _)| place.value());
        if let Some((endpoint, seq)) = delivered {
            self.let_go(endpoint, seq)?;
            return Ok(true);
        }
        let dead = self.dead.first()?.map(|(place, _)| place.value());
        if let Some((endpoint, seq)) = dead {
            self.forget(endpoint, seq)?;
            return Ok(true);
        }
        // The keys' order is the order in which events leave.
        let Some((kind, seq)) = self.events.first()?.map(|(key, _)| key.value()) else {
            return Ok(false);
        };
        self.remove(kind, seq, PutOutReason::Full, put_out)?;
        Ok(true)
    }

    /// Removes the first event of a kind from `from` on if it is too old, and dates it anew if it
    /// seems to be from the future; otherwise returns false.
    fn expire(
        &mut self,
        kind: u8,
        from: &mut u64,
        ages: Ages,
        put_out: &mut Vec<PutOut>,
    ) -> Result<bool, redb::Error> {
        let (seq, age, dated) = match self.events.range((kind, *from)..=(kind, u64::MAX))?.next() {
            Some(oldest) => {
                let (key, record) = oldest?;
                let age = ages.judge(record::accepted(record.value()));
                let dated = record::dated(record.value(), ages.now);
                (key.value().1, age, dated)
            }
            None => return Ok(false),
        };
        *from = seq.saturating_add(1);
        match age {
            Age::Fine => return Ok(false),
            Age::TooOld => self.remove(kind, seq, PutOutReason::TooOld, put_out)?,
            Age::FromTheFuture => {
                self.events.insert((kind, seq), &*dated)?;
            }
        }
        Ok(true)
    }

    /// Removes an event for every endpoint.
    fn remove(
        &mut self,
        kind: u8,
        seq: u64,
        reason: PutOutReason,
        put_out: &mut Vec<PutOut>,
    ) -> Result<(), redb::Error> {
        let record = match self.events.remove((kind, seq))? {
            Some(record) => {
                self.bytes = self.bytes.saturating_sub(cost(record.value().len()));
                record::decode(seq, record.value()).ok_or_else(torn)?
            }
            None => return Ok(()),
        };
        for endpoint in record.endpoints {
            let gone = put_out_of(endpoint, &record.event, reason);
            if self.leave_lane(&gone.place)?.is_some() {
                put_out.push(gone);
            }
            self.leave_dead(endpoint, seq)?;
            self.leave_delivered(endpoint, seq)?;
        }
        Ok(())
    }
}

fn less(counts: &mut BTreeMap<u32, u64>, endpoint: u32) {
    if let Some(count) = counts.get_mut(&endpoint) {
        *count = count.saturating_sub(1);
    }
}

/// The limits of ages at one moment, in milliseconds since 1970.
#[derive(Clone, Copy, Debug)]
struct Ages {
    now: i64,
    oldest: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Age {
    Fine,
    TooOld,
    /// The machine's clock was wrong when it was accepted: it would never become too old, and would
    /// keep all behind it.
    FromTheFuture,
}

/// How far clocks may be apart, in milliseconds.
const AHEAD: i64 = 3_600_000;

impl Ages {
    fn judge(self, accepted: Option<i64>) -> Age {
        match accepted {
            Some(accepted) if accepted > self.now.saturating_add(AHEAD) => Age::FromTheFuture,
            Some(accepted) if accepted >= self.oldest => Age::Fine,
            _ => Age::TooOld,
        }
    }
}

pub(super) fn kind(lifecycle: bool) -> u8 {
    if lifecycle { LIFECYCLE } else { ORDINARY }
}

fn cost(record: usize) -> u64 {
    u64::try_from(record)
        .unwrap_or(u64::MAX)
        .saturating_add(OVERHEAD)
}

pub(super) fn torn() -> redb::Error {
    redb::Error::Corrupted("a record cannot be read".to_owned())
}

/// Makes sure that a database that is not empty is an outbox of a format that is known.
pub(super) fn recognise(
    path: &Path,
    reading: &ReadTransaction,
) -> Result<Result<(), OutboxError>, redb::Error> {
    let foreign = |what: &str| {
        Ok(Err(OutboxError::Foreign {
            path: path.to_owned(),
            what: what.to_owned(),
        }))
    };
    let format = match reading.open_table(META) {
        Ok(meta) => meta.get("format")?.map(|format| format.value()),
        Err(TableError::Storage(error)) => return Err(error.into()),
        Err(_) => return foreign("it is a database of another program"),
    };
    match format {
        None => foreign("it does not say its format"),
        Some(found) if found > FORMAT => Ok(Err(OutboxError::Newer {
            path: path.to_owned(),
            found,
            known: FORMAT,
        })),
        Some(_) => Ok(Ok(())),
    }
}

/// What an error of the database means for the file.
pub(super) fn failed<E: Into<redb::Error>>(path: &Path) -> impl Fn(E) -> OutboxError + use<E> {
    let path = path.to_owned();
    move |error| fault(&path, error.into())
}

pub(super) fn builder(path: &Path) -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE);
    // Elsewhere the whole file is locked, for readers too.
    if cfg!(any(target_os = "linux", target_vendor = "apple", windows)) {
        builder.set_concurrency_mode(ConcurrencyMode::SingleWriter);
    }
    let path = path.to_owned();
    let told = std::cell::Cell::new(false);
    builder.set_repair_callback(move |_| {
        if !told.replace(true) {
            tracing::warn!(path = %path.display(), "the outbox was not closed: it is being repaired");
        }
    });
    builder
}

/// Makes a new outbox beside `path`, and gives it that name when it is whole: whoever is killed
/// meanwhile leaves no half of one there. Nothing that has the name is replaced.
fn create(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        let mut made = std::fs::DirBuilder::new();
        made.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut made, 0o700);
        made.create(folder)?;
    }
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(format!(".new-{}", std::process::id()));
    let unfinished = PathBuf::from(unfinished);
    let _ = std::fs::remove_file(&unfinished);
    let made = private(&unfinished).and_then(|file| {
        let backend = redb::backends::FileBackend::new(file).map_err(std::io::Error::other)?;
        let database = Builder::new()
            .create_with_backend(backend)
            .map_err(std::io::Error::other)?;
        drop(database);
        std::fs::hard_link(&unfinished, path)
    });
    let _ = std::fs::remove_file(&unfinished);
    match made {
        // Somebody else was faster; who of us may use it, its lock says.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

fn private(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Takes the file from everybody but its owner.
fn keep_private(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let permissions = std::fs::metadata(path)?.permissions();
        if permissions.mode() & 0o077 != 0 {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok(())
}

/// Refuses a file that begins otherwise than the database's files do.
fn recognised(path: &Path) -> Result<(), OutboxError> {
    let mut begin = Vec::new();
    let length = u64::try_from(MAGIC.len()).unwrap_or(u64::MAX);
    File::open(path)
        .and_then(|file| file.take(length).read_to_end(&mut begin))
        .map_err(|error| io(path, &error))?;
    if begin.is_empty() || begin == MAGIC {
        return Ok(());
    }
    Err(OutboxError::Foreign {
        path: path.to_owned(),
        what: "it begins otherwise".to_owned(),
    })
}

/// Runs the database's code: on a file that somebody changed it may panic.
pub(super) fn guarded<T>(
    path: &Path,
    code: impl FnOnce() -> Result<T, OutboxError>,
) -> Result<T, OutboxError> {
    catch_unwind(AssertUnwindSafe(code)).unwrap_or_else(|_| {
        Err(OutboxError::Damaged {
            path: path.to_owned(),
            what: "the database panicked".to_owned(),
        })
    })
}

fn io(path: &Path, error: &std::io::Error) -> OutboxError {
    OutboxError::Io {
        path: path.to_owned(),
        what: error.to_string(),
    }
}

pub(super) fn refused(path: &Path, error: DatabaseError) -> OutboxError {
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
            OutboxError::InUse {
                path: path.to_owned(),
            }
        }
        DatabaseError::UpgradeRequired(version) => OutboxError::Foreign {
            path: path.to_owned(),
            what: format!("it is a database of the format {version}"),
        },
        other => fault(path, other.into()),
    }
}

fn fault(path: &Path, error: redb::Error) -> OutboxError {
    let path = path.to_owned();
    match error {
        redb::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            OutboxError::Foreign {
                path,
                what: error.to_string(),
            }
        }
        redb::Error::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            OutboxError::Damaged {
                path,
                what: "its end is missing".to_owned(),
            }
        }
        redb::Error::Io(error) => io(&path, &error),
        redb::Error::PreviousIo => OutboxError::Io {
            path,
            what: error.to_string(),
        },
        other => OutboxError::Damaged {
            path,
            what: other.to_string(),
        },
    }
}

#[cfg(test)]
#[path = "stored_tests.rs"]
mod tests;
