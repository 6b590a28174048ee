//! A receiver of webhooks with axum: checks who sent each event, and handles each once.
//!
//!     WEBHOOK_SECRET=whsec_… cargo run -p voxtra-webhook --features axum --example receiver
//!
//! takes events at `http://localhost:8080/webhooks`; `PORT` names another port.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use voxtra_webhook::{Delivery, Verifier};

/// Other requests do not get here: the extractor answers them.
async fn take(delivery: Delivery) -> StatusCode {
    println!(
        "handled {} {}",
        delivery.id(),
        String::from_utf8_lossy(delivery.body())
    );
    delivery.done();
    StatusCode::NO_CONTENT
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let secret = std::env::var("WEBHOOK_SECRET").expect("WEBHOOK_SECRET is not set");
    let port: u16 = std::env::var("PORT").map_or(8080, |port| port.parse().unwrap());
    let verifier = Verifier::new(&secret.into()).expect("WEBHOOK_SECRET can't be used");
    let router = Router::new()
        .route("/webhooks", post(take))
        .with_state(Arc::new(verifier));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await;
    axum::serve(listener.unwrap(), router).await.unwrap();
}
