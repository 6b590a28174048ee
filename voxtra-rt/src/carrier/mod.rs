//! What carries calls, behind the session's [`Carrier`](crate::session::Carrier): a channel that
//! ARI controls ([`AsteriskCarrier`]), or an AudioSocket connection alone ([`SocketCarrier`]).

mod asterisk;
mod channel;
mod expected;
mod orders;
mod socket;

pub(crate) use asterisk::{AsteriskCarrier, AsteriskLink};
pub(crate) use expected::{ChannelNews, ExpectedChannels};
pub(crate) use socket::SocketCarrier;
