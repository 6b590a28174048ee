//! The least that answers a call: `cargo run --example minimal`, with the dialplan's
//! `AudioSocket(40325ec2-5efd-4bd3-805f-53576e581d13,127.0.0.1:9092)`, or `voxtra call` in place of
//! Asterisk:
//!
//!     voxtra call 127.0.0.1:9092 --wav assets/caller-hello.wav --uuid 40325ec2-5efd-4bd3-805f-53576e581d13

use voxtra::prelude::*;
use voxtra::rt::speech::CommandVoice;

async fn greet(call: Call) -> Result<(), CallError> {
    call.answer().await?;
    // It has only one sentence, and says it to the end.
    call.say("Hello. This is the smallest agent there is. Goodbye.")
        .uninterruptible()
        .await?;
    call.hangup().await
}

#[tokio::main]
async fn main() -> Result<(), voxtra::Exit> {
    let app = Application::builder()
        .allow("40325ec2-5efd-4bd3-805f-53576e581d13".parse()?, "1000")
        .voice(CommandVoice::discover()?)
        .extension("1000", greet)
        .start()
        .await?;
    println!("waiting for a call on {}; Ctrl-C ends", app.media_address());
    app.run().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_says_its_sentence_and_hangs_up() {
        let rehearsal = voxtra::rehearsal::Rehearsal::new().handler(greet);
        let mut caller = rehearsal.call("1000").await;
        caller
            .hears("Hello. This is the smallest agent there is. Goodbye.")
            .await;
        assert_eq!(caller.ended().await.count("call.ended"), 1);
    }
}
