//! What does not compile is in `tests/compile_fail/`.
