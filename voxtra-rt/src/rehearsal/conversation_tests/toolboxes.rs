//! Tools that are known only when a call comes.

use super::*;
use crate::session::{HandlerError, Tool, Toolbox};
use crate::speech::BoxFuture;

/// What a toolbox does when it is asked.
#[derive(Clone, Copy)]
enum Has {
    /// A tool of this name.
    Tool(&'static str),
    Nobody,
    /// It never answers.
    Never,
    Needed,
}

struct Crm(Has);

impl Toolbox for Crm {
    fn name(&self) -> &str {
        "crm"
    }

    fn tools(&self) -> BoxFuture<'_, Result<Vec<Arc<dyn Tool>>, HandlerError>> {
        Box::pin(async move {
            match self.0 {
                Has::Tool(name) => {
                    let spec = ToolSpec::new(name, "", json!({ "type": "object" }));
                    let tool = FnTool::new(spec, |_: Call, _| async { Ok("7 orders".to_owned()) });
                    Ok(vec![Arc::new(tool) as _])
                }
                Has::Never => std::future::pending().await,
                Has::Nobody | Has::Needed => Err("it ended: exit status: 1".into()),
            }
        })
    }

    fn is_required(&self) -> bool {
        matches!(self.0, Has::Needed)
    }
}

#[tokio::test(start_paused = true)]
async fn an_agent_has_the_tools_of_its_toolboxes() {
    let model = ScriptedModel::new([
        ScriptedReply::default().calls("crm__lookup", json!({})),
        ScriptedReply::says("Seven."),
    ]);
    // The same name a second time is not used, and is told.
    let agent = agent()
        .toolbox(Crm(Has::Tool("crm__lookup")))
        .toolbox(Crm(Has::Tool("hang_up")))
        .tool(tools::hang_up());
    let (mut caller, _) = call(model.clone(), agent).await;
    caller.hears("Hello.").await;
    caller.says("how many orders").await;
    caller.hears("Seven.").await;
    let asked = model.asked();
    let names: Vec<&str> = asked[0]
        .tools
        .iter()
        .map(|tool| tool.name.as_str())
        .collect();
    assert_eq!(names, ["hang_up", "crm__lookup"]);
    assert_eq!(asked[1].messages.last().unwrap().text(), "7 orders");
    caller.hangs_up().await;
    let conversation = caller.ended().await;
    let told = "there is another tool named hang_up, which is used";
    assert!(conversation.to_string().contains(told), "{conversation}");
}

#[tokio::test(start_paused = true)]
async fn an_agent_goes_on_without_tools_that_are_not_there() {
    for (has, why) in [
        (
            Has::Nobody,
            "crm: it ended: exit status: 1; the agent goes on without these tools",
        ),
        (
            Has::Never,
            "crm: nothing within 20 s; the agent goes on without these tools",
        ),
    ] {
        let model = ScriptedModel::new([ScriptedReply::says("I can't tell.")]);
        let (mut caller, _) = call(model.clone(), patient().toolbox(Crm(has))).await;
        caller.hears("Hello.").await;
        caller.says("how many orders").await;
        caller.hears("I can't tell.").await;
        assert!(model.asked()[0].tools.is_empty());
        caller.hangs_up().await;
        let conversation = caller.ended().await;
        assert!(conversation.to_string().contains(why), "{conversation}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_is_not_answered_without_tools_that_are_required() {
    let model = ScriptedModel::new([ScriptedReply::says("Never said.")]);
    let (rehearsal, _) = remembering(model, agent().toolbox(Crm(Has::Needed)));
    let caller = rehearsal.call("1000").await;
    let conversation = caller.ended().await;
    assert_eq!(conversation.count("call.answered"), 0, "{conversation}");
    assert!(
        conversation.to_string().contains("crm: it ended"),
        "{conversation}"
    );
}
