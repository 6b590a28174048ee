//! What is told of a file that is not safe.

use super::*;

#[test]
fn what_is_not_safe_is_told_with_its_line() {
    const OPEN: &str = "[media]\nlisten = \"0.0.0.0\"\nadvertise = \"10.0.0.5:9092\"\nallow_peers = [\"10.0.0.4\"]\n";
    let id = |id: &str| format!("[[audiosocket]]\nextension = \"1\"\nuuid = \"{id}\"\n");
    for (text, expected) in [
        (
            id("00000000-0000-0000-0000-000000000000"),
            "uuid: line 3: audiosocket[1].uuid: is the first id",
        ),
        (
            id("40325EC2-5efd-4bd3-805f-53576e581d13"),
            "uuid: line 3: audiosocket[1].uuid: stands in the documentation",
        ),
        (
            id("c232ab00-9414-11ec-b3c8-9f6bdeced846"),
            "uuid: line 3: audiosocket[1].uuid: is made of a time",
        ),
        (
            id("11111111-2222-4333-8444-555555555555"),
            "uuid: line 3: audiosocket[1].uuid: can be guessed",
        ),
        (
            format!("{OPEN}{}", id("*")),
            "uuid: line 7: audiosocket[1].uuid: any id is let in",
        ),
        (
            OPEN.replace("10.0.0.4", "0.0.0.0/0"),
            "allow_peers: line 4: media.allow_peers: 0.0.0.0/0 holds more than Asterisk",
        ),
        (
            OPEN.replace("10.0.0.4", "fd00::/48"),
            "allow_peers: line 4: media.allow_peers: fd00::/48 holds more",
        ),
        (
            OPEN.to_owned(),
            "cleartext: line 2: media.listen: AudioSocket has no encryption",
        ),
        (
            "[asterisk]\npassword = \"x\"\nurl = \"http://10.0.0.4:8088/ari\"".to_owned(),
            "cleartext: line 3: asterisk.url: ARI's password can be read",
        ),
        (
            "[[webhook]]\nurl = \"http://example.com/\"".to_owned(),
            "cleartext: line 2: webhook[1].url: the events of your calls can be read",
        ),
    ] {
        let told = risks(&text);
        assert!(
            told.iter().any(|told| told.starts_with(expected)),
            "{text}\n{told:#?}"
        );
    }
    for safe in [
        "[asterisk]\npassword = \"x\"\nurl = \"http://localhost:8088/ari\"",
        "[asterisk]\npassword = \"x\"\nurl = \"http://[::1]:8088/ari\"",
        "[asterisk]\npassword = \"x\"\nurl = \"https://pbx.example:8089/ari\"",
        "[[webhook]]\nurl = \"https://example.com/\"",
        "[[webhook]]\nurl = \"http://127.0.0.1:8000/\"\nallow_networks = [\"127.0.0.1\"]",
        "[[audiosocket]]\nextension = \"1\"\nuuid = \"*\"",
        &id("8c5f2a61-3b0d-4e97-9f14-d7a6c0b8e352"),
    ] {
        assert_eq!(risks(safe), [""; 0], "{safe}");
    }
}
