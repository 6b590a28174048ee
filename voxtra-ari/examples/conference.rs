//! Puts everybody who calls into one bridge, with music while they are alone, and records it.
//!
//!     ARI_PASSWORD=… cargo run --example conference -- http://127.0.0.1:8088/ari user

use tokio_util::sync::CancellationToken;
use voxtra_ari::bridges::{
    AddChannelOptions, BridgeCreateOptions, BridgeHandle, RecordOptions, StartMohOptions,
};
use voxtra_ari::{
    AriClient, AriError, AriEvent, AriEvents, AriEventsOptions, AriSettings, AriSignal, IfExists,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(user)) = (arguments.next(), arguments.next()) else {
        return Err("tell the address of ARI and the user: http://127.0.0.1:8088/ari user".into());
    };
    let password = std::env::var("ARI_PASSWORD")?;
    let ari = AriClient::new(AriSettings::new(url.parse()?, "conference", user, password))?;
    let bridge = ari.bridge("conference");
    let stop = CancellationToken::new();
    let mut events = AriEvents::start(&ari, AriEventsOptions::default(), &stop);
    while let Some(signal) = events.recv().await {
        let done = match signal {
            AriSignal::Connected => open(&bridge).await,
            AriSignal::Event(event) => take(&ari, &bridge, event).await,
            AriSignal::Disconnected { error, .. } => Err(error),
            AriSignal::Replaced => break,
        };
        if let Err(error) = done {
            eprintln!("{error}");
        }
    }
    Ok(())
}

/// Makes the bridge, or finds the one that is there.
async fn open(bridge: &BridgeHandle) -> Result<(), AriError> {
    let options = BridgeCreateOptions::default().kind("mixing");
    let made = bridge.create(&options).await?;
    println!("bridge {} with {} channels", made.id, made.channels.len());
    Ok(())
}

async fn take(ari: &AriClient, bridge: &BridgeHandle, event: AriEvent) -> Result<(), AriError> {
    match event {
        AriEvent::StasisStart(start) => {
            let channel = ari.channel(start.channel.id);
            channel.answer().await?;
            let add = bridge.add_channel(channel.id(), &AddChannelOptions::default());
            add.await?;
        }
        AriEvent::ChannelEnteredBridge(entered) => match entered.bridge.channels.len() {
            1 => bridge.start_moh(&StartMohOptions::default()).await?,
            2 => {
                bridge.stop_moh().await?;
                let options = RecordOptions::default()
                    .if_exists(IfExists::Overwrite)
                    .beep(true);
                let recording = bridge.record("conference", "wav", &options).await?;
                println!("recording {}", recording.name);
            }
            _ => {}
        },
        _ => {}
    }
    Ok(())
}
