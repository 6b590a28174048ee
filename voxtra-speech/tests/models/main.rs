//! Language models against doubles of their providers, which are built from the documentation.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod anthropic;
mod double;
mod gemini;
mod openai;

use std::sync::Arc;

use voxtra_speech::conformance::model::{Scenario, Subject, TEXT, check_one};
use voxtra_speech::{Reply, ScriptedModel};

#[tokio::test]
#[should_panic(expected = "Text: all text at once")]
async fn a_model_that_does_not_stream_does_not_conform() {
    let model = ScriptedModel::new([Reply::new(TEXT)]);
    check_one(Scenario::Text, Subject::new(Arc::new(model))).await;
}

#[tokio::test]
#[should_panic(expected = "BreaksOff: no error")]
async fn a_model_that_hides_a_failure_does_not_conform() {
    let model = ScriptedModel::new([Reply::new(TEXT)]);
    check_one(Scenario::BreaksOff, Subject::new(Arc::new(model))).await;
}
