//! `voxtra webhook verify`.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use voxtra_rt::webhook::{Refusal, SignedRequest, Signer, Verifier};

use super::secret::SecretArgs;
use super::time;
use crate::Failure;
use crate::terminal::Paint;

/// Check the signature of a delivery, from its headers and its body
///
/// Says for each signature whether it fits the body and the secret: webhook-signature, as Standard
/// Webhooks has it, and X-…-Signature. The body must be the exact bytes that came. Status 0 if
/// every signature fits, 1 if not.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  voxtra webhook verify --headers headers.txt --body body.json --secret-file secret
  voxtra webhook verify -H 'webhook-id: 1' -H 'webhook-timestamp: 1649367553' \\
    -H 'webhook-signature: v1,…' --at 1649367553 < body.json

headers.txt has a header a line, `Name: value`, as `curl -v` or a receiver's log show them.")]
pub(super) struct Args {
    /// A file with headers; `-` is the standard input
    #[arg(long, value_name = "FILE")]
    headers: Option<PathBuf>,
    /// One header
    #[arg(short = 'H', long, value_name = "NAME: VALUE")]
    header: Vec<String>,
    /// The body; `-` is the standard input
    #[arg(long, value_name = "FILE", default_value = "-")]
    body: PathBuf,
    #[command(flatten)]
    secret: SecretArgs,
    /// How far webhook-timestamp may be from now
    #[arg(long, value_name = "TIME", value_parser = time::duration, default_value = "5m")]
    tolerance: Duration,
    /// When it arrived, rather than now, in seconds since 1970 or as 2026-05-04T08:31:21Z
    #[arg(long, value_name = "TIME", value_parser = arrival)]
    at: Option<Timestamp>,
}

/// Most bytes of a body, and of headers.
const BODY: u64 = 64 << 20;
const HEADERS: u64 = 1 << 20;

fn arrival(text: &str) -> Result<Timestamp, String> {
    let seconds = text
        .parse()
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok());
    let says = |_| "no time such as 1649367553 or 2026-05-04T08:31:21Z".to_owned();
    seconds.map_or_else(|| text.parse().map_err(says), Ok)
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let secret = args.secret.read()?.ok_or_else(|| {
        Failure::usage("nothing can be checked without a secret")
            .advise("--secret-file FILE, or the environment variable WEBHOOK_SECRET")
    })?;
    let stdin = Path::new("-");
    if args.headers.as_deref() == Some(stdin) && args.body == stdin {
        return Err(Failure::usage(
            "headers and body cannot both be the standard input",
        ));
    }
    let mut headers = Headers::default();
    for line in &args.header {
        headers.add(line)?;
    }
    if let Some(path) = &args.headers {
        for line in String::from_utf8_lossy(&read_file(path, HEADERS)?).lines() {
            // A request line, the empty line at the end, and what curl puts before each.
            let line = line.trim_start_matches(['>', '<', ' ']);
            if line.contains(':') {
                headers.add(line)?;
            }
        }
    }
    let body = read_file(&args.body, BODY)?;
    let verifier = verifier(&secret)?.tolerance(args.tolerance);
    let now = args.at.unwrap_or_else(Timestamp::now);
    let judged = judge(&headers, &body, &secret, &verifier, now);
    let paint = Paint::stdout();
    let mut out = io::stdout().lock();
    for (name, verdict) in &judged {
        match verdict {
            Ok(()) => writeln!(out, "{}  {name}", paint.good("ok"))?,
            Err(why) => writeln!(out, "{}  {name}: {why}", paint.error("wrong"))?,
        }
    }
    if judged.is_empty() {
        return Err(Failure::failed("the delivery is not signed").advise(
            "webhook-id, webhook-timestamp and webhook-signature are needed, or X-…-Signature",
        ));
    }
    if judged.iter().all(|(_, verdict)| verdict.is_ok()) {
        return Ok(());
    }
    Err(Failure::failed("the delivery is not to be believed")
        .advise("the body must be the exact bytes that came: JSON that was read and written again is another body"))
}

/// A verifier with this secret.
pub(super) fn verifier(secret: &str) -> Result<Verifier, Failure> {
    Verifier::new(&secret.into())
        .map_err(|error| Failure::usage(format_args!("the secret cannot be used: {error}")))
}

/// Headers by their names in lower case.
#[derive(Debug, Default)]
pub(super) struct Headers(Vec<(String, String)>);

impl Headers {
    fn add(&mut self, line: &str) -> Result<(), Failure> {
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| Failure::usage(format_args!("{line:?} is no header: `Name: value`")))?;
        self.push(name.trim(), value.trim());
        Ok(())
    }

    pub(super) fn push(&mut self, name: &str, value: &str) {
        self.0.push((name.to_ascii_lowercase(), value.to_owned()));
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The value of `X-…-WHAT`, whatever the sender's name is.
    pub(super) fn of_sender(&self, what: &str) -> Option<(&str, &str)> {
        let found = self.0.iter().find(|(name, _)| {
            let rest = name
                .strip_prefix("x-")
                .and_then(|rest| rest.strip_suffix(what));
            rest.is_some_and(|sender| sender.ends_with('-'))
        });
        found.map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// What each signature of a delivery is worth.
pub(super) fn judge(
    headers: &Headers,
    body: &[u8],
    secret: &str,
    verifier: &Verifier,
    now: Timestamp,
) -> Vec<(String, Result<(), String>)> {
    let mut judged = Vec::new();
    if let Some(signature) = headers.get("webhook-signature") {
        let request = SignedRequest {
            id: headers.get("webhook-id").unwrap_or_default(),
            timestamp: headers.get("webhook-timestamp").unwrap_or_default(),
            signature,
            body,
        };
        let verdict = match verifier.verify_at(&request, now) {
            Ok(()) => {
                verifier.done(&request);
                Ok(())
            }
            // The sender did not hear our answer, and that is all right.
            Err(Refusal::Repeated) => Ok(()),
            Err(refusal) => Err(refusal.to_string()),
        };
        judged.push(("webhook-signature".to_owned(), verdict));
    }
    // Its key is the secret as it is written; a public key has nothing to say of it.
    if let Some((name, signature)) = headers.of_sender("signature")
        && !secret.starts_with("whpk_")
    {
        let fits = Signer::new(&secret.into()).verify(body, signature);
        let verdict = fits
            .then_some(())
            .ok_or_else(|| Refusal::Signature.to_string());
        judged.push((name.to_owned(), verdict));
    }
    judged
}

/// The bytes of a file, or of the standard input, up to a bound.
pub(super) fn read_file(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let limit = most.saturating_add(1);
    let read = if path == Path::new("-") {
        io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    let shown = path.display();
    let count =
        read.map_err(|error| Failure::usage(format_args!("can't read {shown}: {error}")))?;
    if u64::try_from(count).unwrap_or(u64::MAX) > most {
        return Err(Failure::usage(format_args!(
            "{shown} has more than {most} bytes"
        )));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    const BODY: &[u8] = br#"{"email":"test@example.com","username":"test_user"}"#;

    fn judged(headers: &[&str], body: &[u8], second: i64) -> Vec<(String, bool)> {
        let mut known = Headers::default();
        for header in headers {
            known.add(header).unwrap();
        }
        let now = Timestamp::from_second(second).unwrap();
        let judged = judge(&known, body, SECRET, &verifier(SECRET).unwrap(), now);
        judged
            .into_iter()
            .map(|(name, verdict)| (name, verdict.is_ok()))
            .collect()
    }

    #[test]
    fn the_published_vector_fits_and_nothing_near_it() {
        let signed = [
            "Webhook-Id: msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
            "webhook-timestamp:1649367553",
            "webhook-signature: v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
        ];
        let standard = |is_right| vec![("webhook-signature".to_owned(), is_right)];
        assert_eq!(judged(&signed, BODY, 1_649_367_553), standard(true));
        assert_eq!(judged(&signed, BODY, 1_649_367_553 + 301), standard(false));
        assert_eq!(judged(&signed, b"{}", 1_649_367_553), standard(false));
        assert_eq!(judged(&signed[..2], BODY, 1_649_367_553), []);
    }

    #[test]
    fn the_senders_own_header_is_found_by_any_name() {
        let signature = Signer::new(&SECRET.into()).sign(BODY);
        let right = format!("X-Acme-2-Signature: {signature}");
        assert_eq!(
            judged(&[&right], BODY, 0),
            [("x-acme-2-signature".to_owned(), true)]
        );
        assert_eq!(
            judged(&[&right], b"", 0),
            [("x-acme-2-signature".to_owned(), false)]
        );
        assert_eq!(
            judged(&["x-signature: 00", "x-hub-signature-256: 00"], b"", 0),
            []
        );
    }
}
