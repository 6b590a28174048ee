//! The agent's own voice on its way back: how much of the caller's line is echo?
//!
//! A telephone returns some of what it is sent: a hybrid 4 to 40 ms later and 15 to 40 dB softer, a
//! handset or a loudspeaker over a mobile network up to a second later (ITU-T G.131, G.168). We
//! know what was sent. So we can predict the echo well enough not to take it for the caller,
//! without the cost of cancelling it.

mod bands;
mod estimate;
mod late;

pub use estimate::EchoEstimate;
