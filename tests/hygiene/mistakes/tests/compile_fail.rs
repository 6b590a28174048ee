//! What `voxtra!` says about mistakes in `session … { … }`: on which token, and in which words.
//! Those in `events { … }` are in `voxtra-core/tests/compile_fail`.

#[test]
fn mistakes_in_sessions_are_explained() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
