//! The client against a server that is one and misbehaves.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

/// A server that gives every connection these bytes in these pieces, and then closes it.
async fn server(pieces: Vec<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let pieces = pieces.clone();
            tokio::spawn(async move {
                let mut request = vec![0; 4096];
                let _ = stream.read(&mut request).await;
                for piece in pieces {
                    let _ = stream.write_all(&piece).await;
                    let _ = stream.flush().await;
                    tokio::task::yield_now().await;
                }
            });
        }
    });
    format!("http://{address}/v1")
}

fn endpoint(base: &str) -> Endpoint {
    let key = SecretString::from("sk-secret");
    Endpoint::new("test", base, Timeouts::default())
        .unwrap()
        .with_key("authorization", "Bearer ", &key)
        .unwrap()
}

async fn ask(base: &str) -> Result<Body, ProviderError> {
    let endpoint = endpoint(base);
    let request = endpoint.request(Method::POST, "chat").unwrap();
    endpoint.send(request).await
}

#[tokio::test]
async fn events_are_read_however_their_bytes_are_cut() {
    let text = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n: hi\ndata: {\"a\":\"ü\"}\n\nevent: x\ndata: 1\ndata: 2\n\ndata: cut";
    let pieces = text.as_bytes().chunks(3).map(<[u8]>::to_vec).collect();
    let base = server(pieces).await;
    let body = ask(&base).await.unwrap();
    let mut events = Sse::new(endpoint(&base), body);
    assert_eq!(
        events.next().await.unwrap().as_deref(),
        Some("{\"a\":\"ü\"}")
    );
    assert_eq!(events.next().await.unwrap().as_deref(), Some("1\n2"));
    assert_eq!(events.next().await.unwrap(), None);
}

#[tokio::test]
async fn a_refusal_tells_why_but_not_the_key() {
    let body = "{\"error\":{\"message\":\"Incorrect API key sk-secret\"}}";
    let answer = format!(
        "HTTP/1.1 401 Unauthorized\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let base = server(vec![answer.into_bytes()]).await;
    let error = ask(&base).await.err().unwrap();
    assert_eq!(error.kind, ProviderErrorKind::Auth);
    assert!(error.message.contains("Incorrect API key ***"), "{error}");
    assert!(!format!("{:?}", endpoint(&base)).contains("sk-secret"));
}

#[tokio::test]
async fn of_a_key_that_begins_with_another_nothing_is_left() {
    let body = "{\"error\":{\"message\":\"acme-prod-77 of acme is no key\"}}";
    let answer = format!(
        "HTTP/1.1 401 Unauthorized\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let base = server(vec![answer.into_bytes()]).await;
    let endpoint = ["acme", "acme-prod-77"].iter().zip(["x-tenant", "x-key"]);
    let endpoint = endpoint.fold(
        Endpoint::new("test", &base, Timeouts::default()).unwrap(),
        |endpoint, (key, header)| {
            let key = SecretString::from(*key);
            endpoint.with_key(header, "", &key).unwrap()
        },
    );
    let request = endpoint.request(Method::POST, "chat").unwrap();
    let error = endpoint.send(request).await.err().unwrap();
    assert!(error.message.contains(": *** of *** is no key"), "{error}");
}

#[tokio::test]
async fn a_wait_that_is_asked_for_is_told() {
    let answer = b"HTTP/1.1 429 Too Many\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n".to_vec();
    let error = ask(&server(vec![answer]).await).await.err().unwrap();
    let retry_after = Some(Duration::from_secs(7));
    assert_eq!(error.kind, ProviderErrorKind::RateLimited { retry_after });
}

#[tokio::test]
async fn a_body_that_breaks_off_is_an_error() {
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec();
    let body = ask(&server(vec![answer]).await).await.unwrap();
    let error = body.whole(1_000).await.unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::Unavailable);
}

#[tokio::test]
async fn a_body_that_does_not_end_is_not_read_to_its_end() {
    let mut pieces = vec![b"HTTP/1.1 200 OK\r\n\r\n".to_vec()];
    pieces.extend(vec![vec![b'x'; 1_000]; 100]);
    let body = ask(&server(pieces).await).await.unwrap();
    let error = body.whole(10_000).await.unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::Protocol);
}

#[tokio::test]
async fn what_is_no_websocket_is_told() {
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec();
    let base = server(vec![answer]).await;
    let error = endpoint(&base).websocket("listen").await.err().unwrap();
    assert!(error.message.contains("no websocket"), "{error}");
}

/// A websocket has no upgrade in HTTP/2. The program may have turned reqwest's `http2` on.
#[tokio::test]
async fn only_http_1_is_offered() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    let hello = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        // The record's head says how long its message is.
        let mut head = [0; 5];
        stream.read_exact(&mut head).await.unwrap();
        let mut hello = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
        stream.read_exact(&mut hello).await.unwrap();
        hello
    });
    assert!(endpoint(&base).websocket("listen").await.is_err());
    let hello = hello.await.unwrap();
    // The whole list of protocols, its length first.
    let only = b"\x00\x09\x08http/1.1";
    assert!(hello.windows(only.len()).any(|part| part == only));
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = ask(&base).await.err().unwrap();
    assert_eq!(error.kind, ProviderErrorKind::Unavailable);
}

#[test]
fn an_address_or_a_key_that_cannot_be_is_refused() {
    for base in [
        "api.openai.com",
        "ftp://x",
        "http://",
        "https://user:pw@host",
    ] {
        assert!(
            Endpoint::new("test", base, Timeouts::default()).is_err(),
            "{base}"
        );
    }
    let endpoint = Endpoint::new("test", "http://host", Timeouts::default()).unwrap();
    for key in ["", "a\nb"] {
        let refused = endpoint
            .clone()
            .with_key("x-key", "", &key.to_owned().into());
        assert_eq!(
            refused.err().unwrap().kind,
            ProviderErrorKind::Auth,
            "{key:?}"
        );
    }
}

#[test]
fn the_query_of_the_base_goes_with_all_requests_but_is_not_shown() {
    let base = "https://host/openai/deployments/x?api-version=1";
    let endpoint = Endpoint::new("test", base, Timeouts::default()).unwrap();
    let url = |path| {
        let request = endpoint.request(Method::GET, path).unwrap();
        request.build().unwrap().url().to_string()
    };
    let start = "https://host/openai/deployments/x/";
    assert_eq!(url("chat"), format!("{start}chat?api-version=1"));
    assert_eq!(url("chat?a=b"), format!("{start}chat?api-version=1&a=b"));
    assert_eq!(url(""), format!("{start}?api-version=1"));
    assert!(!format!("{endpoint:?}").contains("api-version"));
}

#[tokio::test]
async fn a_look_tells_a_key_that_is_taken_from_one_that_is_refused() {
    let look = async |status: &str| {
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
        let base = server(vec![answer.into_bytes()]).await;
        endpoint(&base).look("models", &[("x-more", "1")]).await
    };
    assert_eq!(look("200 OK").await, Ok(true));
    assert_eq!(look("404 Not Found").await, Ok(false));
    let refused = look("401 Unauthorized").await.unwrap_err();
    assert_eq!(refused.kind, ProviderErrorKind::Auth);
}
