//! Suites that test providers: the feature `conformance`.

pub mod model;
pub mod voice;
