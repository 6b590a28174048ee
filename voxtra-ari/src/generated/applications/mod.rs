//! ARI's Stasis applications.

// Written by api/generate.py from Asterisk's description: change that, not this.

mod models;
mod operations;

pub use models::*;
pub use operations::*;
