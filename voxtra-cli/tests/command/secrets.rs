//! A whole program with everything configured, at the most talkative log level: no secret is in its
//! output.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, Uri};

use super::fresh_directory;

#[path = "../../../tests/hostile_asterisk/peer.rs"]
#[allow(dead_code, unreachable_pub)]
mod asterisk;

use asterisk::{Asterisk, Manner};

const PASSWORD: &str = "correct-horse-battery-staple";
const SIGNING: &str = "whsec-7f3a9c51";
const TOKEN: &str = "hooktoken-5512ab";
const USER_PASSWORD: &str = "userinfo-99ce";
const ENVIRONMENT: &str = "model-key-41d2";
const CRM_KEY: &str = "crm-key-90b7e1";
const NAMED: &str = "8c5f2a61-3b0d-4e97-9f14-d7a6c0b8e352";

/// `bytes` in base64 (RFC 4648).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let word = (0..3).fold(0_u32, |word, n| {
            word << 8 | u32::from(three.get(n).copied().unwrap_or(0))
        });
        for n in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * n) & 63) as usize];
            text.push(if n <= three.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    text
}

/// How a secret may stand in a text: as it is, in base64 wherever it begins there, and as bytes.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned(), hex::encode(secret)];
    for before in 0..3 {
        let padded = [&vec![b'-'; before], secret.as_bytes()].concat();
        let text = base64(&padded);
        // Without the digits that depend on what stands around it.
        let inner = text.trim_end_matches('=');
        forms.push(inner[(before * 8).div_ceil(6)..inner.len() - 1].to_owned());
    }
    let bytes: Vec<String> = secret.bytes().map(|byte| byte.to_string()).collect();
    forms.push(bytes.join(", "));
    forms
}

fn ids_forms(id: uuid::Uuid) -> Vec<String> {
    let bytes: Vec<String> = id.as_bytes().iter().map(u8::to_string).collect();
    vec![id.to_string(), id.simple().to_string(), bytes.join(", ")]
}

#[test]
fn the_forms_of_a_secret_are_found() {
    assert_eq!(base64(b"voxtra:x"), "dm94dHJhOng=");
    for around in ["", "u:", "us:", "use:"] {
        let text = base64(format!("{around}{PASSWORD}").as_bytes());
        assert!(
            forms(PASSWORD).iter().any(|form| text.contains(form)),
            "{text}"
        );
    }
}

/// Answers the first webhook request with a failure, so that one is tried again.
async fn receiver() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (listener, all) = (
        tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap(),
        seen.clone(),
    );
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(move |uri: Uri| {
        let mut all = all.lock().unwrap();
        all.push(uri.to_string());
        let status = if all.len() == 1 {
            StatusCode::INTERNAL_SERVER_ERROR
        } else {
            StatusCode::OK
        };
        async move { status }
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, seen)
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn no_secret_is_in_the_log_at_any_level() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let pbx = runtime.block_on(Asterisk::start());
    pbx.world().manners = vec![("POST bridges", Manner::Refuses(500), 2)];
    let (hook, delivered) = runtime.block_on(receiver());
    let free = |_| {
        TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
    };
    let [media, nobody] = [0, 1].map(free);
    let directory = fresh_directory("secrets");
    fs::write(directory.join("ari"), format!("{PASSWORD}\n")).unwrap();
    let ari = pbx.settings().url;
    let hostile = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/mcp/hostile.py");
    let text = format!(
        r#"
[asterisk]
url = "{ari}"
password_file = "ari"
[media]
listen = "{media}"
[speech]
voice = "command"
command = ["sh", "-c", "env >&2; exit 1"]
[[audiosocket]]
uuid = "{NAMED}"
extension = "2000"
[[route]]
extension = "2000"
agent = "announce"
[[route]]
default = true
agent = "echo"
[[webhook]]
url = "http://ann:{USER_PASSWORD}@{hook}/{TOKEN}?token={TOKEN}"
secret = "${{SIGNING}}"
allow_networks = ["127.0.0.0/8"]
first_backoff_ms = 10
[[webhook]]
url = "http://{nobody}/{TOKEN}"
secret = "{SIGNING}"
allow_networks = ["127.0.0.0/8"]
max_attempts = 2
first_backoff_ms = 10
[webhooks]
path = "webhooks.redb"
[mcp.crm]
command = ["python3", "{hostile}", "tells"]
env = {{ CRM_KEY = "{CRM_KEY}" }}
[mcp.nowhere]
url = "http://{nobody}/mcp/{CRM_KEY}?key={CRM_KEY}"
headers = {{ authorization = "Bearer {CRM_KEY}" }}
[log]
filter = "trace"
"#
    );
    fs::write(directory.join("voxtra.toml"), text).unwrap();
    let mut serve = Killed(
        Command::new(env!("CARGO_BIN_EXE_voxtra"))
            .arg("serve")
            .current_dir(&directory)
            .env("NO_COLOR", "1")
            .env_remove("RUST_LOG")
            .env("SIGNING", SIGNING)
            .env("MODEL_KEY", ENVIRONMENT)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let log = Arc::new(Mutex::new(String::new()));
    let (mut stderr, kept) = (serve.0.stderr.take().unwrap(), log.clone());
    let reader = thread::spawn(move || {
        let mut bytes = vec![0; 1 << 16];
        while let Ok(count @ 1..) = stderr.read(&mut bytes) {
            let text = String::from_utf8_lossy(&bytes[..count]);
            kept.lock().unwrap().push_str(&text);
        }
    });
    let until = |what: &str, done: &dyn Fn() -> bool| {
        for _ in 0..4_000 {
            if done() {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("never happened: {what}\n{}", log.lock().unwrap());
    };
    let logged = |text: &str| log.lock().unwrap().contains(text);
    until("it serves", &|| {
        logged("serving") && logged("connected to Asterisk")
    });

    // What an MCP server repeats, and one that is not there.
    until("MCP", &|| {
        logged("an MCP server is ready")
            && logged("an MCP server says")
            && logged("an MCP server can't be used")
    });

    // A call that can't be connected, one that can, one over AudioSocket alone, a stranger.
    for id in ["1.1", "1.2"] {
        let before = log.lock().unwrap().matches("call started").count();
        pbx.caller(id);
        until("the call", &|| {
            log.lock().unwrap().matches("call started").count() > before
        });
        let news = if id == "1.1" {
            "call ended"
        } else {
            "media.started"
        };
        until(news, &|| logged(news));
    }
    let named = uuid::Uuid::try_parse(NAMED).unwrap();
    let stranger = uuid::Uuid::new_v4();
    for id in [named, stranger] {
        let mut peer = TcpStream::connect(media).unwrap();
        peer.write_all(&[&[0x01, 0, 16][..], id.as_bytes(), &[0x10, 1, 64], &[0; 320]].concat())
            .unwrap();
        let _ = peer.read(&mut [0]);
    }
    until("the stranger is refused", &|| {
        logged("neither issued nor allowed")
    });
    pbx.gone("1.2");
    until("webhooks", &|| {
        delivered
            .lock()
            .unwrap()
            .iter()
            .any(|uri| uri.contains(TOKEN))
    });
    until("a webhook fails", &|| logged(&nobody.to_string()));
    let killed = Command::new("kill")
        .args(["-TERM", &serve.0.id().to_string()])
        .status();
    assert!(killed.unwrap().success());
    serve.0.wait().unwrap();
    reader.join().unwrap();

    let log = log.lock().unwrap();
    assert!(log.contains(" TRACE "), "it was not talkative: {log}");
    let mut secrets = Vec::new();
    for secret in [
        PASSWORD,
        SIGNING,
        TOKEN,
        USER_PASSWORD,
        ENVIRONMENT,
        CRM_KEY,
    ] {
        secrets.extend(forms(secret));
    }
    let issued = pbx.world().ids.clone();
    assert!(!issued.is_empty());
    for id in [named, stranger].into_iter().chain(issued) {
        secrets.extend(ids_forms(id));
    }
    for secret in secrets {
        let line = log.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "{secret} is in the log");
    }
}
