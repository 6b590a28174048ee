//! What `voxtra!` says about mistakes in `events { … }`: on which token, and in which words.

#[test]
fn mistakes_in_events_are_explained() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
