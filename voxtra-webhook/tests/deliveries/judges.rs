//! Libraries that check deliveries: each accepts what is genuine, and refuses what is not.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use voxtra_webhook::{Refusal, SignedRequest, Verifier};

use super::{OLDER, OTHER, PRIVATE, PUBLIC, Received, SECRET, received, tools};

/// Somebody who has a secret and judges a delivery: an error says why it is refused.
trait Judge {
    fn name(&self) -> &'static str;
    fn judge(&mut self, secret: &str, delivery: &Received) -> Result<(), String>;
    /// Whether it knows signatures by ed25519.
    fn knows_public_keys(&self) -> bool;
}

struct Ours;

impl Judge for Ours {
    fn name(&self) -> &'static str {
        "Verifier"
    }

    fn judge(&mut self, secret: &str, delivery: &Received) -> Result<(), String> {
        let verifier = Verifier::new(&secret.into()).unwrap();
        let judged = verifier.verify(&request(delivery));
        judged.map_err(|refusal| refusal.to_string())
    }

    fn knows_public_keys(&self) -> bool {
        true
    }
}

fn request(delivery: &Received) -> SignedRequest<'_> {
    SignedRequest {
        id: &delivery.id,
        timestamp: &delivery.timestamp,
        signature: &delivery.signature,
        body: delivery.body.as_bytes(),
    }
}

/// The crate `standardwebhooks`.
struct Crate;

impl Judge for Crate {
    fn name(&self) -> &'static str {
        "the crate standardwebhooks"
    }

    fn judge(&mut self, secret: &str, delivery: &Received) -> Result<(), String> {
        let mut headers = HeaderMap::new();
        for (name, value) in delivery.headers() {
            headers.insert(name, value.parse().unwrap());
        }
        let webhook = standardwebhooks::Webhook::new(secret).unwrap();
        let judged = webhook.verify(delivery.body.as_bytes(), &headers);
        judged.map_err(|refusal| refusal.to_string())
    }

    fn knows_public_keys(&self) -> bool {
        false
    }
}

/// A program that reads a delivery a line, and answers each with a verdict.
struct Program {
    name: &'static str,
    knows_public_keys: bool,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Program {
    fn start(name: &'static str, knows_public_keys: bool, program: &Path, script: &Path) -> Self {
        let mut child = Command::new(program)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            name,
            knows_public_keys,
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }
}

impl Judge for Program {
    fn name(&self) -> &'static str {
        self.name
    }

    fn judge(&mut self, secret: &str, delivery: &Received) -> Result<(), String> {
        let headers = serde_json::Map::from_iter(
            delivery
                .headers()
                .map(|(name, value)| (name.to_owned(), value.into())),
        );
        let asked =
            serde_json::json!({ "secret": secret, "headers": headers, "body": delivery.body });
        writeln!(self.input, "{asked}").unwrap();
        let mut verdict = String::new();
        self.output.read_line(&mut verdict).unwrap();
        match verdict.trim().strip_prefix("refused: ") {
            None => {
                assert_eq!(verdict, "accepted\n", "{}", self.name);
                Ok(())
            }
            Some(why) => Err(why.to_owned()),
        }
    }

    fn knows_public_keys(&self) -> bool {
        self.knows_public_keys
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn judges() -> Vec<Box<dyn Judge>> {
    let mut judges: Vec<Box<dyn Judge>> = vec![Box::new(Ours), Box::new(Crate)];
    if let Some(tools) = tools() {
        let python = tools.join("python/bin/python");
        let program = |name, knows_public_keys, program: &Path, script: &str| {
            let script = tools.join(script);
            Box::new(Program::start(name, knows_public_keys, program, &script))
        };
        judges.push(program(
            "PyPI's standardwebhooks",
            false,
            &python,
            "judge.py",
        ));
        judges.push(program(
            "npm's standardwebhooks",
            true,
            Path::new("node"),
            "judge.mjs",
        ));
    }
    judges
}

#[track_caller]
fn accepts(judge: &mut dyn Judge, secret: &str, delivery: &Received) {
    let judged = judge.judge(secret, delivery);
    assert_eq!(judged, Ok(()), "{}: {delivery:?}", judge.name());
}

/// Refuses it for one of these reasons.
#[track_caller]
fn refuses(judge: &mut dyn Judge, secret: &str, delivery: &Received, reasons: &[&str]) {
    let name = judge.name();
    let Err(why) = judge.judge(secret, delivery) else {
        panic!("{name} accepts {delivery:?}");
    };
    let is_told = reasons.iter().any(|reason| why.contains(reason));
    assert!(is_told, "{name}: {why}");
}

/// How each says that no signature fits, that it was sent long ago, and that it comes from the
/// future.
const UNSIGNED: &[&str] = &["ignature"];
const OLD: &[&str] = &["too old", "too long ago", "too far"];
const NEW: &[&str] = &["too new", "in the future", "too far"];

#[tokio::test]
async fn libraries_of_others_accept_what_is_genuine_and_nothing_else() {
    let plain = received(&[SECRET], "msg_1").await;
    let rotated = received(&[SECRET, OLDER], "msg_2").await;
    let by_key = received(&[PRIVATE, SECRET], "msg_3").await;
    for judge in &mut judges() {
        let judge = &mut **judge;
        accepts(judge, SECRET, &plain);
        refuses(judge, OTHER, &plain, UNSIGNED);
        refuses(judge, SECRET, &plain.changed(), UNSIGNED);
        let mut renamed = plain.clone();
        renamed.id = "msg_9".to_owned();
        refuses(judge, SECRET, &renamed, UNSIGNED);
        let mut later = plain.clone();
        later.timestamp = (later.timestamp.parse::<i64>().unwrap() + 1).to_string();
        refuses(judge, SECRET, &later, UNSIGNED);

        accepts(judge, SECRET, &rotated);
        accepts(judge, OLDER, &rotated);
        refuses(judge, OTHER, &rotated, UNSIGNED);
        refuses(judge, OLDER, &rotated.changed(), UNSIGNED);

        accepts(judge, SECRET, &by_key);
        if judge.knows_public_keys() {
            accepts(judge, PUBLIC, &by_key);
            refuses(judge, PUBLIC, &by_key.changed(), UNSIGNED);
            refuses(judge, PUBLIC, &rotated, UNSIGNED);
        }

        accepts(judge, SECRET, &Received::signed(SECRET, "msg_4", 240));
        refuses(judge, SECRET, &Received::signed(SECRET, "msg_4", 360), OLD);
        refuses(judge, SECRET, &Received::signed(SECRET, "msg_4", -360), NEW);
        println!("{}: accepts and refuses as it must", judge.name());
    }
}

/// A secret that Standard Webhooks does not know is given to its libraries in base64.
#[tokio::test]
async fn libraries_of_others_take_any_secret_in_base64() {
    let delivery = received(&["a secret, as people write them"], "msg_1").await;
    for judge in judges().iter_mut().skip(1) {
        let secret = STANDARD.encode("a secret, as people write them");
        accepts(&mut **judge, &secret, &delivery);
        refuses(
            &mut **judge,
            &STANDARD.encode("another"),
            &delivery,
            UNSIGNED,
        );
    }
    accepts(&mut Ours, "a secret, as people write them", &delivery);
}

#[tokio::test]
async fn our_verifier_tells_a_delivery_that_comes_again() {
    let delivery = received(&[SECRET], "msg_1").await;
    let verifier = Verifier::new(&SECRET.into()).unwrap();
    assert_eq!(verifier.verify(&request(&delivery)), Ok(()));
    verifier.done(&request(&delivery));
    let again = received(&[SECRET], "msg_1").await;
    for delivery in [&delivery, &again] {
        let judged = verifier.verify(&request(delivery));
        assert_eq!(judged, Err(Refusal::Repeated));
    }
}
