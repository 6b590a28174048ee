//! The bus: what a media thread has to tell, to everyone who wants to know.
//!
//! One single-producer single-consumer ring per subscriber. Publishing copies a
//! [`Record`](crate::event::Record) into each ring and never waits: a subscriber who is slow, stuck
//! or gone loses its own records, is told how many, and costs nobody else anything.

mod fan_out;
mod sink;

pub use fan_out::Bus;
pub use sink::RecordSink;
