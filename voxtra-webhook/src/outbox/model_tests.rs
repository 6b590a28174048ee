//! Both outboxes against a plain model, by random operations; and the one in a file on a disk that
//! loses power in the middle of a commit.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;

/// What an outbox without limits holds.
#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    lanes: BTreeMap<Place, StoredEvent>,
    dead: BTreeMap<(u32, u64), DeadLetter>,
    delivered: BTreeMap<(u32, u64), StoredEvent>,
    keeps_delivered: bool,
}

const ENDPOINTS: u32 = 3;
const NOW: i64 = 1_800_000_000_000;

impl Model {
    fn apply(&mut self, change: &Change) {
        match change {
            Change::Accept { event, endpoints } => {
                for endpoint in endpoints {
                    let place = place(*endpoint, event);
                    self.lanes.insert(place, event.clone());
                }
            }
            Change::Delivered { place, .. } => {
                let event = self.lanes.remove(place);
                if let Some(event) = event.filter(|_| self.keeps_delivered) {
                    self.delivered.insert((place.endpoint, place.seq), event);
                }
            }
            Change::GiveUp {
                place,
                reason,
                attempts,
            } => {
                if let Some(event) = self.lanes.remove(place) {
                    let letter = DeadLetter {
                        event,
                        reason: reason.clone(),
                        attempts: *attempts,
                        at: NOW,
                    };
                    self.dead.insert((place.endpoint, place.seq), letter);
                }
            }
            Change::Session { .. } => {}
            Change::Redeliver { endpoint, seq } => {
                let dead = self.dead.remove(&(*endpoint, *seq));
                let delivered = self.delivered.remove(&(*endpoint, *seq));
                if let Some(event) = dead.map(|letter| letter.event).or(delivered) {
                    self.lanes.insert(place(*endpoint, &event), event);
                }
            }
            Change::Forget { endpoint, seq } => {
                self.dead.remove(&(*endpoint, *seq));
            }
        }
    }

    /// What an outbox says that it holds.
    fn of(outbox: &dyn Outbox) -> Self {
        let mut model = Self {
            keeps_delivered: outbox.is_durable(),
            ..Self::default()
        };
        for endpoint in 0..ENDPOINTS {
            let mut after = None;
            loop {
                // Few at a time, as the delivery reads them.
                let sessions = outbox.sessions(endpoint, after.as_deref(), 2).unwrap();
                let Some(last) = sessions.last() else { break };
                after = Some(Arc::clone(last));
                for session in sessions {
                    let mut from = 0;
                    loop {
                        let some = outbox
                            .pending(endpoint, &session, from, 2, usize::MAX)
                            .unwrap();
                        let Some(last) = some.last() else { break };
                        from = last.seq + 1;
                        let some = some
                            .into_iter()
                            .map(|event| (place(endpoint, &event), event));
                        model.lanes.extend(some);
                    }
                }
            }
            for letter in outbox.dead(endpoint, 0, usize::MAX).unwrap() {
                model.dead.insert((endpoint, letter.event.seq), letter);
            }
            let waiting = model
                .lanes
                .keys()
                .filter(|place| place.endpoint == endpoint);
            assert_eq!(
                outbox.waiting(endpoint).unwrap(),
                waiting.count() as u64,
                "endpoint {endpoint}"
            );
            for kept in browsed(outbox, endpoint, EventState::Delivered) {
                let event = kept.event;
                model.delivered.insert((endpoint, event.seq), event);
            }
            model.is_browsed(outbox, endpoint);
        }
        model
    }

    /// What is browsed is what is read otherwise.
    fn is_browsed(&self, outbox: &dyn Outbox, endpoint: u32) {
        let mut lanes = self
            .lanes
            .iter()
            .filter(|(place, _)| place.endpoint == endpoint);
        let mut pending: Vec<_> = lanes.by_ref().map(|(_, event)| event.seq).collect();
        pending.sort_unstable();
        let seqs = |state| -> Vec<u64> {
            let browsed = browsed(outbox, endpoint, state);
            assert!(browsed.iter().all(|kept| kept.state == state));
            browsed.iter().map(|kept| kept.event.seq).collect()
        };
        assert_eq!(seqs(EventState::Pending), pending);
        let letters = self.dead.keys().filter(|(number, _)| *number == endpoint);
        let dead: Vec<_> = letters.map(|(_, seq)| *seq).collect();
        assert_eq!(seqs(EventState::Dead), dead);
        assert_eq!(outbox.dead_letters(endpoint), dead.len() as u64);
    }
}

/// Everything of one state, in small pages.
fn browsed(outbox: &dyn Outbox, endpoint: u32, state: EventState) -> Vec<KeptEvent> {
    let mut all = Vec::new();
    let mut from = 0;
    loop {
        let page = outbox.browse(endpoint, state, from, 2, 1_000).unwrap();
        all.extend(page.events);
        match page.next {
            Some(next) => {
                assert!(next > from || from == 0 && next == 0, "{next} after {from}");
                from = next;
            }
            None => return all,
        }
    }
}

fn place(endpoint: u32, event: &StoredEvent) -> Place {
    Place {
        endpoint,
        session: Arc::clone(&event.event.session_id),
        seq: event.seq,
    }
}

/// An operation, whose numbers choose among what there is.
#[derive(Clone, Debug)]
enum Step {
    Accept {
        session: u8,
        endpoints: u8,
        lifecycle: bool,
        body: usize,
    },
    Delivered(usize),
    GiveUp(usize),
    Redeliver(usize),
    Forget(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let accept = (0..4_u8, 1..8_u8, any::<bool>(), 0..3_000_usize).prop_map(
        |(session, endpoints, lifecycle, body)| Step::Accept {
            session,
            endpoints,
            lifecycle,
            body,
        },
    );
    let step = prop_oneof![
        3 => accept,
        2 => any::<usize>().prop_map(Step::Delivered),
        1 => any::<usize>().prop_map(Step::GiveUp),
        1 => any::<usize>().prop_map(Step::Redeliver),
        1 => any::<usize>().prop_map(Step::Forget),
    ];
    prop::collection::vec(step, 1..12)
}

/// The step as a change to what `model` holds.
fn change(step: &Step, model: &Model, seq: &mut u64) -> Option<Change> {
    let nth = |n: usize| {
        let places: Vec<_> = model.lanes.keys().cloned().collect();
        places.get(n % places.len().max(1)).cloned()
    };
    Some(match step {
        Step::Accept {
            session,
            endpoints,
            lifecycle,
            body,
        } => {
            let event = event(*seq, &format!("s{session}"), *lifecycle, *body);
            *seq += 1;
            let endpoints = (0..ENDPOINTS).filter(|n| endpoints & (1 << n) != 0);
            let endpoints = endpoints.collect();
            Change::Accept { event, endpoints }
        }
        Step::Delivered(n) => Change::Delivered {
            place: nth(*n)?,
            attempts: 1,
        },
        Step::GiveUp(n) => Change::GiveUp {
            place: nth(*n)?,
            reason: "it answered 400".to_owned(),
            attempts: 3,
        },
        Step::Redeliver(n) => {
            let kept: Vec<_> = model.dead.keys().chain(model.delivered.keys()).collect();
            let (endpoint, seq) = **kept.get(n % kept.len().max(1))?;
            Change::Redeliver { endpoint, seq }
        }
        Step::Forget(n) => {
            let dead: Vec<_> = model.dead.keys().collect();
            let (endpoint, seq) = **dead.get(n % dead.len().max(1))?;
            Change::Forget { endpoint, seq }
        }
    })
}

pub(super) fn event(seq: u64, session: &str, lifecycle: bool, body: usize) -> StoredEvent {
    StoredEvent {
        seq,
        accepted: NOW,
        lifecycle,
        event: OutgoingEvent {
            wire: "order.created".into(),
            id: format!("id {seq}"),
            session_id: session.into(),
            sequence: seq.checked_sub(5),
            body: Bytes::from(vec![b'x'; body]),
        },
    }
}

/// Applies the steps as one commit to a copy of `model`.
fn batch(steps: &[Step], model: &Model, seq: &mut u64) -> (Vec<Change>, Model) {
    let mut after = model.clone();
    let mut changes = Vec::new();
    for step in steps {
        if let Some(change) = change(step, &after, seq) {
            after.apply(&change);
            changes.push(change);
        }
    }
    (changes, after)
}

fn endpoints(outbox: &mut dyn Outbox) {
    for endpoint in 0..ENDPOINTS {
        assert_eq!(outbox.endpoint(&format!("e{endpoint}")).unwrap(), endpoint);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn memory_holds_what_the_model_holds(batches in prop::collection::vec(steps(), 1..6)) {
        let mut outbox = MemoryOutbox::new(usize::MAX, usize::MAX, true);
        endpoints(&mut outbox);
        let mut model = Model::default();
        let mut seq = outbox.next_seq();
        for steps in batches {
            let (changes, after) = batch(&steps, &model, &mut seq);
            prop_assert_eq!(outbox.commit(&changes, NOW).unwrap(), []);
            prop_assert!(outbox.next_seq() >= seq);
            model = after;
            prop_assert_eq!(&Model::of(&outbox), &model);
        }
    }
}

#[cfg(feature = "durable")]
mod on_disk {
    use std::sync::Mutex;

    use redb::{Builder, StorageBackend};

    use super::*;

    /// A disk in memory: what was not synced when the power fails is there in part or not at all.
    #[derive(Clone, Debug, Default)]
    struct Disk(Arc<Mutex<Platter>>);

    #[derive(Debug, Default)]
    struct Platter {
        now: Vec<u8>,
        synced: Vec<u8>,
        /// What came since the last sync: writes, and new lengths.
        since: Vec<Unsynced>,
        /// After so many more operations there is no power.
        power: Option<usize>,
    }

    #[derive(Clone, Debug)]
    enum Unsynced {
        Write(usize, Vec<u8>),
        Length(usize),
    }

    impl Unsynced {
        fn reach(&self, bytes: &mut Vec<u8>) {
            match self {
                Self::Write(at, data) => {
                    let end = at + data.len();
                    bytes.resize(bytes.len().max(end), 0);
                    bytes[*at..end].copy_from_slice(data);
                }
                Self::Length(length) => bytes.resize(*length, 0),
            }
        }
    }

    impl Disk {
        fn power_for(&self, operations: usize) {
            self.0.lock().unwrap().power = Some(operations);
        }

        /// What is found after the power has failed, as `luck` has it.
        fn after(&self, luck: &[bool]) -> Self {
            let platter = self.0.lock().unwrap();
            let mut bytes = platter.synced.clone();
            let luck = luck.iter().chain(std::iter::repeat(&false));
            for (unsynced, reaches) in platter.since.iter().zip(luck) {
                // A length that was set is kept: it is the safer half for a test of the rest.
                if *reaches || matches!(unsynced, Unsynced::Length(_)) {
                    unsynced.reach(&mut bytes);
                }
            }
            Self(Arc::new(Mutex::new(Platter {
                now: bytes.clone(),
                synced: bytes,
                ..Platter::default()
            })))
        }

        fn outbox(&self) -> Result<StoredOutbox, OutboxError> {
            let mut builder = Builder::new();
            builder.set_cache_size(1 << 20);
            let database = builder.create_with_backend(self.clone()).unwrap();
            StoredOutbox::over("memory".into(), database, StoredLimits::default())
        }
    }

    impl Platter {
        fn operate(&mut self) -> std::io::Result<()> {
            match &mut self.power {
                Some(0) => Err(std::io::Error::other("no power")),
                Some(left) => {
                    *left -= 1;
                    Ok(())
                }
                None => Ok(()),
            }
        }

        fn take(&mut self, unsynced: Unsynced) -> std::io::Result<()> {
            self.operate()?;
            unsynced.reach(&mut self.now);
            self.since.push(unsynced);
            Ok(())
        }
    }

    impl StorageBackend for Disk {
        fn len(&self) -> Result<u64, std::io::Error> {
            Ok(self.0.lock().unwrap().now.len() as u64)
        }

        fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), std::io::Error> {
            let platter = self.0.lock().unwrap();
            let at = offset as usize;
            out.copy_from_slice(&platter.now[at..at + out.len()]);
            Ok(())
        }

        fn set_len(&self, len: u64) -> Result<(), std::io::Error> {
            let mut platter = self.0.lock().unwrap();
            platter.take(Unsynced::Length(len as usize))
        }

        fn sync_data(&self) -> Result<(), std::io::Error> {
            let mut platter = self.0.lock().unwrap();
            platter.operate()?;
            platter.synced = platter.now.clone();
            platter.since.clear();
            Ok(())
        }

        fn write(&self, offset: u64, data: &[u8]) -> Result<(), std::io::Error> {
            let mut platter = self.0.lock().unwrap();
            platter.take(Unsynced::Write(offset as usize, data.to_vec()))
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// The process is killed, or the power fails, at any moment: what a commit has returned for
        /// is there, and one under way is there whole or not at all.
        #[test]
        fn what_was_committed_survives_any_crash(
            batches in prop::collection::vec((steps(), prop::option::of(0..60_usize)), 1..6),
            luck in prop::collection::vec(any::<bool>(), 0..80),
        ) {
            let mut disk = Disk::default();
            let mut outbox = disk.outbox().unwrap();
            endpoints(&mut outbox);
            let mut model = Model {
                keeps_delivered: true,
                ..Model::default()
            };
            let mut seq = outbox.next_seq();
            for (steps, power) in batches {
                let (changes, after) = batch(&steps, &model, &mut seq);
                if let Some(power) = power {
                    disk.power_for(power);
                }
                let committed = outbox.commit(&changes, NOW);
                if let Ok(put_out) = &committed {
                    prop_assert_eq!(put_out, &[]);
                    model = after.clone();
                }
                if power.is_some() || committed.is_err() {
                    let broken = disk.after(&luck);
                    drop(outbox);
                    disk = broken;
                    outbox = disk.outbox().unwrap();
                    endpoints(&mut outbox);
                    let found = Model::of(&outbox);
                    if committed.is_err() && found == after {
                        model = after;
                    }
                    prop_assert_eq!(&found, &model);
                    seq = outbox.next_seq();
                } else {
                    prop_assert_eq!(&Model::of(&outbox), &model);
                }
            }
        }
    }
}
