//! The files that `voxtra init` writes.

/// The commented file that `voxtra init` writes. It states every default.
pub const STARTER: &str = include_str!("starter.toml");

/// The commented file that `voxtra init --agent` writes: an agent that is complete.
pub const AGENT_STARTER: &str = include_str!("agent.toml");

/// How the paragraph begins that has the agent's lines for other providers.
const ALTERNATIVES: &str = "# With OpenAI alone";
/// How the example in it begins that needs no key.
const LOCAL: &str = "# On this machine, without a key";
/// How the comment begins above the sections of providers that are in force.
const HOSTED: &str = "# Hosted providers";
/// How the one begins above those that are an example, each line with a `#` in front.
const SERVERS: &str = "# Servers on this machine";

/// The commented file that `voxtra init --local` writes: the agent of [`AGENT_STARTER`], which
/// hears, thinks and speaks with servers on this machine.
#[must_use]
pub fn local_agent_starter() -> String {
    let (_, behind) = AGENT_STARTER.split_once(LOCAL).unwrap_or_default();
    let roles: Vec<&str> = behind
        .lines()
        .skip(1)
        .map_while(|line| line.strip_prefix("#     "))
        .collect();
    let mut text = String::new();
    let mut place = Place::Agent;
    for line in AGENT_STARTER.lines() {
        place = match place {
            Place::Agent if line.starts_with(ALTERNATIVES) => Place::Alternatives,
            Place::Agent if line.starts_with(HOSTED) => Place::Hosted,
            Place::Alternatives if line.is_empty() => Place::Agent,
            Place::Hosted if line.starts_with(SERVERS) => Place::Servers,
            same => same,
        };
        let key = line.split_once(" = ").map_or("", |(key, _)| key);
        let role = roles
            .iter()
            .find(|role| !key.is_empty() && role.starts_with(&format!("{key} = ")));
        let example = line.strip_prefix('#');
        let kept = match (place, role, example) {
            (Place::Alternatives | Place::Hosted, ..) => continue,
            (Place::Agent, Some(role), _) => role,
            (Place::Servers, _, Some(example)) if !example.starts_with(' ') => example,
            _ => line,
        };
        text.push_str(kept);
        text.push('\n');
    }
    // The blank line in front of the alternatives is followed by the one behind them.
    text.replace("\n\n\n", "\n\n")
}

/// Where in [`AGENT_STARTER`] a line is.
#[derive(Clone, Copy)]
enum Place {
    Agent,
    Alternatives,
    Hosted,
    Servers,
}
