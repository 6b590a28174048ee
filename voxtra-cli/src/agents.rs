//! The agents that `voxtra serve` has built in, by the names that `[[route]]` uses.

use voxtra_rt::app::Handler;
use voxtra_rt::config::Config;
use voxtra_rt::session::{Call, CallError};

/// Their names.
pub(crate) const NAMES: [&str; 3] = ["echo", "parrot", "announce"];

/// What `announce` says where the configuration has no prompt.
const ANNOUNCEMENT: &str =
    "Hello. This is Voxtra. Your call has arrived, and everything works. Goodbye.";

/// The agent of this name.
///
/// # Errors
/// There is none; which there are.
pub(crate) fn by_name(name: &str, config: &Config) -> Result<Handler, String> {
    match name {
        "echo" => Ok(Handler::new(echo)),
        "parrot" => Ok(Handler::new(parrot)),
        "announce" => {
            // The prompt of that name, or else the first.
            let prompt = config
                .prompts
                .iter()
                .find(|p| p.name == "announce")
                .or(config.prompts.first());
            let prompt = prompt.map(|p| p.name.clone());
            Ok(Handler::new(move |call| announce(call, prompt.clone())))
        }
        _ => Err(format!(
            "there is no agent {name:?}: {} are built in; your own are for programs of your own",
            NAMES.join(", ")
        )),
    }
}

/// The caller hears itself, at once.
async fn echo(call: Call) -> Result<(), CallError> {
    call.answer().await?;
    call.set_echo(true).await;
    call.ended().await;
    Ok(())
}

/// The caller hears each of its sentences again.
async fn parrot(call: Call) -> Result<(), CallError> {
    call.answer().await?;
    let mut stream = call.speech_stream().await?;
    while let Some(words) = stream.utterance().await {
        call.send_audio(&words, stream.rate_hz()).await?;
    }
    Ok(())
}

/// The caller hears an announcement, and the call ends.
async fn announce(call: Call, prompt: Option<String>) -> Result<(), CallError> {
    call.answer().await?;
    // A caller who says "hello?" hears it to its end all the same.
    call.set_barge_in(false).await;
    match prompt {
        Some(prompt) => call.play(&prompt).await?,
        None => call.say(ANNOUNCEMENT).await?,
    };
    call.hangup().await
}

#[cfg(test)]
mod tests {
    use voxtra_rt::rehearsal::Rehearsal;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_caller_who_speaks_over_an_announcement_hears_it_to_its_end() {
        let rehearsal = Rehearsal::new().handler(|call| announce(call, None));
        let mut caller = rehearsal.call("1000").await;
        caller.begins_to_hear(ANNOUNCEMENT).await;
        caller
            .says("Hello? Is anybody there? I can hear a voice.")
            .await;
        caller.hears_the_rest().await;
        let conversation = caller.ended().await;
        assert_eq!(conversation.count("barge_in"), 0, "{conversation}");
    }
}
