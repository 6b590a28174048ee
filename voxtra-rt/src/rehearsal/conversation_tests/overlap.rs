//! The caller over the agent: what is said decides.

use super::*;
use crate::session::OverlapWords;

/// What speech-to-text makes of one utterance.
#[derive(Clone, Debug, Default)]
pub(super) struct Utterance {
    /// The words so far, when this much of its audio was heard.
    partials: Vec<(Duration, &'static str)>,
    /// All of them.
    last: &'static str,
}

pub(super) fn utterance<const N: usize>(
    partials: [(u64, &'static str); N],
    last: &'static str,
) -> Utterance {
    let partials = partials.map(|(at, text)| (ms(at), text)).to_vec();
    Utterance { partials, last }
}

/// Tells the words while they are said, as many providers do.
#[derive(Clone, Default)]
pub(super) struct Prompt(Arc<Mutex<VecDeque<Utterance>>>);

impl Prompt {
    pub(super) fn new(utterances: impl IntoIterator<Item = Utterance>) -> Self {
        Self(Arc::new(Mutex::new(utterances.into_iter().collect())))
    }
}

impl SpeechToText for Prompt {
    fn name(&self) -> &str {
        "prompt"
    }

    fn listen(&self, options: ListenOptions, mut input: Feed<SpeechInput>) -> Parts<Recognition> {
        let script = self.0.clone();
        Parts::made_by(move |out| async move {
            let mut heard = Duration::ZERO;
            let mut now = Utterance::default();
            while let Some(part) = input.next().await {
                match part {
                    SpeechInput::Started => {
                        heard = Duration::ZERO;
                        now = lock(&script).pop_front().unwrap_or_default();
                    }
                    SpeechInput::Audio(samples) => {
                        heard += ms(1_000 * samples.len() as u64 / u64::from(options.rate_hz));
                        while now.partials.first().is_some_and(|(at, _)| *at <= heard) {
                            let text = now.partials.remove(0).1.to_owned();
                            out.send(Recognition::Partial { text }).await;
                        }
                    }
                    SpeechInput::Ended => {
                        let (text, confidence) = (now.last.to_owned(), 1.0);
                        out.send(Recognition::Final { text, confidence }).await;
                    }
                    _ => {}
                }
            }
            Ok(())
        })
    }
}

/// A call to an agent that hears with `heard`.
pub(super) async fn call_heard(
    heard: Prompt,
    model: ScriptedModel,
    agent: AgentSettings,
) -> Caller {
    let rehearsal = Rehearsal::new()
        .language_model(model)
        .handler(move |call: Call| {
            let (heard, agent) = (heard.clone(), agent.clone());
            async move {
                call.set_speech_to_text(Arc::new(heard));
                call.agent().run(&agent).await
            }
        });
    rehearsal.call("1000").await
}

const LONG: &str = "We are open from Monday to Friday, from nine in the morning until five in the \
                    afternoon, but not on the holidays that our town has of its own.";

/// A caller who asked something, and hears the beginning of the long answer.
async fn hearing_long(overlap: Utterance, agent: AgentSettings) -> Caller {
    let question = utterance([], "when are you open");
    let heard = Prompt::new([question, overlap]);
    let mut caller = call_heard(heard, ScriptedModel::new([LONG, "Fine."]), agent).await;
    caller.hears("Hello.").await;
    caller.says("when are you open").await;
    caller.begins_to_hear(LONG).await;
    caller.is_silent_for(ms(1_500)).await;
    caller
}

#[tokio::test(start_paused = true)]
async fn a_single_stop_cuts_the_agent() {
    // Half a second of sound, shorter than the length that interrupts.
    let mut caller = hearing_long(utterance([(300, "stop")], "Stop."), agent()).await;
    caller.says("stop").await;
    caller.hears_it_cut_off().await;
    caller.hears("Fine.").await;
    assert_eq!(caller.transcript().count("barge_in"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_only_the_final_transcript_tells_cuts_too() {
    let mut caller = hearing_long(utterance([], "No."), agent()).await;
    caller.says("no").await;
    caller.hears_it_cut_off().await;
    caller.hears("Fine.").await;
}

#[tokio::test(start_paused = true)]
async fn a_long_backchannel_lets_the_agent_finish() {
    let partials = [
        (500, "Mm-hm"),
        (900, "Mm-hm, okay"),
        (1_200, "Mm-hm, okay, yes"),
    ];
    let overlap = utterance(partials, "Mm-hm, okay, yes, exactly.");
    let mut caller = hearing_long(overlap, agent()).await;
    caller.says("mm-hm okay yes exactly").await;
    caller.hears_the_rest().await;
    let told = caller.transcript();
    assert_eq!(told.count("barge_in"), 0, "{told}");
    // It was held back, and went on.
    assert!(told.to_string().contains("resumed"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn words_behind_a_backchannel_interrupt() {
    let partials = [(500, "Okay"), (900, "Okay but what")];
    let overlap = utterance(partials, "Okay but what about Saturday?");
    let mut caller = hearing_long(overlap, agent()).await;
    caller.says("okay but what about saturday").await;
    caller.hears_it_cut_off().await;
    caller.hears("Fine.").await;
}

#[tokio::test(start_paused = true)]
async fn a_backchannel_whose_words_come_too_late_has_interrupted() {
    let overlap = utterance([], "Mm-hm, okay, yes, exactly.");
    let mut caller = hearing_long(overlap, agent()).await;
    caller.says("mm-hm okay yes exactly").await;
    caller.hears_it_cut_off().await;
    // What was cut can't be taken up again; the words are a turn.
    caller.hears("Fine.").await;
}

#[tokio::test(start_paused = true)]
async fn an_agents_own_words_decide() {
    let overlap = OverlapWords::new().with(|words| words.interruptions = vec!["Basta".to_owned()]);
    let heard = utterance([(300, "basta")], "Basta!");
    let mut caller = hearing_long(heard, agent().language("it").overlap(overlap)).await;
    caller.says("basta").await;
    caller.hears_it_cut_off().await;
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_interrupted_is_not_cut_by_words() {
    let heard = Prompt::new([utterance([(200, "stop")], "Stop.")]);
    let rehearsal = Rehearsal::new().handler(move |call: Call| {
        let heard = heard.clone();
        async move {
            call.set_speech_to_text(Arc::new(heard));
            call.answer().await?;
            call.say(LONG).uninterruptible().await?;
            call.hangup().await
        }
    });
    let mut caller = rehearsal.call("1000").await;
    caller.begins_to_hear(LONG).await;
    caller.is_silent_for(ms(500)).await;
    caller.says("stop").await;
    caller.hears_the_rest().await;
    caller.ended().await;
}
