//! What misbehaving agents cost the calls of others: two distributions from one run.
//!
//! A real application takes calls that are echoed on the media thread, calls whose agent plays
//! audio, and calls whose agents will misbehave. For the first half of the run everybody behaves.
//! Then, at once: handlers block every worker thread for a second at a time, readers stop reading,
//! the webhook's receiver stops answering, and whoever reads the log stops reading. The frames of
//! the first two kinds of calls are timed from the other end of their sockets, before and during.
//!
//!     cargo run --release -p voxtra-benches --bin isolation -- --seconds 20 --out target/isolation
//!
//! With `--webhook` its receiver alone misbehaves, in more ways, and it has much to do: each echoed
//! call tells it ten events a second, by way of the disk.
//!
//!     cargo run --release -p voxtra-benches --bin isolation -- --webhook --echoed 200 --played 0
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod callers;
mod distribution;
mod disturbers;
mod plot;

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use serde_json::json;
use voxtra::allocations::{Counting, of_this_thread};
use voxtra::prelude::*;
use voxtra::rt::media::MediaSettings;
use voxtra::rt::webhook::{WebhookSettings, WebhookStore};

use callers::{Callers, Half, Kind};
use distribution::Distribution;
use disturbers::{Disturbance, StallingLog, Webhook};

// The media path is watched as everywhere.
#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[derive(Parser)]
struct Args {
    /// Calls that are echoed
    #[arg(long, default_value_t = 100)]
    echoed: usize,
    /// Calls whose agent plays audio
    #[arg(long, default_value_t = 50)]
    played: usize,
    /// Calls of each kind that misbehaves: handlers that block, readers that don't read
    #[arg(long, default_value_t = 4)]
    bad: usize,
    /// Only the webhook's receiver misbehaves, and the echoed calls have many events for it
    #[arg(long)]
    webhook: bool,
    /// How long each half is measured, in seconds
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Where isolation.json and isolation.svg go
    #[arg(long, default_value = "target/isolation")]
    out: PathBuf,
}

/// For everybody to get going, or to get stuck.
const SETTLE: Duration = Duration::from_secs(3);

fn main() {
    let args = Args::parse();
    let log = StallingLog::install();
    let webhook = Webhook::listen();
    let disturbance = Disturbance::default();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = tempfile::tempdir().unwrap();
    let file = args.webhook.then(|| store.path().join("webhooks.redb"));
    let app = runtime.block_on(application(&webhook, &disturbance, file));
    let bad = if args.webhook { 0 } else { args.bad };

    let callers = Callers::start(
        app.media_address(),
        &[
            (Kind::Echoed, args.echoed),
            (Kind::Played, args.played),
            (Kind::Blocks, bad),
            (Kind::ReadsNothing, bad),
        ],
    );
    let seconds = Duration::from_secs(args.seconds);
    eprintln!("everybody behaves for {seconds:?}");
    std::thread::sleep(SETTLE);
    callers.measure(Half::Before, seconds);

    webhook.misbehave(args.webhook);
    if !args.webhook {
        disturbance.begin();
        // First those that need the runtime to begin at all.
        std::thread::sleep(SETTLE);
        log.stall();
    }
    eprintln!("all misbehave for {seconds:?}");
    std::thread::sleep(SETTLE);
    let stuck = || {
        json!({
            "handlers_blocked_times": disturbance.blocked(),
            "readers_that_missed_audio": app
                .calls()
                .iter()
                .filter(|call| call.stats().caller_samples_missed > 0)
                .count(),
            "webhook_requests_unanswered": webhook.unanswered(),
            "threads_waiting_to_log": log.waiting(),
        })
    };
    callers.measure(Half::During, seconds);
    let stuck = stuck();

    let report = |kind| {
        let [before, during] =
            [Half::Before, Half::During].map(|half| Distribution::of(callers.taken(kind, half)));
        (before, during)
    };
    let (turn_around, spacing) = (report(Kind::Echoed), report(Kind::Played));
    let counted = app
        .calls()
        .iter()
        .map(|call| call.stats())
        .fold((0, 0), |(dropped, slips), stats| {
            (dropped + stats.frames_dropped, slips + stats.slips)
        });
    let (allocations, frees) = app.media_stats().hot_path_allocations();
    let result = json!({
        "calls": { "echoed": args.echoed, "played": args.played, "misbehaving": 2 * bad },
        "seconds": args.seconds,
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "turn_around_us": { "before": turn_around.0.to_json(), "during": turn_around.1.to_json() },
        "spacing_us": { "before": spacing.0.to_json(), "during": spacing.1.to_json() },
        "frames_lost": callers.lost(),
        "frames_dropped": counted.0,
        "late_deadlines": counted.1,
        "media_path": { "allocations": allocations, "frees": frees },
        "stuck": stuck,
    });
    std::fs::create_dir_all(&args.out).unwrap();
    let text = serde_json::to_string_pretty(&result).unwrap();
    std::fs::write(args.out.join("isolation.json"), &text).unwrap();
    let svg = plot::draw(&turn_around.0, &turn_around.1);
    std::fs::write(args.out.join("isolation.svg"), svg).unwrap();
    println!("{text}");
    let _ = store.close();
    // The runtime's threads are stuck for good.
    std::process::exit(0);
}

voxtra! {
    events {
        /// One of many.
        load.told { number: u64 }
    }
}

/// How often an echoed call has an event for the webhook, if that has much to do.
const TELLS: Duration = Duration::from_millis(100);

/// With a `file`, webhooks are stored there, and echoed calls have many events.
async fn application(
    webhook: &Webhook,
    disturbance: &Disturbance,
    file: Option<PathBuf>,
) -> Application {
    let (blocking, idle) = (disturbance.clone(), disturbance.clone());
    let tells = file.is_some();
    let mut store = WebhookStore::memory();
    if file.is_some() {
        store = WebhookStore::durable();
        store.path = file;
    }
    let mut builder = Application::builder()
        .media(MediaSettings::default().with(|media| {
            media.listen = ([127, 0, 0, 1], 0).into();
            media.max_pending = 10_000;
            media.allocations = Some(of_this_thread);
        }))
        .webhook(
            WebhookSettings::new(webhook.url().parse().unwrap())
                .with(|hook| hook.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()]),
        )
        .webhook_store(store)
        .extension("echoed", move |call: Call| async move {
            call.set_echo(true).await;
            let mut number = 0;
            while tells && !call.is_over() {
                call.emit(LoadTold { number }).await;
                number += 1;
                tokio::time::sleep(TELLS).await;
            }
            call.ended().await;
        })
        .extension("played", |call: Call| async move {
            let tone: Vec<i16> = (0..8_000)
                .map(|n| ((n as f32 * 0.35).sin() * 6_000.0) as i16)
                .collect();
            while call.send_audio(&tone, 8_000).await.is_ok() {}
        })
        .extension("blocks", move |call: Call| blocking.clone().block(call))
        .extension("reads-nothing", move |call: Call| {
            idle.clone().read_nothing(call)
        });
    for kind in Kind::ALL {
        builder = builder.allow(kind.id(), kind.extension());
    }
    builder.start().await.unwrap()
}
