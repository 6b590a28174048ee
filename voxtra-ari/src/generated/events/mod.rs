//! ARI's user events and claims.

// Written by api/generate.py from Asterisk's description: change that, not this.

mod kinds;
mod models;
mod operations;
mod options;
mod types;

pub use kinds::*;
pub use models::*;
pub use operations::*;
pub use options::*;
pub use types::*;
