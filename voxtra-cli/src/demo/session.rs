//! The demo's agent: an ordinary session, as anybody would write it.

use std::time::Duration;

use voxtra::voxtra;
use voxtra_core::event::Text;
use voxtra_rt::session::AudioStream;

use super::story::line;

voxtra! {
    events {
        /// The caller keyed in something and ended it with hash.
        keys.entered {
            /// The keys, without the hash.
            keys: Text<16>
        }
    }

    session Parrot {
        route extension "1000";
        state { words: Option<AudioStream> = None, turns: u32 = 0 }

        on call.started {
            call.answer().await?;
            state.words = Some(call.speech_stream().await?);
            call.say(line::HELLO).await?;
        }

        on turn.ended if state.turns == 0 {
            state.turns = 1;
            let Some(stream) = &mut state.words else { return Ok(()) };
            let (rate_hz, words) = (stream.rate_hz(), said(stream).await);
            call.say(line::YOU_SAID).await?;
            call.send_audio(&words, rate_hz).await?;
            call.say(line::EXPLAIN).await?;
        }

        on turn.ended if state.turns == 1 {
            state.turns = 2;
            call.say(line::PRESS).await?;
            let keys = call.listen_dtmf(16, Duration::from_secs(5)).await?;
            call.emit(KeysEntered { keys: Text::truncated(&keys) }).await;
            if keys == "42" {
                call.say(line::GOODBYE).await?;
            }
        }
    }
}

/// What the caller said in the turn that has just ended.
async fn said(stream: &mut AudioStream) -> Vec<i16> {
    let mut words = Vec::new();
    // Everything is there already: the turn is over. A sentence with a pause is two utterances.
    while let Ok(Some(utterance)) =
        tokio::time::timeout(Duration::from_millis(20), stream.utterance()).await
    {
        words.extend(utterance);
    }
    words
}
