//! A SIP telephone: one call at a time, over UDP, with µ-law audio and digits as RTP events (RFC
//! 4733).
//!
//! On loopback nothing is lost, so it repeats no message of its own; what Asterisk repeats is
//! answered again.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::{oneshot, watch};

use super::harness::patiently;
use super::rtp::{EVENT, Rtp};
use super::{Asterisk, unique};

/// A telephone.
pub struct Phone {
    asterisk: SocketAddr,
    sip: UdpSocket,
    name: String,
    call_id: String,
    tag: String,
    branch: String,
    cseq: u32,
    /// `From` and `To` of our requests.
    local: String,
    remote: String,
    /// Where requests within the call go.
    target: String,
    /// The INVITE that came, when we are called.
    invite: Option<Message>,
    rtp: Rtp,
}

/// A SIP message.
#[derive(Clone, Debug)]
pub struct Message(String);

impl Message {
    /// `BYE` of a request, `200` of a response.
    pub fn what(&self) -> &str {
        let mut words = self.0.split_whitespace();
        match words.next() {
            Some("SIP/2.0") => words.next().unwrap(),
            first => first.unwrap_or_default(),
        }
    }

    /// The value of the first header of this name.
    pub fn header(&self, name: &str) -> &str {
        self.headers(name).next().unwrap_or_default()
    }

    fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.lines().filter_map(move |line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    fn method(&self) -> &str {
        self.header("CSeq").split(' ').nth(1).unwrap_or_default()
    }

    /// Where its sender wants audio.
    fn media(&self) -> Option<SocketAddr> {
        let host = self.0.lines().find_map(|l| l.strip_prefix("c=IN IP4 "))?;
        let port = self.0.lines().find_map(|l| l.strip_prefix("m=audio "))?;
        let port = port.split(' ').next()?;
        format!("{}:{port}", host.trim()).parse().ok()
    }

    fn contact(&self) -> Option<String> {
        let (_, rest) = self.header("Contact").split_once('<')?;
        Some(rest.split_once('>')?.0.to_owned())
    }
}

impl Phone {
    /// A telephone that knows where `asterisk` is.
    pub async fn new(asterisk: &Asterisk) -> Self {
        let port = asterisk.settings("x").url.port().unwrap();
        let sip = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let name = unique("phone");
        Self {
            asterisk: SocketAddr::from(([127, 0, 0, 1], port)),
            call_id: unique("call"),
            tag: unique("tag"),
            branch: String::new(),
            cseq: 0,
            local: String::new(),
            remote: String::new(),
            target: String::new(),
            invite: None,
            rtp: Rtp::start().await,
            sip,
            name,
        }
    }

    /// What Asterisk dials to reach it.
    pub fn endpoint(&self) -> String {
        let address = self.sip.local_addr().unwrap();
        format!("PJSIP/anonymous/sip:{}@{address}", self.name)
    }

    /// Calls `number`, for the application `app`; does not wait.
    pub async fn invite(&mut self, number: &str, app: &str) {
        self.invite_with(number, &format!("X-Voxtra-App: {app}\r\n"))
            .await;
    }

    /// Calls another telephone, through Asterisk, and waits until that is called.
    pub async fn ring(&mut self, other: &mut Phone) {
        let dial = format!("X-Voxtra-Dial: {}\r\n", other.endpoint());
        self.invite_with("dial", &dial).await;
        other.called().await;
    }

    async fn invite_with(&mut self, number: &str, more: &str) {
        let address = self.sip.local_addr().unwrap();
        self.local = format!("<sip:265888111111@{address}>;tag={}", self.tag);
        self.target = format!("sip:{number}@{}", self.asterisk);
        self.remote = format!("<{}>", self.target);
        self.cseq += 1;
        self.request("INVITE", self.cseq, more, Some("sendrecv"))
            .await;
    }

    /// Calls `number` and waits for the answer.
    pub async fn call(&mut self, number: &str, app: &str) {
        self.invite(number, app).await;
        assert_eq!(self.final_response("INVITE").await.what(), "200");
    }

    /// The final response to the last request of this method; an INVITE's is acknowledged.
    pub async fn final_response(&mut self, method: &str) -> Message {
        loop {
            let message = self.receive().await;
            let status: u32 = match message.what().parse() {
                Ok(status) if message.method() == method => status,
                _ => continue,
            };
            if status < 200 {
                continue;
            }
            if method == "INVITE" {
                self.remote = message.header("To").to_owned();
                if status < 300 {
                    self.target = message.contact().unwrap();
                    self.rtp.towards(message.media());
                    self.request("ACK", self.cseq, "", None).await;
                } else {
                    self.same_branch("ACK").await;
                }
            }
            return message;
        }
    }

    /// Waits for a provisional or final response to the call.
    pub async fn status(&mut self, status: &str) {
        while self.receive().await.what() != status {}
    }

    /// Waits for early media: its audio goes there, and is heard, before the answer.
    pub async fn early_media(&mut self) {
        loop {
            let message = self.receive().await;
            if message.what() == "183" {
                return self.rtp.towards(message.media());
            }
        }
    }

    /// Gives up before the answer.
    pub async fn cancel(&mut self) {
        self.same_branch("CANCEL").await;
        assert_eq!(self.final_response("INVITE").await.what(), "487");
    }

    /// Hangs up.
    pub async fn bye(&mut self) {
        self.cseq += 1;
        self.request("BYE", self.cseq, "", None).await;
        assert_eq!(self.final_response("BYE").await.what(), "200");
    }

    /// Puts the call on hold (`sendonly`, `inactive`), or takes it back (`sendrecv`).
    pub async fn direction(&mut self, direction: &str) {
        self.cseq += 1;
        self.request("INVITE", self.cseq, "", Some(direction)).await;
        assert_eq!(self.final_response("INVITE").await.what(), "200");
    }

    /// Hands the call over to an extension (a blind transfer), and hangs up once that was reached.
    pub async fn transfer(&mut self, extension: &str) {
        self.refer(&format!("sip:{extension}@{}", self.asterisk))
            .await;
        loop {
            let message = self.receive().await;
            if message.what() == "NOTIFY" && message.0.contains("SIP/2.0 200 OK") {
                break;
            }
        }
        self.bye().await;
    }

    /// Hands the call over to whoever is on the other end of `consulted` (an attended transfer).
    pub async fn transfer_to(&mut self, consulted: &Phone) {
        let (_, asterisk) = consulted.remote.split_once(";tag=").expect("a call");
        let replaces = format!(
            "{}%3Bto-tag%3D{asterisk}%3Bfrom-tag%3D{}",
            consulted.call_id, consulted.tag
        );
        self.refer(&format!("{}?Replaces={replaces}", consulted.target))
            .await;
    }

    async fn refer(&mut self, to: &str) {
        self.cseq += 1;
        let more = format!("Refer-To: <{to}>\r\n");
        self.request("REFER", self.cseq, &more, None).await;
        assert_eq!(self.final_response("REFER").await.what(), "202");
    }

    /// Waits until it is hung up on.
    pub async fn hung_up(&mut self) {
        while self.receive().await.what() != "BYE" {}
    }

    /// Waits until it is called.
    pub async fn called(&mut self) {
        loop {
            let message = self.receive().await;
            if message.what() == "INVITE" {
                self.call_id = message.header("Call-ID").to_owned();
                self.remote = message.header("From").to_owned();
                self.local = format!("{};tag={}", message.header("To"), self.tag);
                self.target = message.contact().unwrap();
                self.rtp.towards(message.media());
                self.invite = Some(message);
                return;
            }
        }
    }

    /// Answers the call that came, with any status; 183 and 200 bring audio.
    pub async fn respond(&mut self, status: &str) {
        let invite = self.invite.clone().expect("a call that came");
        let audio = status.starts_with("183") || status.starts_with("200");
        self.reply(&invite, status, audio.then_some("sendrecv"))
            .await;
        if status.starts_with('2') {
            while self.receive().await.what() != "ACK" {}
        }
    }

    /// Presses keys, `length` each and `gap` apart.
    pub async fn press(&self, digits: &str, length: Duration, gap: Duration) {
        let pressed = self.rtp.press(digits, length, gap);
        patiently("keys", pressed).await.unwrap();
    }

    /// Begins to say this, at 8 kHz; what is returned comes when it was said.
    pub fn say(&self, samples: &[i16]) -> oneshot::Receiver<()> {
        self.rtp.say(samples)
    }

    /// Every sample heard so far, at 8 kHz.
    pub fn tape(&self) -> watch::Receiver<Vec<i16>> {
        self.rtp.tape()
    }

    /// Frames heard so far that were not silent.
    pub fn loud(&self) -> u64 {
        self.rtp.loud()
    }

    /// Waits until it has heard so many frames more that were not silent.
    pub async fn hears_more_than(&self, frames: u64) {
        let from = self.loud();
        let heard = async {
            while self.loud() <= from + frames {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        patiently("sound", heard).await;
    }

    /// Waits until half a second of what it hears is silent.
    pub async fn falls_silent(&self) {
        let silent = async {
            loop {
                let (loud, all) = (self.loud(), self.heard());
                while self.heard() < all + 25 {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                if self.loud() == loud {
                    break;
                }
            }
        };
        patiently("silence", silent).await;
    }

    /// Frames heard so far.
    pub fn heard(&self) -> u64 {
        self.rtp.frames()
    }

    /// Sends no audio from now on, or does again.
    pub fn mute(&self, mute: bool) {
        self.rtp.mute(mute);
    }

    fn sdp(&self, direction: &str) -> String {
        let port = self.rtp.port;
        format!(
            "v=0\r\no=- 1 {} IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP 0 {EVENT}\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:{EVENT} telephone-event/8000\r\n\
             a=fmtp:{EVENT} 0-15\r\na=ptime:20\r\na={direction}\r\n",
            self.cseq
        )
    }

    async fn request(&mut self, method: &str, cseq: u32, more: &str, direction: Option<&str>) {
        self.branch = unique("z9hG4bK");
        let branch = self.branch.clone();
        let target = self.target.clone();
        self.send(method, &target, &branch, cseq, more, direction)
            .await;
    }

    /// A request that belongs to the last one: CANCEL, and ACK of a refusal.
    async fn same_branch(&mut self, method: &str) {
        let (target, branch) = (self.target.clone(), self.branch.clone());
        self.send(method, &target, &branch, self.cseq, "", None)
            .await;
    }

    async fn send(
        &self,
        method: &str,
        target: &str,
        branch: &str,
        cseq: u32,
        more: &str,
        direction: Option<&str>,
    ) {
        let address = self.sip.local_addr().unwrap();
        let body = direction.map(|d| self.sdp(d)).unwrap_or_default();
        let text = format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {address};branch={branch};rport\r\nMax-Forwards: 70\r\n\
             From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\nContact: <sip:{}@{address}>\r\n{more}{}",
            self.local,
            self.remote,
            self.call_id,
            self.name,
            with_length(&body)
        );
        self.sip
            .send_to(text.as_bytes(), self.asterisk)
            .await
            .unwrap();
    }

    async fn reply(&self, request: &Message, status: &str, direction: Option<&str>) {
        let mut text = format!("SIP/2.0 {status}\r\n");
        for via in request.headers("Via") {
            text += &format!("Via: {via}\r\n");
        }
        let mut to = request.header("To").to_owned();
        if !to.contains(";tag=") {
            to = format!("{to};tag={}", self.tag);
        }
        let body = direction.map(|d| self.sdp(d)).unwrap_or_default();
        text += &format!(
            "From: {}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {}\r\nContact: <sip:{}@{}>\r\n{}",
            request.header("From"),
            request.header("Call-ID"),
            request.header("CSeq"),
            self.name,
            self.sip.local_addr().unwrap(),
            with_length(&body)
        );
        self.sip
            .send_to(text.as_bytes(), self.asterisk)
            .await
            .unwrap();
    }

    /// The next message. What needs no thought is answered.
    async fn receive(&mut self) -> Message {
        let mut bytes = vec![0; 8192];
        let receiving = self.sip.recv_from(&mut bytes);
        let (length, _) = patiently("a SIP message", receiving).await.unwrap();
        bytes.truncate(length);
        let message = Message(String::from_utf8(bytes).unwrap());
        if matches!(message.what(), "BYE" | "CANCEL" | "OPTIONS" | "NOTIFY") {
            self.reply(&message, "200 OK", None).await;
        }
        if message.what() == "CANCEL"
            && let Some(invite) = self.invite.take()
        {
            self.reply(&invite, "487 Request Terminated", None).await;
        }
        message
    }
}

fn with_length(body: &str) -> String {
    let kind = if body.is_empty() {
        ""
    } else {
        "Content-Type: application/sdp\r\n"
    };
    format!("{kind}Content-Length: {}\r\n\r\n{body}", body.len())
}
