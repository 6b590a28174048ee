//! The cable between Asterisk and us is cut in the middle of a call.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use voxtra::prelude::*;

use crate::asterisk::stage::Stage;
use crate::asterisk::{Asterisk, Call as Caller};

/// What Asterisk's AudioSocket connections pass through on their way to an application.
struct Cable {
    address: SocketAddr,
    to: Arc<Mutex<Option<SocketAddr>>>,
    cuts: watch::Sender<u32>,
}

impl Cable {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let to = Arc::new(Mutex::new(None));
        let (cuts, cut) = watch::channel(0);
        let goal: Arc<Mutex<Option<SocketAddr>>> = to.clone();
        tokio::spawn(async move {
            while let Ok((mut from, _)) = listener.accept().await {
                let Some(address) = *goal.lock().unwrap() else {
                    continue;
                };
                let mut cut = cut.clone();
                cut.mark_unchanged();
                tokio::spawn(async move {
                    let mut there = TcpStream::connect(address).await.unwrap();
                    tokio::select! {
                        _ = copy_bidirectional(&mut from, &mut there) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Self { address, to, cuts }
    }

    /// Where connections lead from now on; nowhere, and they are closed.
    fn leads_to(&self, address: Option<SocketAddr>) {
        *self.to.lock().unwrap() = address;
    }

    /// Cuts every connection that is up.
    fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

#[tokio::test]
async fn audio_that_is_cut_is_connected_again_within_the_same_session() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let cable = Cable::new().await;
    let agent = |call: Call| async move {
        call.answer().await?;
        let mut media = call.events_from_now();
        let stopped = media.find(|event| (event.wire() == "media.stopped").then_some(()));
        assert!(stopped.await.is_some());
        // Waits for the audio that comes back.
        let spoken = call.say("You said:").await?;
        assert_eq!(spoken, Spoken::Completed);
        call.hangup().await
    };
    let mut stage = Stage::start(&asterisk, |app| {
        app.advertise(cable.address.to_string()).default(agent)
    })
    .await;
    cable.leads_to(Some(stage.app.media_address()));
    let channel = stage.call(&asterisk, Caller::default()).await;
    stage.until("media.started").await;
    cable.cut();
    let story = stage.story().await;
    assert_eq!(story.count("media.started"), 2, "{}", story.text());
    assert_eq!(story.count("media.stopped"), 2, "{}", story.text());
    assert_eq!(story.count("error"), 0, "{}", story.text());
    assert_eq!(story.the("call.ended")["reason"], "normal_clearing");
    asterisk.gone(&channel.id).await;
    stage.close().await;
}

#[tokio::test]
async fn a_caller_whose_audio_is_lost_for_good_is_not_left_behind() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let cable = Cable::new().await;
    let agent = |call: Call| async move {
        call.answer().await?;
        call.ended().await;
        Ok::<_, CallError>(())
    };
    let mut stage = Stage::start(&asterisk, |app| {
        app.advertise(cable.address.to_string()).default(agent)
    })
    .await;
    cable.leads_to(Some(stage.app.media_address()));
    let channel = stage.call(&asterisk, Caller::default()).await;
    stage.until("media.started").await;
    let traces = stage.traces(&asterisk).await;
    cable.leads_to(None);
    cable.cut();
    let story = stage.story().await;
    assert_eq!(story.the("call.ended")["reason"], "media_lost");
    assert_eq!(story.the("error")["error_type"], "media");
    // Its dialplan hangs up after `Stasis()`.
    asterisk.gone(&channel.id).await;
    stage.nothing_is_left(&asterisk, &traces).await;
    stage.close().await;
}

#[tokio::test]
async fn audio_that_is_cut_again_and_again_is_given_up() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let cable = Cable::new().await;
    let agent = |call: Call| async move {
        call.answer().await?;
        call.ended().await;
        Ok::<_, CallError>(())
    };
    let mut stage = Stage::start(&asterisk, |app| {
        app.advertise(cable.address.to_string()).default(agent)
    })
    .await;
    cable.leads_to(Some(stage.app.media_address()));
    let channel = stage.call(&asterisk, Caller::default()).await;
    for _ in 0..4 {
        stage.until("media.started").await;
        cable.cut();
    }
    let story = stage.story().await;
    assert_eq!(story.count("media.started"), 4, "{}", story.text());
    assert_eq!(story.the("call.ended")["reason"], "media_lost");
    asterisk.gone(&channel.id).await;
    stage.close().await;
}
