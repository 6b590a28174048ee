//! What is generated is what the generator writes.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::Command;

#[test]
fn the_generated_files_are_those_of_the_description() {
    let generator = concat!(env!("CARGO_MANIFEST_DIR"), "/api/generate.py");
    let output = Command::new("python3")
        .args(["-B", generator, "--check"])
        .output()
        .expect("python3 writes the generated files, so it checks them too");
    assert!(
        output.status.success(),
        "{}\nrun voxtra-ari/api/generate.py",
        String::from_utf8_lossy(&output.stderr)
    );
}
