//! Which ids have been presented. If an id that is good for one call comes a second time, somebody
//! knows it who should not.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use uuid::Uuid;

use crate::lock::lock;

/// Ids that are remembered when their calls are over.
const REMEMBERED: usize = 8_192;

/// The ids of calls that are up, and of the latest calls that have ended.
#[derive(Clone, Default)]
pub(crate) struct Claims(Arc<Mutex<Ids>>);

#[derive(Default)]
struct Ids {
    /// How many connections have presented each id.
    up: HashMap<Uuid, usize>,
    used: HashSet<Uuid>,
    /// The ids in `used`, oldest first.
    order: VecDeque<Uuid>,
}

/// One connection's hold on its id. Dropped on the async side or by the notifier, never on a media
/// thread.
pub(crate) struct Claim {
    id: Uuid,
    claims: Claims,
}

impl Claims {
    /// Whether a call has or had this id.
    pub(crate) fn knows(&self, id: Uuid) -> bool {
        let ids = lock(&self.0);
        ids.up.contains_key(&id) || ids.used.contains(&id)
    }

    /// A connection has presented this id.
    pub(crate) fn enter(&self, id: Uuid) -> Claim {
        *lock(&self.0).up.entry(id).or_default() += 1;
        Claim {
            id,
            claims: self.clone(),
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut ids = lock(&self.claims.0);
        let Some(up) = ids.up.get_mut(&self.id) else {
            return;
        };
        *up = up.saturating_sub(1);
        if *up > 0 {
            return;
        }
        ids.up.remove(&self.id);
        if !ids.used.insert(self.id) {
            return;
        }
        ids.order.push_back(self.id);
        if ids.order.len() > REMEMBERED
            && let Some(oldest) = ids.order.pop_front()
        {
            ids.used.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_known_while_its_call_is_up_and_afterwards() {
        let (claims, id) = (Claims::default(), Uuid::new_v4());
        assert!(!claims.knows(id));
        let held = [claims.enter(id), claims.enter(id)];
        assert!(claims.knows(id));
        drop(held);
        assert!(claims.knows(id));
    }

    #[test]
    fn only_so_many_are_remembered() {
        let (claims, first) = (Claims::default(), Uuid::new_v4());
        drop(claims.enter(first));
        for _ in 0..REMEMBERED {
            drop(claims.enter(Uuid::new_v4()));
        }
        assert!(!claims.knows(first), "the oldest is forgotten");
        let ids = lock(&claims.0);
        let sizes = (ids.up.len(), ids.used.len(), ids.order.len());
        assert_eq!(sizes, (0, REMEMBERED, REMEMBERED));
    }
}
