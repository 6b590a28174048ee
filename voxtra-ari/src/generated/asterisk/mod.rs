//! ARI's Asterisk itself: modules, logs, configuration, global variables.

// Written by api/generate.py from Asterisk's description: change that, not this.

mod models;
mod operations;
mod options;

pub use models::*;
pub use operations::*;
pub use options::*;
