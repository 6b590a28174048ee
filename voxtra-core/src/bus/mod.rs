//! The bus: it takes a media thread's records to every subscriber.
//!
//! Each subscriber has one single-producer single-consumer ring. Publishing copies a
//! [`Record`](crate::event::Record) into each ring and never waits. A slow, stuck or gone
//! subscriber loses its own records and is told how many. The other subscribers lose nothing.

mod fan_out;
mod sink;

pub use fan_out::Bus;
pub use sink::RecordSink;
