//! `voxtra webhook send-test`.

use std::io::{self, Write as _};
use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;
use voxtra_rt::webhook::{
    Attempt, AttemptResult, OutgoingEvent, Sender, WebhookError, WebhookSettings, send_once,
};

use super::secret::SecretArgs;
use super::{print_json, shown, time};
use crate::Failure;
use crate::terminal::Paint;

/// Send one test event to a URL, and say what the receiver answered and what that means
///
/// The event has the type `webhook.test`, is signed if there is a secret, and is sent as every
/// other one: redirects are not followed, and addresses of private networks must be allowed.
/// Nothing is stored. Status 0 if it was answered with 2xx, 1 if not.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  voxtra webhook send-test https://example.com/hooks --secret-file /etc/voxtra/webhook-secret
  WEBHOOK_SECRET=whsec_… voxtra webhook send-test https://example.com/hooks
  voxtra webhook send-test http://127.0.0.1:8080/ --allow-network 127.0.0.1")]
pub(super) struct Args {
    /// Where it is sent: http or https
    url: String,
    #[command(flatten)]
    secret: SecretArgs,
    /// A network of your own that may be reached, such as 10.0.0.0/8; several times for several
    #[arg(long, value_name = "NETWORK")]
    allow_network: Vec<String>,
    /// The type of the event
    #[arg(long, value_name = "NAME", default_value = "webhook.test")]
    event: String,
    /// Longest wait for the answer
    #[arg(long, value_name = "TIME", value_parser = time::duration, default_value = "10s")]
    timeout: Duration,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &Args) -> Result<(), Failure> {
    let url = args
        .url
        .parse()
        .map_err(|error| Failure::usage(format_args!("the URL: {error}")))?;
    let mut hook = WebhookSettings::new(url);
    hook.secret = args.secret.read()?.map(Into::into);
    hook.timeout = args.timeout;
    for network in &args.allow_network {
        // An address alone is a network of its own.
        let parsed = network.parse().or_else(|error| {
            let alone = network.parse::<IpAddr>();
            alone.map(Into::into).map_err(|_| error)
        });
        hook.allowed_networks.push(
            parsed.map_err(|error| {
                Failure::usage(format_args!("--allow-network {network}: {error}"))
            })?,
        );
    }
    let sender = Sender::new("voxtra").version(env!("CARGO_PKG_VERSION"));
    let attempt = send_once(&sender, &hook, &event(&args.event))
        .await
        .map_err(|error| {
            let failure = Failure::usage(&error);
            match error {
                WebhookError::Destination { .. } => {
                    failure.advise("--allow-network NETWORK allows a network of your own")
                }
                _ => failure,
            }
        })?;
    if args.json {
        print_json(&attempt)?;
    } else {
        print(&attempt, hook.secret.is_some())?;
    }
    match attempt.result {
        AttemptResult::Delivered => Ok(()),
        _ => Err(Failure::failed("the receiver did not take the event").advise(advice(&attempt))),
    }
}

/// An event as the contract has it.
fn event(wire: &str) -> OutgoingEvent {
    let id = Uuid::new_v4();
    let session_id = "webhook-test";
    let body = json!({
        "id": id,
        "type": wire,
        "session_id": session_id,
        "timestamp": Timestamp::now(),
        "data": {},
    });
    OutgoingEvent {
        wire: wire.to_owned().into(),
        id: id.simple().to_string(),
        session_id: session_id.into(),
        sequence: Some(0),
        body: body.to_string().into(),
    }
}

fn print(attempt: &Attempt, is_signed: bool) -> Result<(), Failure> {
    let paint = Paint::stdout();
    let mut out = io::stdout().lock();
    let signed = if is_signed { "signed" } else { "not signed" };
    writeln!(
        out,
        "sent {} {} to {}, {signed}",
        shown(&attempt.event),
        attempt.id,
        shown(&attempt.url)
    )?;
    let (result, what) = match attempt.result {
        AttemptResult::Delivered => (paint.good("delivered"), "it answered 2xx"),
        result => (
            paint.error(result.as_str()),
            attempt.reason.as_deref().unwrap_or_default(),
        ),
    };
    writeln!(out, "{result} in {} ms: {}", attempt.ms, shown(what))?;
    Ok(())
}

/// What an answer means for events of calls.
fn advice(attempt: &Attempt) -> &'static str {
    match attempt.result {
        AttemptResult::Failed => {
            "events would be tried again for 3 days (give_up_after_ms), the waits growing up to 10 min"
        }
        AttemptResult::Refused => "events would be given up at once, and kept as dead letters",
        AttemptResult::Gone => "it would get nothing more until the next start",
        _ => "",
    }
}
