//! Real conversations: a caller with a SIP telephone and a synthesised voice, the real Asterisk,
//! `voxtra serve`, and an agent that hears with Whisper, thinks with llama.cpp and speaks with
//! piper. `tests/ai/run.sh` runs them; those that take minutes with `--long`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../asterisk/mod.rs"]
mod asterisk;
mod caller;
mod serve;
mod stack;
mod words;

use std::time::Duration;

use serde_json::Value;
use tokio::sync::Mutex;

use asterisk::Asterisk;
use caller::Caller;
use serve::Serve;
use stack::{Stack, Utterance};
use words::{Share, understood, words};

/// Longer than anything may take with models on two cores that others use as well.
const PATIENCE: Duration = Duration::from_secs(60);
/// The share of words that Whisper tiny must understand over the telephone. Two unrelated sentences
/// share less than a third of their words in their order.
const ENOUGH: f64 = 0.5;

/// One conversation at a time: two would share the models.
static TURN: Mutex<()> = Mutex::const_new(());

/// An agent whose answers are long.
const TELLER: &str = r#"
[agent.teller]
instructions = """
You tell stories on the telephone.

Caller: Tell me about the sea.
Agent: The sea is wide and blue, and it covers most of the earth. Long ago people sailed over it in small boats of wood. They looked at the stars to find their way, and they sang to keep awake. Many of them came home with fish, and some of them came home with gold. Their children waited for them at the harbour, and when they saw the sails they ran and shouted.
"""
greeting = "Hello. What shall I tell you about?"
speech_to_text = "whisper"
language_model = "local"
text_to_speech = "piper"

[[route]]
extension = "2000"
agent = "teller"

[[route]]
default = true
agent = "reception"
"#;

/// A turn, as it was meant and as it was heard.
struct Turn {
    question: String,
    /// The question as the agent understood it.
    understood: String,
    /// What the agent said.
    answer: String,
    heard: Vec<i16>,
}

/// Asks, waits for the whole answer, and returns both. `number` counts the turns of the call.
async fn ask(caller: &Caller, serve: &Serve, number: usize, question: &Utterance) -> Turn {
    let said = serve.all("agent.speech.ended").len();
    let from = caller.now();
    caller.says(question).await;
    // It comes when the answer has been said.
    serve.until("agent.response", number).await;
    caller.hears_nothing(0.6, serve).await;
    let answer = serve.all("agent.speech.ended").split_off(said);
    Turn {
        question: question.text.clone(),
        understood: text(&serve.until("user.transcript", number).await),
        answer: answer.iter().map(text).collect::<Vec<_>>().join(" "),
        heard: caller.heard(from),
    }
}

fn text(data: &Value) -> String {
    data["text"].as_str().unwrap().trim().to_owned()
}

/// The greeting has been heard: all there is of it.
async fn greeted(caller: &Caller, serve: &Serve) -> Vec<i16> {
    serve.until("agent.speech.ended", 1).await;
    caller.hears_nothing(0.4, serve).await;
    caller.heard(0)
}

/// The agent understood the caller, and the caller the agent, in these turns together.
async fn understood_each_other(stack: &Stack, serve: &Serve, turns: &[Turn]) {
    let (mut by_agent, mut by_caller) = (Share::default(), Share::default());
    for turn in turns {
        let heard = stack.understands(&turn.heard).await;
        println!("caller: {}\n        {}", turn.question, turn.understood);
        println!("agent:  {}\n        {heard}", turn.answer);
        by_agent.add(&turn.question, &turn.understood);
        by_caller.add(&turn.answer, &heard);
    }
    let shares = (by_agent.get(), by_caller.get());
    println!("words understood by the agent and by the caller: {shares:.2?}");
    assert!(
        shares.0 >= ENOUGH && shares.1 >= ENOUGH,
        "{shares:?} {}",
        serve.story()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_is_a_conversation_with_the_stack() {
    let Some(_stack) = Stack::get() else {
        return;
    };
    let _turn = TURN.lock().await;
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo-ai");
    let _ = std::fs::remove_dir_all(&folder);
    // It reads the ports of this run from the environment.
    let run = tokio::process::Command::new(serve::program())
        .args(["demo", "--ai", "--out"])
        .arg(&folder)
        .kill_on_drop(true)
        .output();
    let run = tokio::time::timeout(PATIENCE * 6, run)
        .await
        .unwrap()
        .unwrap();
    let said = String::from_utf8(run.stdout).unwrap();
    println!("{said}");
    assert!(
        run.status.success(),
        "{said}\n{:?}",
        String::from_utf8(run.stderr)
    );
    // Each of the caller's turns was heard, answered and measured, and one was an interruption.
    assert_eq!(said.matches("  caller  ").count(), 4, "{said}");
    assert_eq!(said.matches("understood: “").count(), 4, "{said}");
    assert!(said.matches("  agent   ").count() >= 5, "{said}");
    assert_eq!(said.matches("of silence, end of turn").count(), 4, "{said}");
    assert!(said.contains("the caller interrupts"), "{said}");
    let events = std::fs::read_to_string(folder.join("events.jsonl")).unwrap();
    assert_eq!(events.matches("\"turn.measured\"").count(), 4, "{said}");
    let report = std::fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(report.contains("speech-to-text") && report.contains("data:audio/wav;base64,"));
    assert!(folder.join("call.wav").is_file());
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_is_answered_in_words_that_the_caller_understands() {
    let (Some(asterisk), Some(stack)) = (Asterisk::get().await, Stack::get()) else {
        return;
    };
    let _turn = TURN.lock().await;
    let question = stack.speaks("What time do you open on Mondays?").await;
    let serve = Serve::start(&asterisk, &stack, |file| file, "").await;
    let caller = Caller::calls(&asterisk, &serve, "1000").await;
    let greeting = greeted(&caller, &serve).await;
    let mut turns = vec![ask(&caller, &serve, 1, &question).await];
    caller.hangs_up().await;
    serve.until("call.ended", 1).await;

    turns[0].answer = format!("Hello, this is Acme. How can I help? {}", turns[0].answer);
    turns[0].heard.splice(..0, greeting);
    understood_each_other(&stack, &serve, &turns).await;
    let story = serve.story();
    assert_eq!(serve.all("error").len(), 0, "{story}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_interrupts_an_answer_is_remembered_to_have_heard_its_beginning() {
    let (Some(asterisk), Some(stack)) = (Asterisk::get().await, Stack::get()) else {
        return;
    };
    let _turn = TURN.lock().await;
    let question = stack.speaks("Tell me about the mountains.").await;
    let interruption = "Stop. Please stop now. What is your name?";
    let interruption = stack.speaks(interruption).await;
    let serve = Serve::start(&asterisk, &stack, |file| file, TELLER).await;
    let caller = Caller::calls(&asterisk, &serve, "2000").await;
    greeted(&caller, &serve).await;
    caller.says(&question).await;
    let from = caller.now();
    caller.hears(from, 2.5, &serve).await;
    let said = caller.begins(&interruption);
    serve.until("barge_in", 1).await;
    let cut_at = caller.now();
    caller.hears_nothing(0.5, &serve).await;
    let went_on_for = caller.last_heard(cut_at);
    said.await.unwrap();
    let told = caller.heard(from);
    // The second question to the model has the first answer as the caller heard it.
    let asked: Value = serve
        .until_that("the next question to the model", || {
            serve.asked().into_iter().nth(1)
        })
        .await;
    serve.until("agent.response", 2).await;
    caller.hangs_up().await;
    serve.until("call.ended", 1).await;

    let story = serve.story();
    assert!(went_on_for < 0.5, "{went_on_for} s; {story}");
    let ended = serve.all("agent.speech.ended");
    let cut = ended
        .iter()
        .find(|said| said["interrupted"] == true)
        .expect(&story);
    let remembered = asked
        .as_array()
        .unwrap()
        .iter()
        .rfind(|message| message["role"] == "assistant")
        .unwrap_or_else(|| panic!("{asked}"));
    let remembered = remembered["content"].as_str().unwrap();
    let whole = serve.until("agent.response", 1).await;
    let whole = whole["text"].as_str().unwrap();
    let heard = stack.understands(&told).await;
    let told =
        format!("remembered: {remembered}\nheard: {heard}\nwhole: {whole}\ncut: {cut}\n{story}");
    println!("remembered: {remembered}\n            {heard}");
    // A beginning of the answer, and no more of it than was heard, but for a word or two.
    let (count, of) = (words(remembered).len(), words(whole).len());
    assert!(count > 2 && count < of, "{told}");
    assert_eq!(words(remembered)[..3], words(whole)[..3], "{told}");
    assert!(understood(remembered, &heard) >= ENOUGH, "{told}");
    assert!(count <= words(&heard).len() + 3, "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_turns_in_a_row_are_understood_by_both_sides() {
    let (true, Some(asterisk), Some(stack)) = (Stack::long(), Asterisk::get().await, Stack::get())
    else {
        return;
    };
    let _turn = TURN.lock().await;
    let mut questions = Vec::new();
    for question in [
        "Can I pay with my credit card?",
        "What time do you open on Mondays?",
        "Can you repair a flat tire by tomorrow?",
        "How much does a new chain cost?",
        "Is there a parking lot behind your shop?",
        "Do you have electric bicycles in the shop?",
        "Where can I park my car?",
        "Are you open on Saturday afternoon?",
        "Can somebody call me back this evening?",
        "What is the name of your shop?",
    ] {
        questions.push(stack.speaks(question).await);
    }
    let serve = Serve::start(&asterisk, &stack, |file| file, "").await;
    let caller = Caller::calls(&asterisk, &serve, "1000").await;
    greeted(&caller, &serve).await;
    let mut turns = Vec::new();
    for (at, question) in questions.iter().enumerate() {
        turns.push(ask(&caller, &serve, at + 1, question).await);
    }
    caller.hangs_up().await;
    serve.until("call.ended", 1).await;

    understood_each_other(&stack, &serve, &turns).await;
    let story = serve.story();
    assert_eq!(serve.all("user.transcript").len(), 10, "{story}");
    // The last question to the model has the whole conversation.
    let last = serve.asked().pop().unwrap();
    let said_by = |role: &str| {
        let messages = last.as_array().unwrap().iter();
        let its = messages.filter(|message| message["role"] == role);
        its.map(|message| message["content"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let understood: Vec<_> = turns.iter().map(|turn| turn.understood.clone()).collect();
    assert!(said_by("user").ends_with(&understood), "{last}");
    // The greeting and nine answers.
    assert_eq!(said_by("assistant").len(), 10, "{last}");
    assert_eq!(serve.all("error").len(), 0, "{story}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_a_speech_to_text_dies_in_mid_call_the_next_one_takes_over() {
    let (true, Some(asterisk), Some(stack)) = (Stack::long(), Asterisk::get().await, Stack::get())
    else {
        return;
    };
    let _turn = TURN.lock().await;
    let spare = format!(
        "\n[provider.first]\nkind = \"wyoming\"\nbase_url = \"tcp://{}\"\n",
        stack.spare_whisper
    );
    let both = |file: String| {
        let one = "speech_to_text = \"whisper\"";
        assert!(file.contains(one), "{file}");
        file.replace(one, "speech_to_text = [\"first\", \"whisper\"]")
    };
    let questions = [
        stack.speaks("What time do you open on Mondays?").await,
        stack
            .speaks("Can I pay with my credit card at your shop?")
            .await,
        stack.speaks("What is the name of your shop?").await,
    ];
    let serve = Serve::start(&asterisk, &stack, both, &spare).await;
    let caller = Caller::calls(&asterisk, &serve, "1000").await;
    greeted(&caller, &serve).await;
    let before = ask(&caller, &serve, 1, &questions[0]).await;
    // It dies while it hears the second question.
    let dies = async {
        serve.until("user.speech.started", 2).await;
        stack.kill_spare_whisper().await;
    };
    let (during, ()) = tokio::join!(ask(&caller, &serve, 2, &questions[1]), dies);
    let later = ask(&caller, &serve, 3, &questions[2]).await;
    caller.hangs_up().await;
    serve.until("call.ended", 1).await;

    let turns = [before, during, later];
    understood_each_other(&stack, &serve, &turns).await;
    let story = serve.story();
    let words = understood(&turns[1].question, &turns[1].understood);
    assert!(words >= ENOUGH, "{story}");
    assert_eq!(serve.all("user.transcript").len(), 3, "{story}");
    assert!(serve.log().contains("provider fails"), "{story}");
}
