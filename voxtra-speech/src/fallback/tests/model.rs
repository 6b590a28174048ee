use std::sync::Arc;

use tokio::time::{Instant, advance, sleep};

use ProviderErrorKind::{Auth, Protocol, RateLimited, Rejected, Timeout, Unavailable};

use super::super::super::{
    FallbackModel, LanguageModel, Message, ModelRequest, Reply, ReplyPart, StopReason, ToolCall,
};
use super::*;

struct Model {
    name: &'static str,
    script: Script<ReplyPart>,
    told: Mutex<Vec<ModelRequest>>,
}

impl LanguageModel for Model {
    fn name(&self) -> &str {
        self.name
    }

    fn reply(&self, request: ModelRequest) -> Parts<ReplyPart> {
        self.told.lock().unwrap().push(request);
        let well = || Reply::new(self.name).into_parts();
        self.script.next().unwrap_or_else(well)
    }
}

/// A model that follows the script, and then answers with its name.
fn model<const N: usize>(name: &'static str, script: [Parts<ReplyPart>; N]) -> Arc<Model> {
    Arc::new(Model {
        name,
        script: Script::new(script),
        told: Mutex::default(),
    })
}

fn fallback(models: &[&Arc<Model>]) -> FallbackModel {
    let models = models
        .iter()
        .map(|model| Arc::clone(*model) as Arc<dyn LanguageModel>);
    FallbackModel::new(models.collect()).unwrap()
}

async fn ask(model: &FallbackModel) -> Result<String, ProviderError> {
    let request = ModelRequest::new(vec![Message::User("Hi".to_owned())]);
    Reply::collect(model.reply(request))
        .await
        .map(|reply| reply.text)
}

fn text(text: &str) -> ReplyPart {
    ReplyPart::Text(text.to_owned())
}

fn tool(name: &str) -> ReplyPart {
    ReplyPart::ToolCall(ToolCall {
        id: name.to_owned(),
        name: name.to_owned(),
        arguments: "{}".to_owned(),
    })
}

#[test]
fn there_must_be_a_model() {
    assert!(FallbackModel::new(Vec::new()).is_none());
}

#[tokio::test(start_paused = true)]
async fn the_next_is_asked_the_same_when_one_fails_before_any_text() {
    for kind in [
        Auth,
        RateLimited { retry_after: None },
        Timeout,
        Rejected,
        Protocol,
    ] {
        let (a, b) = (model("a", [fails(kind)]), model("b", []));
        assert_eq!(
            ask(&fallback(&[&a, &b])).await.as_deref(),
            Ok("b"),
            "{kind:?}"
        );
        assert_eq!((a.script.asked(), b.script.asked()), (1, 1), "{kind:?}");
        assert_eq!(*a.told.lock().unwrap(), *b.told.lock().unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn the_parts_tell_which_one_answers() {
    let (a, b) = (model("a", [fails(Auth)]), model("b", []));
    let mut reply = fallback(&[&a, &b]).reply(ModelRequest::default());
    assert_eq!(reply.provider().as_deref(), Some("a"));
    assert_eq!(reply.next().await, Some(Ok(text("b"))));
    assert_eq!(reply.provider().as_deref(), Some("b"));
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_is_tried_once_more() {
    let (a, b) = (model("a", [fails(Unavailable)]), model("b", []));
    assert_eq!(ask(&fallback(&[&a, &b])).await.as_deref(), Ok("a"));
    assert_eq!((a.script.asked(), b.script.asked()), (2, 0));

    let a = model("a", [fails(Unavailable), fails(Unavailable)]);
    assert_eq!(ask(&fallback(&[&a, &b])).await.as_deref(), Ok("b"));
    assert_eq!(a.script.asked(), 2);
    // Not after its first part.
    let a = model("a", [breaks([tool("x")], Unavailable)]);
    assert_eq!(ask(&fallback(&[&a, &b])).await.as_deref(), Ok("b"));
    assert_eq!(a.script.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_first_part_has_a_time_limit_if_there_is_a_next() {
    let slow = || {
        Parts::made_by(|out| async move {
            sleep(seconds(20)).await;
            out.send(text("slow")).await;
            out.send(ReplyPart::Done(StopReason::End)).await;
            Ok(())
        })
    };
    let start = Instant::now();
    let (a, b) = (model("a", [hangs()]), model("b", [slow()]));
    let model = fallback(&[&a, &b]).first_part_within(seconds(2));
    assert_eq!(ask(&model).await.as_deref(), Ok("slow"));
    assert_eq!(start.elapsed().as_secs(), 22);
}

#[tokio::test(start_paused = true)]
async fn what_was_said_is_not_said_again() {
    let a = model("a", [breaks([text("Hel")], Unavailable)]);
    let b = model("b", []);
    let mut reply = fallback(&[&a, &b]).reply(ModelRequest::default());
    assert_eq!(reply.next().await, Some(Ok(text("Hel"))));
    assert_eq!(reply.next().await, Some(Err(error(Unavailable))));
    assert_eq!(reply.next().await, None);
    assert_eq!((a.script.asked(), b.script.asked()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn tool_calls_are_made_by_one_model_only() {
    let a = model("a", [breaks([tool("a"), text("")], Protocol)]);
    let done = ReplyPart::Done(StopReason::ToolCalls);
    let b = model("b", [Parts::whole([tool("b"), done.clone()])]);
    let reply = fallback(&[&a, &b]).reply(ModelRequest::default());
    assert_eq!(reply.collect().await, Ok(vec![tool("b"), done]));
    // In order, where there is text.
    let parts = [
        tool("x"),
        text("y"),
        tool("z"),
        ReplyPart::Done(StopReason::ToolCalls),
    ];
    let a = model("a", [Parts::whole(parts.clone())]);
    let reply = fallback(&[&a]).reply(ModelRequest::default());
    assert_eq!(reply.collect().await, Ok(parts.to_vec()));
}

#[tokio::test(start_paused = true)]
async fn a_reply_without_end_is_a_failure() {
    let (a, b) = (model("a", [Parts::whole([])]), model("b", []));
    assert_eq!(ask(&fallback(&[&a, &b])).await.as_deref(), Ok("b"));
}

#[tokio::test(start_paused = true)]
async fn when_all_fail_the_error_says_why() {
    let (a, b) = (model("a", [fails(Auth)]), model("b", [fails(Timeout)]));
    let error = ask(&fallback(&[&a, &b])).await.unwrap_err();
    assert_eq!((error.provider.as_str(), error.kind), ("a or b", Timeout));
    assert_eq!(error.message, "all failed: scripted: gone; scripted: gone");
    let a = model("a", [fails(Auth)]);
    assert_eq!(ask(&fallback(&[&a])).await, Err(super::error(Auth)));
}

#[tokio::test(start_paused = true)]
async fn a_model_that_fails_is_left_out_and_tried_again() {
    let a = model(
        "a",
        [
            fails(Timeout),
            fails(Timeout),
            fails(Timeout),
            fails(Timeout),
        ],
    );
    let b = model("b", []);
    let model = fallback(&[&a, &b]);
    for asked in [1, 2, 3, 3, 3] {
        // All calls share what is known.
        assert_eq!(ask(&model.clone()).await.as_deref(), Ok("b"));
        assert_eq!(a.script.asked(), asked);
    }
    advance(seconds(5)).await;
    ask(&model).await.unwrap();
    assert_eq!(a.script.asked(), 4);
    advance(seconds(9)).await;
    ask(&model).await.unwrap();
    assert_eq!(a.script.asked(), 4);
    advance(seconds(1)).await;
    assert_eq!(ask(&model).await.as_deref(), Ok("a"));
    assert_eq!(ask(&model).await.as_deref(), Ok("a"));
}

#[tokio::test(start_paused = true)]
async fn a_model_is_left_out_for_as_long_as_it_asks() {
    let retry_after = Some(seconds(60));
    let a = model("a", [fails(RateLimited { retry_after })]);
    let b = model("b", []);
    let model = fallback(&[&a, &b]);
    assert_eq!(ask(&model).await.as_deref(), Ok("b"));
    advance(seconds(59)).await;
    assert_eq!(ask(&model).await.as_deref(), Ok("b"));
    advance(seconds(1)).await;
    assert_eq!(ask(&model).await.as_deref(), Ok("a"));
}

#[tokio::test(start_paused = true)]
async fn if_all_are_left_out_the_one_due_soonest_is_asked() {
    let limited = |s| {
        fails(RateLimited {
            retry_after: Some(seconds(s)),
        })
    };
    let (a, b, c) = (
        model("a", [limited(60)]),
        model("b", [limited(20)]),
        model("c", [limited(40)]),
    );
    let model = fallback(&[&a, &b, &c]);
    ask(&model).await.unwrap_err();
    assert_eq!(ask(&model).await.as_deref(), Ok("b"));
    assert_eq!(
        (a.script.asked(), b.script.asked(), c.script.asked()),
        (1, 2, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn one_call_probes_at_a_time_and_may_give_up() {
    let (a, b) = (model("a", [fails(Auth), hangs()]), model("b", []));
    let model = fallback(&[&a, &b]);
    ask(&model).await.unwrap();
    advance(seconds(5)).await;
    let mut probe = model.reply(ModelRequest::default());
    let waiting = tokio::time::timeout(seconds(1), probe.next()).await;
    assert!(waiting.is_err());
    assert_eq!(ask(&model).await.as_deref(), Ok("b"));
    drop(probe);
    assert_eq!(ask(&model).await.as_deref(), Ok("a"));
}
