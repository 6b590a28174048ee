//! The tokio runtime of Voxtra.

pub mod ari;
pub mod config;
pub mod speech;
pub mod webhook;
