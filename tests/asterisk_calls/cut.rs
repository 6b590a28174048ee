//! The cable between Asterisk and us is cut in the middle of a call.

use std::net::SocketAddr;

use voxtra::prelude::*;
use voxtra::rt::ari::Channel;

use crate::asterisk::cable::Cable;
use crate::asterisk::harness::Harness;
use crate::asterisk::{Asterisk, Call as Caller};

/// Answers and stays.
async fn stays(call: Call) -> Result<(), CallError> {
    call.answer().await?;
    call.ended().await;
    Ok(())
}

/// An agent whose audio comes through a cable, and a caller whom it has answered.
struct Conversation {
    asterisk: Asterisk,
    cable: Cable,
    harness: Harness,
    caller: Channel,
}

impl Conversation {
    /// `None` where there is no Asterisk.
    async fn with<R>(agent: fn(Call) -> R) -> Option<Self>
    where
        R: Future<Output = Result<(), CallError>> + Send + 'static,
    {
        let asterisk = Asterisk::get().await?;
        let cable = Cable::new().await;
        let mut harness = Harness::start(&asterisk, |app| {
            app.advertise(cable.address.to_string()).default(agent)
        })
        .await;
        cable.leads_to(Some(harness.app.media_address()));
        let caller = harness.call(&asterisk, Caller::default()).await;
        harness.until("media.started").await;
        Some(Self {
            asterisk,
            cable,
            harness,
            caller,
        })
    }

    /// Its dialplan hangs up after `Stasis()`.
    async fn leaves_no_caller_behind(self) {
        self.asterisk.gone(&self.caller.id).await;
        self.harness.close().await;
    }
}

#[tokio::test]
async fn audio_that_is_cut_is_connected_again_within_the_same_session() {
    async fn agent(call: Call) -> Result<(), CallError> {
        call.answer().await?;
        let mut media = call.events_from_now();
        let stopped = media.find(|event| (event.wire() == "media.stopped").then_some(()));
        assert!(stopped.await.is_some());
        // Waits for the audio that comes back.
        let spoken = call.say("You said:").await?;
        assert!(spoken.completed);
        call.hangup().await
    }
    let Some(mut talk) = Conversation::with(agent).await else {
        return;
    };
    talk.cable.cut();
    let story = talk.harness.story().await;
    assert_eq!(story.count("media.started"), 2, "{}", story.text());
    assert_eq!(story.count("media.stopped"), 2, "{}", story.text());
    assert_eq!(story.count("error"), 0, "{}", story.text());
    assert_eq!(story.the("call.ended")["reason"], "normal_clearing");
    talk.leaves_no_caller_behind().await;
}

#[tokio::test]
async fn a_caller_whose_audio_is_lost_for_good_is_not_left_behind() {
    let Some(mut talk) = Conversation::with(stays).await else {
        return;
    };
    let traces = talk.harness.traces(&talk.asterisk).await;
    talk.cable.leads_to(None);
    talk.cable.cut();
    let story = talk.harness.story().await;
    assert_eq!(story.the("call.ended")["reason"], "media_lost");
    assert_eq!(story.the("error")["error_type"], "media");
    talk.harness.nothing_is_left(&talk.asterisk, &traces).await;
    talk.leaves_no_caller_behind().await;
}

#[tokio::test]
async fn audio_that_is_cut_again_and_again_is_given_up() {
    let Some(mut talk) = Conversation::with(stays).await else {
        return;
    };
    talk.cable.cut();
    for _ in 0..3 {
        talk.harness.until("media.started").await;
        talk.cable.cut();
    }
    let story = talk.harness.story().await;
    assert_eq!(story.count("media.started"), 4, "{}", story.text());
    assert_eq!(story.the("call.ended")["reason"], "media_lost");
    talk.leaves_no_caller_behind().await;
}

#[tokio::test]
async fn a_transferred_caller_does_not_stay_alone_when_the_other_party_leaves_untold() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let cable = Cable::new().await;
    let url = asterisk.settings("x").url;
    let there = SocketAddr::from(([127, 0, 0, 1], url.port().unwrap()));
    cable.leads_to(Some(there));
    let transfer = |call: Call| async move {
        call.answer().await?;
        call.transfer("Local/echo@voxtra-test/n").await
    };
    let far = asterisk.through(cable.address).await;
    let mut harness = Harness::start(&far, |app| app.default(transfer)).await;
    let caller = harness.call(&asterisk, Caller::default()).await;
    let session = harness.session().await;
    harness.until("call.transferred").await;
    let bridges = asterisk.bridges().await;
    let bridge = bridges
        .iter()
        .find(|(_, channels)| channels.iter().any(|channel| channel == session.id()));
    let parties = &bridge.expect("a bridge of both").1;
    let other = parties
        .iter()
        .find(|channel| *channel != session.id())
        .unwrap();
    // The other party hangs up while nobody can be told.
    cable.leads_to(None);
    cable.cut();
    let ari = asterisk.client("x");
    ari.channel(other)
        .hangup(&Default::default())
        .await
        .unwrap();
    asterisk.gone(other).await;
    assert_eq!(harness.app.calls().len(), 1);
    cable.leads_to(Some(there));
    let story = harness.story().await;
    let ended = story.the("call.ended");
    assert_eq!(ended["ended_by"], "other_party", "{}", story.text());
    asterisk.gone(&caller.id).await;
    harness.close().await;
}
