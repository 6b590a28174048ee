//! `voxtra check --online` with a real Asterisk.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../tests/asterisk/mod.rs"]
mod asterisk;

use asterisk::{Asterisk, unique};

/// `voxtra check --online` with this Asterisk and this address to connect to.
fn check_online(asterisk: &Asterisk, advertise: &str) -> std::process::Output {
    let settings = asterisk.settings("voxtra-check");
    let folder = std::env::temp_dir().join(unique("voxtra-check"));
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("voxtra.toml");
    let text = format!(
        "[asterisk]\nurl = \"{}\"\nusername = \"voxtra\"\npassword = \"voxtra-test\"\napp = \"voxtra\"\n\
         [media]\nlisten = \"127.0.0.1:{}\"\nadvertise = \"{advertise}\"\n",
        settings.url,
        advertise.rsplit_once(':').unwrap().1,
    );
    std::fs::write(&file, text).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_voxtra"))
        .args(["check", "--online", "-c"])
        .arg(&file)
        .output()
        .unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    output
}

#[tokio::test]
async fn check_tries_the_whole_way_of_the_audio() {
    let Some(asterisk) = Asterisk::get().await else {
        return;
    };
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let good = check_online(&asterisk, &format!("127.0.0.1:{port}"));
    let out = String::from_utf8_lossy(&good.stdout);
    assert!(good.status.success(), "{good:?}");
    assert!(out.contains("Asterisk connects audio to"), "{out}");
    // The one of the tests has a name.
    assert!(!out.contains("systemname"), "{out}");
    // An address on which nobody listens: we are on 127.0.0.1 alone.
    let wrong = check_online(&asterisk, &format!("127.0.0.2:{port}"));
    let err = String::from_utf8_lossy(&wrong.stderr);
    assert_eq!(wrong.status.code(), Some(1), "{wrong:?}");
    assert!(err.contains("media.advertise"), "{err}");
}
