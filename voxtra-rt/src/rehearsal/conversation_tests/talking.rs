//! What is said and remembered, in which language.

use super::*;

#[tokio::test(start_paused = true)]
async fn an_agent_greets_answers_and_remembers() {
    let model = ScriptedModel::new(["We open at nine. On Sundays we are closed.", "Goodbye."]);
    let (mut caller, history) = call(model.clone(), agent()).await;
    caller.hears("Hello.").await;
    caller.says("when do you open").await;
    caller
        .hears("We open at nine. On Sundays we are closed.")
        .await;
    caller.says("thank you").await;
    caller.hears("Goodbye.").await;
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    assert_eq!(conversation.count("error"), 0, "{conversation}");
    let expected = [
        Message::assistant("Hello."),
        user("when do you open"),
        Message::assistant("We open at nine. On Sundays we are closed."),
        user("thank you"),
        Message::assistant("Goodbye."),
    ];
    assert_eq!(*lock(&history), expected);
    let asked = model.asked();
    assert_eq!(
        asked[0].messages[0],
        Message::System("Be brief.".to_owned())
    );
    assert_eq!(asked[1].messages[1..], expected[..4]);
}

#[tokio::test(start_paused = true)]
async fn the_first_sentence_is_heard_while_the_model_still_writes() {
    let reply = ScriptedReply::says("One moment please. I ");
    let model = ScriptedModel::new([reply.pauses(ms(5_000)).then("found it.")]);
    let (mut caller, _) = call(model, agent()).await;
    caller.hears("Hello.").await;
    caller.says("where is my order").await;
    caller.sees(EventKind::TurnEnded).await;
    let asked = tokio::time::Instant::now();
    caller.begins_to_hear("One moment please.").await;
    assert!(
        asked.elapsed() < Duration::from_secs(1),
        "{:?}",
        asked.elapsed()
    );
    caller.hears_the_rest().await;
    let transcript = caller.transcript().to_string();
    assert!(
        transcript.contains("One moment please. I found it."),
        "{transcript}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_language_is_heard_and_spoken() {
    struct German(Arc<Mutex<Vec<Option<String>>>>);
    impl SpeechToText for German {
        fn name(&self) -> &str {
            "german"
        }
        fn listen(
            &self,
            options: ListenOptions,
            mut input: Feed<SpeechInput>,
        ) -> Parts<Recognition> {
            lock(&self.0).push(options.language);
            Parts::made_by(|out| async move {
                while let Some(part) = input.next().await {
                    if part == SpeechInput::Ended {
                        let (text, confidence) = ("was kostet das".to_owned(), 1.0);
                        out.send(Recognition::Final { text, confidence }).await;
                    }
                }
                Ok(())
            })
        }
    }
    let languages = Arc::new(Mutex::new(Vec::new()));
    let asked = languages.clone();
    let model = ScriptedModel::new(["Das kostet 5 €."]);
    let rehearsal = Rehearsal::new()
        .language_model(model)
        .handler(move |call: Call| {
            let german = Arc::new(German(asked.clone()));
            async move {
                call.set_speech_to_text(german);
                // Another model does not disturb who listens.
                call.set_language_model(Arc::new(ScriptedModel::new(["Das kostet 5 €."])));
                call.agent().run(&agent().language("de")).await
            }
        });
    let mut caller = rehearsal.call("1000").await;
    caller.hears("Hello.").await;
    caller.says("was kostet das").await;
    caller.hears("Das kostet 5 Euro.").await;
    caller.hangs_up().await;
    caller.ended().await;
    assert_eq!(*lock(&languages), [Some("de".to_owned())]);
}
