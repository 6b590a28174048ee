//! A file that no service has open.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::Answered;
use super::entry::EventEntry;
use super::wire::{Browse, Browsed};
use crate::outbox::{Page, StoredReader};
use crate::{
    Change, EndpointState, EndpointStatus, EventState, LatencyHistogram, Outbox as _, OutboxError,
    StoredLimits, StoredOutbox, WebhookCounters,
};

/// Most events that one look looks at, and bytes of their bodies.
const LOOK: usize = 1_000;
const LOOK_BYTES: usize = 4 << 20;

/// The file itself.
pub(super) struct Offline {
    path: PathBuf,
}

impl Offline {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    pub(super) fn endpoints(&self) -> Answered<Vec<(String, u32)>> {
        Ok(self.reader()?.endpoints()?)
    }

    /// What is known without a service: what waits, and what was given up.
    pub(super) fn status(&self) -> Answered<Vec<EndpointStatus>> {
        let reader = self.reader()?;
        let mut all = Vec::new();
        for (name, number) in reader.endpoints()? {
            let (queued, dead) = reader.counts(number)?;
            all.push(EndpointStatus {
                name,
                url: None,
                state: EndpointState::Stopped,
                accepted: 0,
                counters: WebhookCounters {
                    queued,
                    ..WebhookCounters::default()
                },
                dead,
                oldest: self.oldest(&reader, number, queued)?,
                latency: LatencyHistogram::default(),
            });
        }
        Ok(all)
    }

    fn oldest(&self, reader: &StoredReader, endpoint: u32, queued: u64) -> Answered<Option<i64>> {
        let mut from = (queued > 0).then_some(0);
        while let Some(at) = from {
            let page = reader.browse(EventState::Pending, &page(endpoint, at))?;
            if let Some(oldest) = page.events.first() {
                return Ok(Some(oldest.event.accepted));
            }
            from = page.next;
        }
        Ok(None)
    }

    pub(super) fn browse(&self, browse: &Browse) -> Answered<Browsed> {
        let reader = self.reader()?;
        let names = reader.endpoints()?;
        let name = names.iter().find(|(_, number)| *number == browse.endpoint);
        let name = name.map_or("", |(name, _)| name);
        let found = reader.browse(browse.state, &page(browse.endpoint, browse.from))?;
        let wanted = |id: &str| browse.id.as_deref().is_none_or(|wanted| wanted == id);
        let events = found.events.into_iter();
        let events = events.filter(|kept| wanted(&kept.event.event.id));
        let entry = |kept| EventEntry::new((browse.endpoint, name), kept, browse.bodies);
        Ok(Browsed {
            events: events.map(entry).collect(),
            next: found.next,
        })
    }

    /// Opens the file to write for a moment. Whoever starts meanwhile would find it in use.
    pub(super) fn redeliver(&self, events: &[(u32, u64)]) -> Answered<u64> {
        let mut outbox = self.open()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |now| i64::try_from(now.as_millis()).unwrap_or(i64::MAX));
        let mut changes = Vec::new();
        for (endpoint, seq) in events {
            for state in [EventState::Dead, EventState::Delivered] {
                let found = outbox.browse(*endpoint, state, *seq, 1, usize::MAX)?;
                if found.events.iter().any(|kept| kept.event.seq == *seq) {
                    changes.push(Change::Redeliver {
                        endpoint: *endpoint,
                        seq: *seq,
                    });
                    break;
                }
            }
        }
        outbox.commit(&changes, now)?;
        Ok(u64::try_from(changes.len()).unwrap_or(u64::MAX))
    }

    /// A file that a killed process left is repaired first, once.
    fn reader(&self) -> Answered<StoredReader> {
        match StoredReader::open(&self.path) {
            Ok(reader) => Ok(reader),
            Err(error @ (OutboxError::Foreign { .. } | OutboxError::Newer { .. })) => {
                Err(error.into())
            }
            Err(_) => {
                drop(self.open()?);
                Ok(StoredReader::open(&self.path)?)
            }
        }
    }

    /// With no limits: nothing may leave because somebody looked.
    fn open(&self) -> Answered<StoredOutbox> {
        let limits = StoredLimits {
            bytes: u64::MAX,
            delivered: usize::MAX,
            ..StoredLimits::default()
        };
        Ok(StoredOutbox::open(&self.path, limits)?)
    }
}

fn page(endpoint: u32, from: u64) -> Page {
    Page {
        endpoint,
        from,
        most: LOOK,
        bytes: LOOK_BYTES,
    }
}
