//! What is in the file, page by page.

use redb::{ReadTransaction, TableError};

use super::record::{self, Epitaph, Record};
use super::stored::{DEAD, DELIVERED, EVENTS, LANES, LIFECYCLE, ORDINARY, kind, torn};
use super::{EventPage, EventState, KeptEvent};

/// What is asked for.
pub(crate) struct Page {
    pub(crate) endpoint: u32,
    pub(crate) from: u64,
    /// Most events that are looked at.
    pub(crate) most: usize,
    /// How many bytes of bodies are enough.
    pub(crate) bytes: usize,
}

/// The events of one state.
pub(super) fn read(
    reading: &ReadTransaction,
    state: EventState,
    page: &Page,
) -> Result<EventPage, redb::Error> {
    let mut found = Found::new(page);
    match state {
        EventState::Pending => pending(reading, page, &mut found)?,
        EventState::Dead => dead(reading, page, &mut found)?,
        EventState::Delivered => delivered(reading, page, &mut found)?,
    }
    Ok(found.page)
}

/// What was found, and how much was looked at.
struct Found {
    page: EventPage,
    left: usize,
    bytes: usize,
}

impl Found {
    fn new(page: &Page) -> Self {
        Self {
            page: EventPage::default(),
            left: page.most,
            bytes: page.bytes,
        }
    }

    /// Whether one more event may be looked at; if not, the next page begins there.
    fn may_look_at(&mut self, seq: u64) -> bool {
        if self.left == 0 || self.bytes == 0 {
            self.page.next = Some(seq);
            return false;
        }
        self.left -= 1;
        true
    }

    fn push(&mut self, kept: KeptEvent) {
        let body = kept.event.event.body.len();
        self.bytes = self.bytes.saturating_sub(body);
        self.page.events.push(kept);
    }
}

/// Both kinds together, in the order of their numbers.
fn pending(reading: &ReadTransaction, page: &Page, found: &mut Found) -> Result<(), redb::Error> {
    let events = reading.open_table(EVENTS)?;
    let lanes = reading.open_table(LANES)?;
    let of_kind = |kind| events.range((kind, page.from)..=(kind, u64::MAX));
    let mut ordinary = of_kind(ORDINARY)?.peekable();
    let mut lifecycle = of_kind(LIFECYCLE)?.peekable();
    loop {
        let seq = |next: Option<&Result<_, redb::StorageError>>| match next {
            Some(Ok((key, _))) => {
                let key: &redb::AccessGuard<'_, (u8, u64)> = key;
                Some(key.value().1)
            }
            // The error is found when it is taken.
            Some(Err(_)) => Some(0),
            None => None,
        };
        let (one, other) = (seq(ordinary.peek()), seq(lifecycle.peek()));
        let next = match (one, other) {
            (None, None) => return Ok(()),
            (Some(one), Some(other)) if one > other => lifecycle.next(),
            (Some(_), _) => ordinary.next(),
            (None, Some(_)) => lifecycle.next(),
        };
        let Some(next) = next else { return Ok(()) };
        let (key, bytes) = next?;
        let seq = key.value().1;
        if !found.may_look_at(seq) {
            return Ok(());
        }
        let Record { event, .. } = record::decode(seq, bytes.value()).ok_or_else(torn)?;
        let lane = (page.endpoint, &*event.event.session_id, seq);
        if lanes.get(lane)?.is_some() {
            found.push(KeptEvent::pending(event));
        }
    }
}

fn dead(reading: &ReadTransaction, page: &Page, found: &mut Found) -> Result<(), redb::Error> {
    let dead = reading.open_table(DEAD)?;
    let events = reading.open_table(EVENTS)?;
    for letter in dead.range((page.endpoint, page.from)..=(page.endpoint, u64::MAX))? {
        let (place, epitaph) = letter?;
        let seq = place.value().1;
        if !found.may_look_at(seq) {
            break;
        }
        let epitaph = Epitaph::decode(epitaph.value()).ok_or_else(torn)?;
        let Some(record) = events.get((kind(epitaph.lifecycle), seq))? else {
            continue;
        };
        let Record { event, .. } = record::decode(seq, record.value()).ok_or_else(torn)?;
        found.push(KeptEvent {
            event,
            state: EventState::Dead,
            attempts: epitaph.attempts,
            at: Some(epitaph.at),
            reason: Some(epitaph.reason),
        });
    }
    Ok(())
}

fn delivered(reading: &ReadTransaction, page: &Page, found: &mut Found) -> Result<(), redb::Error> {
    let delivered = match reading.open_table(DELIVERED) {
        // The first files of this format have none.
        Err(TableError::TableDoesNotExist(_)) => return Ok(()),
        delivered => delivered?,
    };
    let events = reading.open_table(EVENTS)?;
    for event in delivered.range((page.endpoint, page.from)..=(page.endpoint, u64::MAX))? {
        let (place, was) = event?;
        let seq = place.value().1;
        if !found.may_look_at(seq) {
            break;
        }
        let (kind, _, at, attempts) = was.value();
        let Some(record) = events.get((kind, seq))? else {
            continue;
        };
        let Record { event, .. } = record::decode(seq, record.value()).ok_or_else(torn)?;
        found.push(KeptEvent {
            event,
            state: EventState::Delivered,
            attempts,
            at: Some(at),
            reason: None,
        });
    }
    Ok(())
}
