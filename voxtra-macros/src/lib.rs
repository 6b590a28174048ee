//! The `voxtra!` macro.
