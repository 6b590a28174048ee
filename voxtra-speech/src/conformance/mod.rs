//! What every provider must do, whatever is behind it: scenarios that its tests play, and functions
//! that say whether it does.

pub mod voice;
