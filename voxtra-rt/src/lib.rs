//! The tokio runtime of Voxtra.

pub mod ari;
