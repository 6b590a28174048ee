//! The agent's own voice on its way back: how much of what the caller's line brings is that?
//!
//! A telephone returns some of what it is sent: a hybrid 4 to 40 ms later and 15 to 40 dB softer, a
//! handset or a loudspeaker over a mobile network up to a second later (ITU-T G.131, G.168). What
//! goes out is known, so what comes back can be foretold well enough not to be taken for the
//! caller, without the cost of cancelling it.

mod bands;
mod estimate;
mod late;

pub use estimate::EchoEstimate;
