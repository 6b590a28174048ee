//! The tokio runtime of Voxtra.
