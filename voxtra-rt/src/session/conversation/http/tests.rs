//! Look-ups against a server.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::*;
use crate::lock::lock;
use crate::session::conversation::nowhere;

/// What a server was asked: method, path and query, session, body.
pub(crate) type Asked = Arc<Mutex<Vec<[String; 4]>>>;

/// A server that answers with this status, type and body.
pub(crate) async fn server(
    status: u16,
    content_type: &'static str,
    body: impl Into<Vec<u8>>,
) -> (String, Asked) {
    let asked = Asked::default();
    let answer = (
        StatusCode::from_u16(status).unwrap(),
        content_type,
        body.into(),
    );
    let router = Router::new()
        .fallback(respond)
        .with_state((Arc::new(answer), asked.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}"), asked)
}

type Answer = (StatusCode, &'static str, Vec<u8>);

async fn respond(
    State((answer, asked)): State<(Arc<Answer>, Asked)>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let session = head.headers.get("x-voxtra-session-id");
    lock(&asked).push([
        head.method.to_string(),
        head.uri.to_string(),
        session
            .map_or("", |value| value.to_str().unwrap())
            .to_owned(),
        String::from_utf8(body.to_vec()).unwrap(),
    ]);
    let (status, content_type, body) = answer.as_ref().clone();
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::LOCATION, "http://127.0.0.1:1/elsewhere"),
    ];
    (status, headers, body).into_response()
}

async fn find(settings: &HttpSettings) -> (Option<String>, Option<String>) {
    let call = nowhere("+265 888");
    let lookup = Lookup::http([("name", "you"), ("orders", "0")], settings).unwrap();
    lookup.look_up(&call).await;
    (
        call.get_metadata("lookup.name"),
        call.get_metadata("lookup.orders"),
    )
}

#[tokio::test]
async fn what_a_server_knows_of_the_caller_is_found() {
    let json = r#"{"name": "Chikondi", "orders": 3, "nested": {"a": 1}}"#;
    let (url, asked) = server(200, "application/json", json).await;
    let found = (Some("Chikondi".to_owned()), Some("3".to_owned()));
    let get = HttpSettings::new(format!("{url}/callers/{{{{caller_id}}}}?v=1"));
    assert_eq!(find(&get).await, found);
    let post = HttpSettings::new(url).method("POST");
    assert_eq!(find(&post).await, found);
    let asked = lock(&asked).clone();
    let [get, post] = asked.as_slice() else {
        panic!("{asked:?}");
    };
    assert_eq!(get[..3], ["GET", "/callers/%2B265%20888?v=1", "ch-1"]);
    assert_eq!((post[0].as_str(), post[1].as_str()), ("POST", "/"));
    let body: Value = serde_json::from_str(&post[3]).unwrap();
    assert_eq!(body["caller_id"], "+265 888");
    assert_eq!(body["direction"], "inbound");
}

#[tokio::test]
async fn what_is_no_flat_object_is_the_defaults() {
    let defaults = (Some("you".to_owned()), Some("0".to_owned()));
    let long = format!("{{\"name\": \"{}\"}}", "x".repeat(70 << 10));
    for (status, body) in [
        (404, "{\"name\": \"x\"}"),
        (302, "{\"name\": \"x\"}"),
        (200, "[1]"),
        (200, "<html>"),
        (200, "{\"name\": null, \"orders\": [1]}"),
        (200, &long),
    ] {
        let (url, _) = server(status, "application/json", body).await;
        assert_eq!(find(&HttpSettings::new(url)).await, defaults, "{body:.40}");
    }
}

#[test]
fn a_wrong_address_is_refused_and_no_secret_is_shown() {
    for url in ["ftp://h/", "http://{{caller_id}}/", "http://h/{{unknown}}"] {
        let refused = Lookup::http([("a", "")], &HttpSettings::new(url));
        assert!(refused.is_err(), "{url}");
    }
    let settings = HttpSettings::new("https://h/s3cret?key=s3cret").header("x-key", "s3cret");
    let shown = format!("{settings:?}");
    assert!(
        shown.contains("https://h/") && !shown.contains("s3cret"),
        "{shown}"
    );
    let broken = HttpSettings::new("https://h/").header("x-key", "s3cret\n");
    let error = Lookup::http([("a", "")], &broken).unwrap_err();
    assert!(!error.to_string().contains("s3cret"), "{error}");
}
