//! How many calls each peer has, so that no peer can hold all places.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use super::pending::Origin;
use crate::lock::lock;

/// Counts the calls of each peer that has any.
#[derive(Clone, Default)]
pub(crate) struct Peers(Arc<Mutex<HashMap<Origin, usize>>>);

/// One call's place among those of its peer. Dropped on the async side or by the notifier, never on
/// a media thread.
pub(crate) struct PeerPlace {
    origin: Origin,
    peers: Peers,
}

impl Peers {
    /// Takes a place for one more call of this peer, if it has fewer than `most`.
    pub(crate) fn enter(&self, peer: IpAddr, most: usize) -> Option<PeerPlace> {
        let origin = Origin::from(peer);
        let mut calls = lock(&self.0);
        let of_peer = calls.entry(origin).or_default();
        if *of_peer >= most {
            return None;
        }
        *of_peer += 1;
        Some(PeerPlace {
            origin,
            peers: self.clone(),
        })
    }
}

impl Drop for PeerPlace {
    fn drop(&mut self) {
        let mut calls = lock(&self.peers.0);
        if let Some(of_peer) = calls.get_mut(&self.origin) {
            *of_peer = of_peer.saturating_sub(1);
            if *of_peer == 0 {
                calls.remove(&self.origin);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_has_so_many_places_and_gets_them_back() {
        let peers = Peers::default();
        let one = IpAddr::from([10, 0, 0, 1]);
        let held: Vec<_> = (0..2).map_while(|_| peers.enter(one, 2)).collect();
        assert_eq!(held.len(), 2);
        assert!(peers.enter(one, 2).is_none());
        assert!(peers.enter(IpAddr::from([10, 0, 0, 2]), 2).is_some());
        drop(held);
        assert!(peers.enter(one, 2).is_some());
        assert!(
            lock(&peers.0).is_empty(),
            "nothing is kept of those who left"
        );
    }
}
