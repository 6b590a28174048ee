//! Suites that test providers: the feature `conformance`.

pub mod model;
