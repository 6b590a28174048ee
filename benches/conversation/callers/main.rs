//! Callers who converse with an agent over AudioSocket: they speak, wait for the answer, hear it
//! out, and speak again. How long they wait is measured from the last sample that they sent.
//!
//!     conversation_callers 127.0.0.1:PORT --calls 50 --seconds 30 --recording FILE
//!
//! What was when goes to standard output as JSON, in microseconds of UTC.
//! `benches/conversation.py` runs it against several agents.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod call;
mod recording;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

use call::FRAME;

#[derive(Parser)]
struct Args {
    /// Where the agent listens
    address: SocketAddr,
    /// Calls at once
    #[arg(long, default_value_t = 10)]
    calls: u32,
    /// How long they go on, in seconds; a turn that has begun by then goes to its end
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// What is said, one after the other: WAV, or .raw with 16 bits at 16 kHz
    #[arg(long = "recording", required = true)]
    recordings: Vec<PathBuf>,
}

fn main() {
    let args = Args::parse();
    let recordings: Arc<[Vec<i16>]> = args
        .recordings
        .iter()
        .map(|path| recording::read(path))
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let calls = runtime.block_on(async {
        let begin = Instant::now() + Duration::from_millis(500 + 20 * u64::from(args.calls));
        let end = begin + Duration::from_secs(args.seconds);
        let tasks: Vec<_> = (0..args.calls)
            .map(|n| {
                // Their frames are spread over the 20 ms, as calls are.
                let first = begin + FRAME * n / args.calls;
                tokio::spawn(call::converse(call::Plan {
                    address: args.address,
                    number: n,
                    id: Uuid::new_v4(),
                    first,
                    end,
                    recordings: recordings.clone(),
                }))
            })
            .collect();
        let mut calls = Vec::new();
        for task in tasks {
            calls.push(task.await.unwrap());
        }
        calls
    });
    println!("{}", json!({ "calls": calls }));
}
