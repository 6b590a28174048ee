//! An agent that never stops talking, whoever calls: how evenly Voxtra paces its frames. Beside it:
//! `paced_timer`.
//!
//!     cargo build --release -p voxtra-benches --bin paced_playback && target/release/paced_playback 9092
//!
//! One media thread, the ordinary one: `voxtra load` sees the spacing of what it plays.

use std::env;
use std::error::Error;

use voxtra::prelude::*;
use voxtra::rt::media::MediaSettings;

const RATE_HZ: u32 = 8_000;
/// As long as a rather long answer.
const SAMPLES: usize = 10 * RATE_HZ as usize;
const MOST_CALLS: usize = 20_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port: u16 = env::args()
        .nth(1)
        .and_then(|port| port.parse().ok())
        .ok_or("usage: paced_playback PORT")?;
    let app = Application::builder()
        .media(MediaSettings::default().with(|media| {
            media.listen = ([127, 0, 0, 1], port).into();
            media.max_calls = MOST_CALLS;
            media.max_pending = MOST_CALLS;
        }))
        .allow_any("playback")
        .default(talk)
        .start()
        .await?;
    app.run().await;
    Ok(())
}

async fn talk(call: Call) -> Result<(), CallError> {
    call.answer().await?;
    // The callers of `voxtra load` talk too.
    call.set_barge_in(false).await;
    // A murmur that no mark of `voxtra load` looks like.
    let murmur: Vec<i16> = (0..SAMPLES)
        .map(|n| if n % 40 < 20 { 900 } else { -900 })
        .collect();
    loop {
        call.send_audio(&murmur, RATE_HZ).await?;
    }
}
