//! The bus: it takes a media thread's records to every subscriber.
//!
//! One single-producer single-consumer ring per subscriber. Publishing copies a
//! [`Record`](crate::event::Record) into each ring and never waits: a subscriber that is slow,
//! stuck or gone loses its own records and is told how many. The other subscribers lose nothing.

mod fan_out;
mod sink;

pub use fan_out::Bus;
pub use sink::RecordSink;
