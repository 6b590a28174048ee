//! The media plane: a server whose sockets live on dedicated threads.
//!
//! - [`server`](MediaServer): which ids may come in, and the way from an id to a place on a media
//!   thread;
//! - `transport`: what peers speak, AudioSocket unless said otherwise: how a connection presents
//!   its id, and the framing of all that follows;
//! - `acceptor`: accepts connections and reads their ids; `pending`: those that have not presented
//!   one yet;
//! - `claims`: which ids have been presented already;
//! - `thread`: a media thread, which owns sockets and drives one [`Leg`](voxtra_core::leg::Leg) per
//!   call;
//! - `connection`: one call on such a thread; `detector`: what hears its caller; `memory`: what it
//!   keeps; `guard`: what it says by itself;
//! - `pace`: how long a thread gathers before it looks again;
//! - `link`: the rings between a media thread and the rest of the program;
//! - `notifier`: wakes async tasks on a media thread's behalf, so that it never has to.

mod acceptor;
mod claims;
mod clock;
mod connection;
mod descriptors;
mod detector;
mod guard;
mod intake;
mod link;
#[cfg(test)]
mod link_tests;
mod memory;
#[cfg(test)]
mod models;
mod notifier;
mod pace;
mod peers;
mod pending;
mod server;
mod settings;
mod stats;
mod thread;
mod transport;
#[cfg(test)]
mod transport_tests;

use crate::sync;

pub use clock::Clock;
pub(crate) use connection::{Connection, ConnectionState, Scratch, Socket};
pub use descriptors::allow_descriptors;
pub use detector::Detector;
pub(crate) use guard::GuardPlan;
pub use link::{AgentAudioWriter, AudioPart, CallerAudioReader, MediaLink};
pub(crate) use link::{Shared, link};
pub(crate) use notifier::Finished;
pub use server::{Arrival, MediaServer, Ticket, TicketError};
pub use settings::{Allocations, MediaSettings, OnLoss};
pub use stats::{CallStats, Histogram, MediaStats, Refusal};
