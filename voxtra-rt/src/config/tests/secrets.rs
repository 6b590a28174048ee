//! Secrets, in the file and in files of their own.

use super::*;

#[test]
fn no_secret_is_shown_anywhere() {
    let text = "[asterisk]\npassword = \"hunter2\"\n[[webhook]]\nurl = \"https://h/\"\nsecret = \"hunter2\"\n";
    assert!(!format!("{:?}", parse(text)).contains("hunter2"));
    let in_url = "[[webhook]]\nurl = \"https://ann:hunter2@h/x?token=hunter2\"\nheaders = { X-Key = \"hunter2\" }\n";
    assert!(!format!("{:?}", parse(in_url)).contains("hunter2"));
    for wrong in [
        "[asterisk]\npassword = [\"hunter2\"]\n",
        "[asterisk]\npassword = \"hunter2${\"\n",
        "[asterisk]\npassword = \"${hunter2}x\"\nurl = \"ftp://h\"\n"
            .replace("${hunter2}", "${hunter2 ")
            .as_str(),
        "[asterisk]\npassword = \"hunter2\n",
        "[asterisk]\npasswrd = \"hunter2\"\n",
        "[[webhook]]\nurl = \"https://h/\"\nsecret = { x = \"hunter2\" }\n",
        "[[webhook]]\nurl = \"ftp://ann:hunter2@h/\"\n",
        "[[webhook]]\nurl = \"https://h/\"\nheaders = { X-Key = \"hunter2\\nx\" }\n",
        "[[webhook]]\nurl = \"https://h/\"\nheaders = { Host = \"hunter2\" }\n",
        "[asterisk]\npassword = \"x\"\nurl = \"http://ann:hunter2@h/ari\"\n",
        "[asterisk]\npassword = \"x\"\nurl = \"http://ann:hunter2/@h:x/ari\"\n",
        "[[webhook]]\nurl = \"ftp://h/x?token=hunter2\"\n",
        "[[webhook]]\nurl = \"ftp://h/services/hunter2\"\n",
        "[[webhook]]\nurl = \"ftp://h#hunter2\"\n",
    ] {
        let said = format!(
            "{} {:?}",
            problems(wrong).join("\n"),
            Config::parse(wrong, env)
        );
        assert!(!said.contains("hunter2"), "{said}");
        assert!(!problems(wrong).is_empty());
    }
}

#[test]
fn secrets_come_from_files_of_their_own() {
    let text = "[asterisk]\npassword_file = \"secret\"\n[[webhook]]\nurl = \"https://h/\"\nsecret_file = \"secret\"\n";
    let config = load_with_secret_file(text, b"hunter2\n", [0o644, 0o600]).unwrap();
    assert_eq!(config.asterisk.unwrap().password.expose_secret(), "hunter2");
    let secret = config.webhooks[0].secret.as_ref().unwrap();
    assert_eq!(secret.expose_secret(), "hunter2");
    assert_eq!(config.risks, [], "who may read a path learns nothing");

    for (text, secret, says) in [
        (
            "[asterisk]\npassword_file = \"nobody\"",
            &b"hunter2"[..],
            "line 2: asterisk.password_file = \"nobody\": can't be read: ",
        ),
        (
            "[asterisk]\npassword_file = \"secret\"",
            b"hunter2\nhunter2",
            "line 2: asterisk.password_file = \"secret\": must be one line",
        ),
        (
            "[asterisk]\npassword_file = \"secret\"\npassword = \"hunter2\"",
            b"hunter2",
            "line 2: asterisk.password_file = \"secret\": stands beside `password`",
        ),
        (
            "[asterisk]\nusername = \"u\"",
            b"",
            "asterisk.password: is missing: the password of the ari.conf section that `username` names; or `password_file`",
        ),
        (
            "[[webhook]]\nurl = \"https://h/\"\nsecret_file = \"${NO_SUCH_DIRECTORY}/x\"",
            b"",
            "line 3: webhook[1].secret_file = \"${NO_SUCH_DIRECTORY}/x\": the environment variable NO_SUCH_DIRECTORY is not set",
        ),
    ] {
        let error = load_with_secret_file(text, secret, [0o600, 0o600]).unwrap_err();
        assert!(error.contains(says), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn a_secret_that_every_user_may_read_is_a_risk() {
    let written = "[asterisk]\npassword = \"hunter2\"\n";
    let named = "[asterisk]\npassword_file = \"secret\"\n";
    let id =
        "[[audiosocket]]\nextension = \"1\"\nuuid = \"8c5f2a61-3b0d-4e97-9f14-d7a6c0b8e352\"\n";
    let unset = "[asterisk]\npassword = \"${NOBODY_HAS_SET_THIS:-hunter2}\"\n";
    for (text, modes, expected) in [
        (written, [0o644, 0o600], Some("line 2: asterisk.password:")),
        (written, [0o640, 0o644], None),
        (id, [0o644, 0o600], Some("line 3: audiosocket[1].uuid:")),
        (
            named,
            [0o644, 0o604],
            Some("line 2: asterisk.password_file:"),
        ),
        (named, [0o644, 0o440], None),
        (unset, [0o644, 0o600], None),
    ] {
        let config = load_with_secret_file(text, b"hunter2", modes).unwrap();
        let told: Vec<_> = config
            .risks
            .iter()
            .map(|risk| risk.problem.to_string())
            .collect();
        assert_eq!(told.len(), usize::from(expected.is_some()), "{told:?}");
        if let Some(expected) = expected {
            assert!(told[0].starts_with(expected), "{told:?}");
            assert_eq!(config.risks[0].kind, "permissions");
        }
    }
}
