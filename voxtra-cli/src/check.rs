//! `voxtra check`.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use voxtra_core::event::CATALOGUE;
use voxtra_core::leg::LegSettings;
use voxtra_rt::app::Application;
use voxtra_rt::ari::asterisk::InfoOptions;
use voxtra_rt::ari::channels::{ExternalMediaOptions, HangupOptions};
use voxtra_rt::ari::{AriClient, AriError, AsteriskInfo, missing_modules};
use voxtra_rt::catalogue::Form;
use voxtra_rt::config::{
    Config, ConfigError, ConfiguredAgent, Problem, ProviderSettings, RISKS, VoiceSettings,
};
use voxtra_rt::media::{MediaServer, MediaSettings};
use voxtra_rt::speech::{CommandVoice, Prompts, ProviderErrorKind, SpeechError, TextToSpeech as _};

use super::terminal::Paint;
use super::{Failure, agents, events, logging, runtime, stack, terminal};

/// How long Asterisk may take to connect, after it took the order.
const AUDIO: Duration = Duration::from_secs(5);

/// Check a configuration, and with --online the Asterisk and the providers it names
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  voxtra check
  voxtra check -c /etc/voxtra.toml --online
  voxtra check -c /etc/voxtra.toml --strict --accept cleartext
  voxtra check -- cargo run --quiet

Exit status: 0 all is well, 2 the configuration is wrong (with --strict also: not safe), 1 Asterisk can't be used as it is.")]
pub(crate) struct Args {
    /// The configuration
    #[arg(short, long, value_name = "FILE", default_value = "voxtra.toml")]
    config: PathBuf,
    /// Ask each provider whether it takes its key, log in to Asterisk, name the modules that are
    /// missing there, and let it connect audio to us
    #[arg(long)]
    online: bool,
    /// Fail where a setting is not safe, rather than warn
    #[arg(long)]
    strict: bool,
    /// Say nothing of risks of this kind: uuid, allow_peers, cleartext or permissions
    #[arg(long, value_name = "KIND", value_parser = clap::builder::PossibleValuesParser::new(RISKS))]
    accept: Vec<String>,
    /// The program of an agent whose configuration it is, and its arguments; it must read the same
    /// file
    #[arg(
        value_name = "AGENT",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    agent: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let config = match args.agent.split_first() {
        None => load(&args.config)?,
        Some((program, arguments)) => load_for(&args.config, program, arguments)?,
    };
    logging::check(&config.log)?;
    let mut out = io::stdout().lock();
    let good = Paint::stdout().good("ok");
    writeln!(out, "{good}  {}", args.config.display())?;
    writeln!(out, "{good}  {}", speech(&config)?)?;
    if !config.agents.is_empty() {
        // What a key or an address is worth is known when its provider is made.
        Application::builder()
            .config(&config)
            .map_err(Failure::usage)?;
    }
    for agent in &config.agents {
        writeln!(out, "{good}  {}", describe(agent))?;
    }
    for note in config.notes() {
        terminal::note(note);
    }
    let accepted = |kind: &str| args.accept.iter().any(|accepted| accepted == kind);
    let risks: Vec<_> = config
        .risks
        .iter()
        .filter(|risk| !accepted(risk.kind))
        .collect();
    for risk in &risks {
        let warning = Paint::stdout().error("warning");
        writeln!(out, "{warning}  {} [{}]", risk.problem, risk.kind)?;
    }
    if args.strict && !risks.is_empty() {
        return Err(Failure::usage(format_args!(
            "{} has {} warning(s)",
            args.config.display(),
            risks.len()
        ))
        .advise("docs/hardening.md says what to do; `--accept KIND` takes a risk on purpose"));
    }
    if !args.online {
        return Ok(());
    }
    // What is wrong with all is told at once.
    let providers = runtime()?.block_on(look(&config.providers, &mut out));
    let servers = runtime()?.block_on(look_at_servers(&config, &mut out));
    let providers = match (providers, servers) {
        (Err(providers), Err(servers)) => {
            providers.print();
            Err(servers)
        }
        (providers, servers) => providers.and(servers),
    };
    let asterisk = if config.asterisk.is_none() && !config.providers.is_empty() {
        Ok(())
    } else {
        log_in(&config, &args.config, &mut out)
    };
    match (providers, asterisk) {
        (Err(providers), Err(asterisk)) => {
            providers.print();
            Err(asterisk)
        }
        (providers, asterisk) => providers.and(asterisk),
    }?;
    if let Some(asterisk) = &config.asterisk {
        terminal::note(format_args!(
            "Next: send calls to Stasis({}) in extensions.conf, then `voxtra serve -c {}`.",
            asterisk.app,
            args.config.display()
        ));
    }
    Ok(())
}

/// Whether the configured Asterisk lets us in, has what we need, and connects audio to us.
fn log_in(config: &Config, path: &Path, out: &mut impl io::Write) -> Result<(), Failure> {
    let good = Paint::stdout().good("ok");
    let Some(asterisk) = config.asterisk.clone() else {
        return Err(Failure::usage(format_args!(
            "{} names no Asterisk to log in to",
            path.display()
        ))
        .advise("add an [asterisk] section with url, username, password and app"));
    };
    let url = asterisk.url.clone();
    let (info, modules) = runtime()?
        .block_on(async {
            let ari = AriClient::new(asterisk)?;
            let info = ari.asterisk().info(&InfoOptions::default()).await?;
            let known = (info, ari.asterisk().modules().await?);
            ari.may_order().await?;
            Ok(known)
        })
        .map_err(|error: AriError| explain(&error))?;
    if is_nameless(&info) {
        let warning = Paint::stdout().error("warning");
        writeln!(
            out,
            "{warning}  this Asterisk has no name, so its calls may have the ids of another one's: set `systemname` in asterisk.conf where there are several"
        )?;
    }
    writeln!(
        out,
        "{good}  logged in to Asterisk {} at {url}",
        info.system.unwrap_or_default().version
    )?;
    let missing = missing_modules(&modules);
    if missing.is_empty() {
        writeln!(out, "{good}  every module that Voxtra needs is running")?;
        writeln!(out, "{good}  {}", runtime()?.block_on(audio(config))?)?;
        return Ok(());
    }
    let width = missing.iter().map(|m| m.name.len()).max().unwrap_or(0);
    let list: Vec<_> = missing
        .iter()
        .map(|m| format!("  {:width$}  {}", m.name, m.why))
        .collect();
    let first = missing.first().map_or("", |m| m.name);
    Err(Failure::failed(format_args!("Asterisk lacks {} module(s):\n{}", missing.len(), list.join("\n"))).advise(format_args!(
        "load them in modules.conf, or at once with `asterisk -rx 'module load {first}.so'`; what can't be loaded must be installed"
    )))
}

/// Whether Asterisk's ids have nothing before the time of the call and a number.
fn is_nameless(info: &AsteriskInfo) -> bool {
    let config = info.config.as_ref();
    config.is_some_and(|config| config.name.is_empty())
}

/// What an agent of the file uses.
fn describe(agent: &ConfiguredAgent) -> String {
    if !agent.speech_to_speech.is_empty() {
        let services = agent.speech_to_speech.join(" or ");
        let name = &agent.name;
        return format!("agent {name}: hears, thinks and speaks with {services}");
    }
    format!(
        "agent {}: hears with {}, thinks with {}, speaks with {}",
        agent.name,
        agent.speech_to_text.join(" or "),
        agent.language_model.join(" or "),
        agent.text_to_speech.join(" or "),
    )
}

/// Asks the providers whether they are there and take their keys.
async fn look(providers: &[ProviderSettings], out: &mut impl io::Write) -> Result<(), Failure> {
    let good = Paint::stdout().good("ok");
    let mut failed = Vec::new();
    let mut is_any_elsewhere = false;
    for provider in providers {
        let name = &provider.name;
        match provider.look().await {
            Ok(true) if provider.key.is_some() => {
                writeln!(out, "{good}  provider {name} answers, and takes the key")?;
            }
            Ok(true) => writeln!(out, "{good}  provider {name} answers")?,
            Ok(false) => writeln!(out, "{good}  provider {name} is there")?,
            Err(error) => {
                is_any_elsewhere |= error.kind != ProviderErrorKind::Unavailable
                    || !stack::is_here(provider.base_url.as_deref());
                failed.push(error.to_string());
            }
        }
    }
    let message = match failed.as_slice() {
        [] => return Ok(()),
        [one] => format!("provider {one}"),
        more => format!("providers can't be used:\n  {}", more.join("\n  ")),
    };
    let failure = Failure::failed(message);
    Err(if is_any_elsewhere {
        failure.advise("set the key and the address of its [provider] section; remove a section that no agent uses")
    } else {
        failure.advise(format_args!(
            "start what runs on this machine; `{}` does so for the servers of `voxtra init --local`",
            stack::start()
        ))
    })
}

/// Starts the MCP servers and asks for their tools: those that agents have must be there.
async fn look_at_servers(config: &Config, out: &mut impl io::Write) -> Result<(), Failure> {
    let good = Paint::stdout().good("ok");
    let mut failed = Vec::new();
    for server in &config.mcp {
        let name = &server.name;
        let used = config.agents.iter().flat_map(|agent| &agent.mcp_tools);
        let used = used.filter(|tools| tools.server == *name);
        let used = used.flat_map(|tools| tools.only.iter().flatten());
        let looked = match server.server() {
            Ok(made) => made.look_for(used).await,
            Err(error) => Err(error),
        };
        match looked {
            Ok(tools) if tools.is_empty() => {
                writeln!(out, "{good}  mcp {name} is there, without tools")?
            }
            Ok(tools) => writeln!(out, "{good}  mcp {name} has {}", tools.join(", "))?,
            Err(error) => failed.push(format!("mcp {error}")),
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::failed(failed.join("\n")).advise(
        "run the command of its [mcp] section by hand, or ask its url; `env` and `headers` must have what it needs, and `tools` the server's own names",
    ))
}

/// Whether Asterisk can connect audio to the address that it will be told: in a word, or why not.
async fn audio(config: &Config) -> Result<String, Failure> {
    let Some(mut asterisk) = config.asterisk.clone() else {
        return Ok("no Asterisk to connect audio".to_owned());
    };
    let address = &config.advertise;
    let listen = config.media.listen;
    let settings = MediaSettings::default().with(|media| {
        media.listen = listen;
        media.allow_peers = config.media.allow_peers.clone();
    });
    let media = match MediaServer::bind(settings, LegSettings::default()).await {
        Ok((media, _)) => media,
        // A Voxtra that runs already proves more than we could.
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            return Ok(format!(
                "another program, perhaps `voxtra serve`, has {listen}: the audio's way was not tried"
            ));
        }
        Err(error) => {
            return Err(
                Failure::failed(format_args!("cannot listen on {listen}: {error}"))
                    .advise("media.listen must be an address of this machine"),
            );
        }
    };
    let ticket = media.issue(LegSettings::default());
    let name = format!("voxtra-check-{}", uuid::Uuid::new_v4());
    // The channel is made for an application that nobody has, so that no agent takes it for a call.
    asterisk.app.clone_from(&name);
    let ari = AriClient::new(asterisk).map_err(|error| explain(&error))?;
    let external = ExternalMediaOptions::audiosocket(address, ticket.uuid()).channel_id(&name);
    let connected = match ari
        .channels()
        .external_media(&name, "slin", &external)
        .await
    {
        Ok(_) => ticket
            .connected(AUDIO)
            .await
            .map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    // It may be gone by itself: nobody has its application.
    let _ = ari.channel(&name).hangup(&HangupOptions::default()).await;
    match connected {
        Ok(_) => Ok(format!("Asterisk connects audio to {address}")),
        Err(why) => Err(Failure::failed(format_args!(
            "Asterisk does not connect audio to {address}: {why}"
        ))
        .advise(
            "media.advertise must be an address of this machine that Asterisk reaches, through every firewall between them, and Asterisk's own address be among media.allow_peers; Asterisk's log says why it failed",
        )),
    }
}

/// Reads a configuration for the built-in agents, and checks that they can use it.
pub(crate) fn load(path: &Path) -> Result<Config, Failure> {
    let config = read(path)?;
    let events: Vec<_> = CATALOGUE.iter().map(|event| event.wire).collect();
    let problems = config.problems(Some(&agents::NAMES), &events);
    if problems.is_empty() {
        return Ok(config);
    }
    Err(refuse(path, problems).advise(
        "docs/configuration.md lists every key; a file for a program of your own is checked with it: `voxtra check -- cargo run -q`",
    ))
}

/// Reads a configuration, whoever it is for.
pub(super) fn read(path: &Path) -> Result<Config, Failure> {
    Config::load(path).map_err(|error| match error {
        ConfigError::Read { .. } => Failure::usage(error),
        ConfigError::Invalid { ref problems, .. } if problems.iter().all(is_unset) => Failure::usage(error).advise(
            "`export NAME=…` sets one; a [provider] that no agent uses may be removed with its key",
        ),
        _ => Failure::usage(error).advise("docs/configuration.md lists every key; `voxtra init` writes a file that holds them all"),
    })
}

/// Whether the file is right, and what it takes from the environment is not there.
fn is_unset(problem: &Problem) -> bool {
    problem.reason.starts_with("the environment variable ")
        && problem.reason.contains(" is not set;")
}

fn refuse(path: &Path, problems: Vec<Problem>) -> Failure {
    Failure::usage(ConfigError::Invalid {
        path: Some(path.to_owned()),
        problems,
    })
}

/// Reads a configuration for a program, and checks that the program can use it: it is run as far as
/// its start.
fn load_for(path: &Path, program: &str, arguments: &[String]) -> Result<Config, Failure> {
    let config = read(path)?;
    // It judges the agents of its file itself, and says what is wrong.
    let catalogue = events::ask(program, arguments, Form::Json)?;
    let known: Vec<Known> = serde_json::from_str(&catalogue).map_err(Failure::failed)?;
    let names: Vec<_> = known.iter().map(|event| event.wire.as_str()).collect();
    let problems = config.problems(None, &names);
    if problems.is_empty() {
        Ok(config)
    } else {
        Err(refuse(path, problems))
    }
}

/// An event that a program knows.
#[derive(serde::Deserialize)]
struct Known {
    #[serde(rename = "type")]
    wire: String,
}

/// Whether the voice and the prompts can be used: in a word, or why not.
fn speech(config: &Config) -> Result<String, Failure> {
    let prompts =
        Prompts::from_settings(&config.speech, &config.prompts).map_err(Failure::usage)?;
    let voice = match CommandVoice::from_settings(&config.speech) {
        Ok(Some(voice)) => voice.name().to_owned(),
        Ok(None) => "no voice".to_owned(),
        Err(SpeechError::NotInstalled { .. }) if !config.uses_speech() => {
            "each agent has a voice of its own".to_owned()
        }
        // Nobody asked for a certain one; agents that only play prompts need none.
        Err(SpeechError::NotInstalled { .. }) if config.speech.voice == VoiceSettings::Auto => {
            "no voice is installed (piper, espeak-ng or flite), so only prompts can be said"
                .to_owned()
        }
        Err(error) => return Err(Failure::usage(error)),
    };
    Ok(format!("speech: {voice}; prompts: {}", prompts.len()))
}

fn explain(error: &AriError) -> Failure {
    let failure = Failure::failed(error);
    match error {
        AriError::Transport { .. } | AriError::Timeout { .. } => failure.advise(
            "is Asterisk running, with `enabled=yes` in http.conf and ari.conf, and is asterisk.url its address? `asterisk -rx 'http show status'` tells",
        ),
        AriError::Forbidden { .. } => failure.advise("set `read_only = no` for this user in ari.conf: answering a call is an order"),
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asterisk_without_a_name_is_told_from_one_that_says_nothing_of_it() {
        for (info, expected) in [
            (r#"{"config":{"name":"","default_language":"en"}}"#, true),
            (
                r#"{"config":{"name":"pbx-1","default_language":"en"}}"#,
                false,
            ),
            (r#"{"system":{"version":"22.10.1"}}"#, false),
        ] {
            let info = serde_json::from_str(info).unwrap();
            assert_eq!(is_nameless(&info), expected, "{info:?}");
        }
    }
}
