//! Implementations of the session's [`Carrier`](crate::session::Carrier): a channel that ARI
//! controls (`AsteriskCarrier`, with the feature `ari`), or an AudioSocket connection alone
//! ([`SocketCarrier`]).

#[cfg(feature = "ari")]
mod asterisk;
#[cfg(feature = "ari")]
mod channel;
#[cfg(feature = "ari")]
mod expected;
#[cfg(feature = "ari")]
mod lifeline;
#[cfg(feature = "ari")]
mod orders;
mod socket;

#[cfg(feature = "ari")]
pub(crate) use asterisk::{AsteriskCarrier, AsteriskLink, originate_to};
#[cfg(feature = "ari")]
pub(crate) use expected::{ChannelNews, ExpectedChannels};
#[cfg(feature = "ari")]
pub(crate) use orders::hang_up;
pub(crate) use socket::SocketCarrier;
