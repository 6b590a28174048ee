//! ARI's channels.

// Written by api/generate.py from Asterisk's description: change that, not this.

mod models;
mod operations;
mod options;

pub use models::*;
pub use operations::*;
pub use options::*;
