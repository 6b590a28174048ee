//! Operations on mailboxes.

// Written by api/generate.py from Asterisk's description: change that, not this.

use crate::client::AriClient;
use crate::generated::Mailbox;
use crate::request::{Order, Request};

impl AriClient {
    /// All mailboxes, for the operations on them. Nothing is sent yet.
    pub fn mailboxes(&self) -> Mailboxes {
        Mailboxes { ari: self.clone() }
    }

    /// One mailbox, for the operations on it. Nothing is sent yet.
    pub fn mailbox(&self, mailbox_name: impl Into<String>) -> MailboxHandle {
        MailboxHandle {
            ari: self.clone(),
            mailbox_name: mailbox_name.into(),
        }
    }
}

/// All mailboxes. From [`AriClient::mailboxes`].
#[derive(Clone, Debug)]
pub struct Mailboxes {
    ari: AriClient,
}

impl Mailboxes {
    /// List all mailboxes.
    ///
    /// `GET /mailboxes`.
    pub fn list(&self) -> Order<Vec<Mailbox>> {
        let request = Request::get("mailboxes.list", &["mailboxes"]);
        self.ari.order(request)
    }
}

/// One mailbox. From [`AriClient::mailbox`].
#[derive(Clone, Debug)]
pub struct MailboxHandle {
    ari: AriClient,
    mailbox_name: String,
}

impl MailboxHandle {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.mailbox_name
    }

    /// Retrieve the current state of a mailbox.
    ///
    /// `GET /mailboxes/{mailboxName}`.
    ///
    /// # Errors
    /// - 404: Mailbox not found.
    pub fn get(&self) -> Order<Mailbox> {
        let request = Request::get("mailbox.get", &["mailboxes", &self.mailbox_name]);
        self.ari.order(request)
    }

    /// Change the state of a mailbox. (Note - implicitly creates the mailbox).
    ///
    /// - `old_messages`: Count of old messages in the mailbox.
    /// - `new_messages`: Count of new messages in the mailbox.
    ///
    /// `PUT /mailboxes/{mailboxName}`.
    ///
    /// # Errors
    /// - 404: Mailbox not found.
    pub fn update(&self, old_messages: i64, new_messages: i64) -> Order<()> {
        let request = Request::put("mailbox.update", &["mailboxes", &self.mailbox_name])
            .set("oldMessages", &old_messages)
            .set("newMessages", &new_messages);
        self.ari.order(request)
    }

    /// Destroy a mailbox.
    ///
    /// `DELETE /mailboxes/{mailboxName}`.
    ///
    /// # Errors
    /// - 404: Mailbox not found.
    pub fn delete(&self) -> Order<()> {
        let request = Request::delete("mailbox.delete", &["mailboxes", &self.mailbox_name]);
        self.ari.order(request)
    }
}
