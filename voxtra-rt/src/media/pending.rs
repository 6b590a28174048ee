//! Connections that have not presented their id yet.
//!
//! Asterisk presents its id with its first packet, so the connection that has waited longest is the
//! least likely to be Asterisk. When all places are taken, a newcomer is still admitted, and the
//! oldest connection of the address with the most places is evicted. Many silent connections thus
//! cost other addresses nothing. They cost honest connections of their own address their places
//! only if all places are filled anew within the time that an id takes to arrive.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

/// Where a connection came from, for fairness: an IPv4 address, or the /64 network of an IPv6
/// address, which is what one subscriber has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Origin(u64);

impl From<IpAddr> for Origin {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self(u64::from(v4.to_bits())),
            IpAddr::V6(v6) => Self((v6.to_bits() >> 64) as u64),
        }
    }
}

/// A place among the pending connections, to give back with [`PendingConnections::leave`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    origin: Origin,
    number: u64,
}

/// The connections without an id. `T` evicts one of them.
#[derive(Debug)]
pub(crate) struct PendingConnections<T> {
    places: usize,
    taken: usize,
    next: u64,
    /// By origin, oldest first. Each origin here has at least one connection.
    waiting: HashMap<Origin, VecDeque<(u64, T)>>,
}

impl<T> PendingConnections<T> {
    pub(crate) fn new(places: usize) -> Self {
        Self {
            places: places.max(1),
            taken: 0,
            next: 0,
            waiting: HashMap::new(),
        }
    }

    /// Admits a newcomer. If all places were taken, returns the connection to evict.
    pub(crate) fn enter(&mut self, origin: Origin, handle: T) -> (Place, Option<T>) {
        let evicted = (self.taken >= self.places)
            .then(|| self.evict_for(Some(origin)))
            .flatten();
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        self.waiting
            .entry(origin)
            .or_default()
            .push_back((number, handle));
        self.taken += 1;
        (Place { origin, number }, evicted)
    }

    /// A connection presented an id or closed. Does nothing if the connection was evicted before.
    pub(crate) fn leave(&mut self, place: Place) {
        if let Some(queue) = self.waiting.get_mut(&place.origin)
            && let Ok(at) = queue.binary_search_by_key(&place.number, |(number, _)| *number)
        {
            queue.remove(at);
            self.taken -= 1;
            if queue.is_empty() {
                self.waiting.remove(&place.origin);
            }
        }
    }

    /// Evicts the oldest connection of the origin that holds the most places.
    pub(crate) fn evict(&mut self) -> Option<T> {
        self.evict_for(None)
    }

    /// Whether more than half of the places are taken.
    pub(crate) fn is_crowded(&self) -> bool {
        self.taken > self.places / 2
    }

    /// If several origins hold the most places, the newcomer's own is preferred for eviction.
    fn evict_for(&mut self, newcomer: Option<Origin>) -> Option<T> {
        let (&origin, _) = self
            .waiting
            .iter()
            .max_by_key(|(origin, queue)| (queue.len(), Some(**origin) == newcomer))?;
        let queue = self.waiting.get_mut(&origin)?;
        let (_, handle) = queue.pop_front()?;
        self.taken -= 1;
        if queue.is_empty() {
            self.waiting.remove(&origin);
        }
        Some(handle)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn origin(address: &str) -> Origin {
        address.parse::<IpAddr>().unwrap().into()
    }

    #[test]
    fn the_oldest_of_the_largest_crowd_goes() {
        let (crowd, other) = (origin("10.0.0.1"), origin("10.0.0.2"));
        let mut pending = PendingConnections::new(4);
        assert_eq!(pending.enter(other, "other").1, None);
        for connection in ["first", "second", "third"] {
            assert_eq!(pending.enter(crowd, connection).1, None);
        }
        assert_eq!(pending.enter(crowd, "fourth").1, Some("first"));
        assert_eq!(pending.enter(other, "late other").1, Some("second"));
        // Two each: a newcomer evicts a connection of its own origin.
        assert_eq!(pending.enter(other, "later other").1, Some("other"));
        assert_eq!(pending.enter(crowd, "fifth").1, Some("third"));
        assert!(pending.enter(origin("::1"), "new").1.is_some());
    }

    #[test]
    fn an_ipv6_subscriber_is_one_origin_and_an_ipv4_peer_the_same_over_both() {
        assert_eq!(origin("2001:db8::1"), origin("2001:db8::ffff:1"));
        assert_ne!(origin("2001:db8::1"), origin("2001:db8:0:1::1"));
        assert_eq!(origin("::ffff:10.0.0.1"), origin("10.0.0.1"));
    }

    proptest! {
        /// Compared with a plain list: no connection is lost, none is evicted without need, and
        /// only the oldest of a largest origin is evicted.
        #[test]
        fn it_agrees_with_a_plain_list(ops in prop::collection::vec((0u8..4, 0u8..4, 0usize..8), 0..200)) {
            const PLACES: usize = 6;
            let origins: Vec<Origin> = (1..5).map(|n| origin(&format!("10.0.0.{n}"))).collect();
            let mut pending = PendingConnections::new(PLACES);
            let mut model: Vec<(usize, Place, u64)> = Vec::new();
            let mut serial = 0;
            for (op, from, which) in ops {
                let from = usize::from(from);
                let evicted = match op {
                    0..2 => {
                        serial += 1;
                        let before = model.len();
                        let (place, evicted) = pending.enter(origins[from], serial);
                        prop_assert_eq!(evicted.is_some(), before == PLACES);
                        let entered = (from, place, serial);
                        let evicted = evicted.map(|connection| (connection, Some(from)));
                        if let Some((connection, newcomer)) = evicted {
                            check(&mut model, connection, newcomer)?;
                        }
                        model.push(entered);
                        None
                    }
                    2 => {
                        if which < model.len() {
                            let (_, place, _) = model.remove(which);
                            pending.leave(place);
                            pending.leave(place);
                        }
                        None
                    }
                    _ => {
                        let evicted = pending.evict();
                        prop_assert_eq!(evicted.is_some(), !model.is_empty());
                        evicted
                    }
                };
                if let Some(connection) = evicted {
                    check(&mut model, connection, None)?;
                }
                prop_assert_eq!(pending.taken, model.len());
                prop_assert_eq!(pending.is_crowded(), model.len() > PLACES / 2);
                prop_assert_eq!(pending.waiting.values().map(VecDeque::len).sum::<usize>(), model.len());
            }
        }
    }

    /// Removes `connection` from the model, after checking that it was the right one to evict.
    fn check(
        model: &mut Vec<(usize, Place, u64)>,
        connection: u64,
        newcomer: Option<usize>,
    ) -> Result<(), TestCaseError> {
        let held = |from: usize| model.iter().filter(|(other, ..)| *other == from).count();
        let at = model.iter().position(|(.., serial)| *serial == connection);
        let Some(at) = at else {
            return Err(TestCaseError::fail("evicted somebody who was not there"));
        };
        let from = model[at].0;
        let most = (0..4).map(held).max().unwrap_or(0);
        prop_assert_eq!(held(from), most);
        prop_assert!(model[..at].iter().all(|(other, ..)| *other != from));
        if let Some(newcomer) = newcomer
            && held(newcomer) == most
        {
            prop_assert_eq!(from, newcomer);
        }
        model.remove(at);
        Ok(())
    }
}
