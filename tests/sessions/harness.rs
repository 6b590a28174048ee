//! An application with one handler, and one caller.

use std::sync::Arc;

use tokio::task::JoinHandle;
use voxtra::prelude::*;
use voxtra::rt::app::{Builder, HandlerOutcome, OnHandlerEnd};
use voxtra::rt::speech::{
    Feed, Parts, ProviderError, ProviderErrorKind, SpeechPart, TextToSpeech, text_by_text,
};

use crate::peer::{FRAME, Observer, Talker, call, media, soon};

pub(crate) struct Harness {
    pub(crate) app: Application,
    pub(crate) observer: Observer,
    pub(crate) talker: Talker,
    heard: JoinHandle<(Vec<i16>, bool)>,
}

/// What came of a call.
pub(crate) struct Outcomes {
    pub(crate) events: Vec<Arc<Event>>,
    /// What the caller heard.
    pub(crate) heard: Vec<i16>,
    /// Whether the agent hung up.
    pub(crate) hung_up: bool,
}

impl Harness {
    /// A caller is connected to this handler.
    pub(crate) async fn new<F, R>(builder: Builder, handler: F) -> Self
    where
        F: Fn(Call) -> R + Send + Sync + 'static,
        R: Future<Output: HandlerOutcome> + Send + 'static,
    {
        let app = builder
            .media(media())
            // Most handlers here do one thing, and leave the end to the caller.
            .on_handler_end(OnHandlerEnd::Nothing)
            .default(handler)
            .start()
            .await
            .unwrap();
        let observer = Observer(app.events());
        let id = app.expect_socket_call("1000");
        let (talker, mut hearer) = call(app.media_address(), id).await;
        let heard = tokio::spawn(async move { hearer.rest().await });
        Self {
            app,
            observer,
            talker,
            heard,
        }
    }

    /// The caller is silent until the agent has hung up.
    pub(crate) async fn listen(mut self) -> Outcomes {
        let over = self.observer.until("session.destroyed");
        let events = tokio::select! {
            events = over => events,
            () = async { self.talker.wait().await; std::future::pending().await } => unreachable!(),
        };
        self.outcomes(events).await
    }

    /// The caller hangs up.
    pub(crate) async fn hang_up(self) -> Outcomes {
        let Self {
            app,
            mut observer,
            talker,
            heard,
        } = self;
        talker.close().await;
        let events = observer.until("session.destroyed").await;
        let (heard, hung_up) = soon("the end of the line", heard).await.unwrap();
        drop(app);
        Outcomes {
            events,
            heard,
            hung_up,
        }
    }

    async fn outcomes(self, events: Vec<Arc<Event>>) -> Outcomes {
        let (heard, hung_up) = soon("the end of the line", self.heard).await.unwrap();
        Outcomes {
            events,
            heard,
            hung_up,
        }
    }
}

impl Outcomes {
    /// How many frames of this loudness were heard.
    pub(crate) fn frames_of(&self, loudness: i16) -> usize {
        self.heard
            .iter()
            .filter(|sample| **sample == loudness)
            .count()
            / FRAME
    }

    /// The data of the events with this name.
    pub(crate) fn data(&self, wire: &str) -> Vec<String> {
        let of_kind = self.events.iter().filter(|event| event.wire() == wire);
        of_kind.map(|event| data(event)).collect()
    }
}

/// The data of an event, as JSON.
pub(crate) fn data(event: &Event) -> String {
    let json = event.to_json();
    let (_, data) = json.split_once("\"data\":").unwrap();
    data.strip_suffix('}').unwrap().to_owned()
}

/// Says `700x25` as 25 frames of the level 700, in chunks that don't fit frames; fails at `!`.
pub(crate) struct Levels;

impl TextToSpeech for Levels {
    fn name(&self) -> &str {
        "levels"
    }

    fn speak(&self, texts: Feed<String>, _: u32) -> Parts<SpeechPart> {
        text_by_text(texts, |text| {
            let fails = text.ends_with('!');
            let (level, frames) = text.trim_end_matches('!').split_once('x').unwrap();
            let samples = vec![level.parse().unwrap(); frames.parse::<usize>().unwrap() * FRAME];
            Parts::made_by(move |out| async move {
                for chunk in samples.chunks(1_001) {
                    out.send(SpeechPart::audio(8_000, chunk.to_vec())).await;
                }
                if fails {
                    let kind = ProviderErrorKind::Unavailable;
                    return Err(ProviderError::new("levels", kind, "the voice failed"));
                }
                Ok(())
            })
        })
    }
}
