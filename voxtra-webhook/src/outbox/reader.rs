use std::path::{Path, PathBuf};

use redb::{ReadOnlyDatabase, ReadTransaction, ReadableDatabase as _, ReadableTable as _};

use super::browsing::{self, Page};
use super::stored::{DEAD, ENDPOINTS, LANES, builder, failed, guarded, recognise, refused};
use super::{EventPage, EventState, OutboxError};

/// Reads an outbox's file beside whoever writes it, and keeps nobody from writing it.
pub(crate) struct StoredReader {
    path: PathBuf,
    database: ReadOnlyDatabase,
}

impl StoredReader {
    /// A file that a killed process left cannot be read before it is repaired, which
    /// [`StoredOutbox::open`](super::StoredOutbox::open) does.
    pub(crate) fn open(path: &Path) -> Result<Self, OutboxError> {
        let builder = builder(path);
        let database = guarded(path, || {
            builder
                .open_read_only(path)
                .map_err(|error| refused(path, error))
        })?;
        let reader = Self {
            path: path.to_owned(),
            database,
        };
        reader.read(|reading| recognise(path, reading))??;
        Ok(reader)
    }

    /// The endpoints by their names.
    pub(crate) fn endpoints(&self) -> Result<Vec<(String, u32)>, OutboxError> {
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

    pub(crate) fn browse(&self, state: EventState, page: &Page) -> Result<EventPage, OutboxError> {
        self.read(|reading| browsing::read(reading, state, page))
    }

    /// How many events wait for an endpoint, and how many dead letters it has.
    pub(crate) fn counts(&self, endpoint: u32) -> Result<(u64, u64), OutboxError> {
        self.read(|reading| {
            let lanes = reading.open_table(LANES)?;
            let end = (endpoint.saturating_add(1), "", 0);
            let waiting = lanes.range((endpoint, "", 0)..end)?.count();
            let dead = reading.open_table(DEAD)?;
            let dead = dead.range((endpoint, 0)..=(endpoint, u64::MAX))?.count();
            let count = |count| u64::try_from(count).unwrap_or(u64::MAX);
            Ok((count(waiting), count(dead)))
        })
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&ReadTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, OutboxError> {
        guarded(&self.path, || {
            let reading = self.database.begin_read().map_err(failed(&self.path))?;
            read(&reading).map_err(failed(&self.path))
        })
    }
}
