//! The `voxtra` command.
fn main() {}
