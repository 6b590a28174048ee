//! The agents that `voxtra serve` has built in, by the names that `[[route]]` uses.

/// Their names.
pub(crate) const NAMES: [&str; 3] = ["echo", "parrot", "announce"];

/// Says what is wrong with an agent's name, if there is no such agent.
pub(crate) fn check(name: &str) -> Result<(), String> {
    if NAMES.contains(&name) {
        return Ok(());
    }
    Err(format!(
        "there is no agent {name:?}: {} are built in; your own are for programs of your own",
        NAMES.join(", ")
    ))
}
