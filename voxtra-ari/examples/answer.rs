//! Answers whoever the dialplan sends to `Stasis(hello)`, plays a sound, says which keys are
//! pressed, and hangs up when the sound is over.
//!
//!     ARI_PASSWORD=… cargo run --example answer -- http://127.0.0.1:8088/ari user

use tokio_util::sync::CancellationToken;
use voxtra_ari::channels::{HangupOptions, PlayOptions};
use voxtra_ari::{
    AriClient, AriError, AriEvent, AriEvents, AriEventsOptions, AriSettings, AriSignal,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(user)) = (arguments.next(), arguments.next()) else {
        return Err("tell the address of ARI and the user: http://127.0.0.1:8088/ari user".into());
    };
    let password = std::env::var("ARI_PASSWORD")?;
    let ari = AriClient::new(AriSettings::new(url.parse()?, "hello", user, password))?;
    let stop = CancellationToken::new();
    let mut events = AriEvents::start(&ari, AriEventsOptions::default(), &stop);
    while let Some(signal) = events.recv().await {
        match signal {
            AriSignal::Connected => println!("send calls to Stasis(hello)"),
            AriSignal::Disconnected { error, retry_in } => {
                eprintln!("{error}; tried again in {} ms", retry_in.as_millis());
            }
            AriSignal::Replaced => return Err("another program took the name `hello`".into()),
            AriSignal::Event(event) => {
                // The caller may hang up at any moment: an order that came too late is no disaster.
                if let Err(error) = take(&ari, event).await {
                    eprintln!("{error}");
                }
            }
        }
    }
    Ok(())
}

async fn take(ari: &AriClient, event: AriEvent) -> Result<(), AriError> {
    match event {
        AriEvent::StasisStart(start) => {
            println!("{} calls", start.channel.caller.number);
            let channel = ari.channel(start.channel.id);
            channel.answer().await?;
            let sound = channel.play("sound:demo-congrats", &PlayOptions::default());
            sound.await?;
        }
        AriEvent::ChannelDtmfReceived(press) => println!("key {}", press.digit),
        AriEvent::PlaybackFinished(finished) => {
            if let Some(channel) = finished.playback.target_uri.strip_prefix("channel:") {
                let hangup = HangupOptions::default();
                ari.channel(channel).hangup(&hangup).await?;
            }
        }
        AriEvent::Unknown(event) => println!("{} is news to us: {:?}", event.kind, event.json),
        _ => {}
    }
    Ok(())
}
