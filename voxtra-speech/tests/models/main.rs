//! Language models against doubles of their providers, which are built from the documentation.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod anthropic;
mod double;
mod gemini;
mod openai;
