//! The audio of a SIP telephone: µ-law as RTP, and digits as RTP events (RFC 4733).

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::{oneshot, watch};
use voxtra_core::audio::Law;

/// One frame of audio.
const FRAME: Duration = Duration::from_millis(20);
/// Samples in it.
const SAMPLES: u32 = 160;
/// RTP's type of a digit.
pub const EVENT: u8 = 101;
/// The longest gap in a stream that is kept as silence: 10 s.
const LONGEST_GAP: u32 = 80_000;

/// What a telephone is asked to send.
enum Order {
    Press {
        digits: String,
        length: Duration,
        gap: Duration,
        done: oneshot::Sender<()>,
    },
    Say {
        samples: Vec<i16>,
        done: oneshot::Sender<()>,
    },
}

/// The audio of a telephone.
pub struct Rtp {
    pub port: u16,
    peer: Arc<Mutex<Option<SocketAddr>>>,
    orders: Arc<Mutex<VecDeque<Order>>>,
    heard: Arc<Heard>,
    mute: Arc<AtomicBool>,
    tasks: [tokio::task::JoinHandle<()>; 2],
}

/// What came.
#[derive(Default)]
struct Heard {
    frames: AtomicU64,
    loud: AtomicU64,
    tape: watch::Sender<Vec<i16>>,
}

impl Rtp {
    pub async fn start() -> Self {
        let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
        let port = socket.local_addr().unwrap().port();
        let (peer, orders) = (Arc::<Mutex<Option<SocketAddr>>>::default(), Arc::default());
        let (heard, mute) = (Arc::<Heard>::default(), Arc::<AtomicBool>::default());
        let listening = tokio::spawn(listen(socket.clone(), heard.clone()));
        let speaking = tokio::spawn(speak(
            socket,
            peer.clone(),
            Arc::clone(&orders),
            mute.clone(),
        ));
        Self {
            port,
            peer,
            orders,
            heard,
            mute,
            tasks: [listening, speaking],
        }
    }

    pub fn towards(&self, peer: Option<SocketAddr>) {
        if peer.is_some() {
            *self.peer.lock().unwrap() = peer;
        }
    }

    /// Orders keys, `length` each and `gap` apart; what is returned comes when they were sent.
    pub fn press(&self, digits: &str, length: Duration, gap: Duration) -> oneshot::Receiver<()> {
        self.order(|done| Order::Press {
            digits: digits.to_owned(),
            length,
            gap,
            done,
        })
    }

    /// Orders speech at 8 kHz; what is returned comes when it was sent.
    pub fn say(&self, samples: &[i16]) -> oneshot::Receiver<()> {
        self.order(|done| Order::Say {
            samples: samples.to_owned(),
            done,
        })
    }

    fn order(&self, order: impl FnOnce(oneshot::Sender<()>) -> Order) -> oneshot::Receiver<()> {
        let (done, sent) = oneshot::channel();
        self.orders.lock().unwrap().push_back(order(done));
        sent
    }

    /// Frames that came.
    pub fn frames(&self) -> u64 {
        self.heard.frames.load(Ordering::Relaxed)
    }

    /// Those that were not silent.
    pub fn loud(&self) -> u64 {
        self.heard.loud.load(Ordering::Relaxed)
    }

    /// Every sample that came, at 8 kHz, with silence where none came.
    pub fn tape(&self) -> watch::Receiver<Vec<i16>> {
        self.heard.tape.subscribe()
    }

    pub fn mute(&self, mute: bool) {
        self.mute.store(mute, Ordering::Relaxed);
    }
}

impl Drop for Rtp {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

async fn listen(socket: Arc<UdpSocket>, heard: Arc<Heard>) {
    let mut packet = [0; 2048];
    // What comes next in an unbroken stream.
    let mut next: Option<u32> = None;
    while let Ok((length, _)) = socket.recv_from(&mut packet).await {
        if length <= 12 || packet[1] & 0x7f != 0 {
            continue;
        }
        let audio = &packet[12..length];
        heard.frames.fetch_add(1, Ordering::Relaxed);
        // µ-law's sign is its top bit; what is left of silence is nearly all ones.
        if audio.iter().any(|sample| sample & 0x7f < 0x50) {
            heard.loud.fetch_add(1, Ordering::Relaxed);
        }
        let [_, _, _, _, a, b, c, d, ..] = packet;
        let timestamp = u32::from_be_bytes([a, b, c, d]);
        let gap = next.map_or(0, |next| timestamp.wrapping_sub(next));
        next = Some(timestamp.wrapping_add(audio.len() as u32));
        heard.tape.send_modify(|tape| {
            if gap <= LONGEST_GAP {
                tape.resize(tape.len() + gap as usize, 0);
            }
            tape.extend(audio.iter().map(|byte| Law::Mu.decode(*byte)));
        });
    }
}

/// Sends silence every 20 ms, and digits and speech when they are asked for.
async fn speak(
    socket: Arc<UdpSocket>,
    peer: Arc<Mutex<Option<SocketAddr>>>,
    orders: Arc<Mutex<VecDeque<Order>>>,
    mute: Arc<AtomicBool>,
) {
    let mut stream = Stream::default();
    let mut clock = tokio::time::interval(FRAME);
    loop {
        clock.tick().await;
        let Some(peer) = *peer.lock().unwrap() else {
            continue;
        };
        let order = orders.lock().unwrap().pop_front();
        match order {
            Some(Order::Press {
                digits,
                length,
                gap,
                done,
            }) => {
                for digit in digits.chars() {
                    stream
                        .digit(&socket, peer, &mut clock, digit, length, gap)
                        .await;
                }
                let _ = done.send(());
                continue;
            }
            Some(Order::Say { samples, done }) => {
                for frame in samples.chunks(SAMPLES as usize) {
                    let mut payload = [Law::Mu.silence(); SAMPLES as usize];
                    Law::Mu.encode_into(frame, &mut payload);
                    stream.audio(&socket, peer, &payload).await;
                    clock.tick().await;
                }
                let _ = done.send(());
            }
            None => {}
        }
        if !mute.load(Ordering::Relaxed) {
            stream.audio(&socket, peer, &[0xff; SAMPLES as usize]).await;
        } else {
            stream.timestamp += SAMPLES;
        }
    }
}

fn event(code: u8, end: bool, duration: u16) -> [u8; 4] {
    let [high, low] = duration.to_be_bytes();
    [code, u8::from(end) << 7 | 10, high, low]
}

/// Where an RTP stream is.
#[derive(Default)]
struct Stream {
    sequence: u16,
    timestamp: u32,
}

impl Stream {
    /// One frame of audio.
    async fn audio(&mut self, socket: &UdpSocket, peer: SocketAddr, payload: &[u8]) {
        let packet = self.packet(0, false, self.timestamp, payload);
        let _ = socket.send_to(&packet, peer).await;
        self.timestamp += SAMPLES;
    }

    /// One digit, and the gap behind it.
    async fn digit(
        &mut self,
        socket: &UdpSocket,
        peer: SocketAddr,
        clock: &mut tokio::time::Interval,
        digit: char,
        length: Duration,
        gap: Duration,
    ) {
        let code = "0123456789*#ABCD".find(digit).unwrap() as u8;
        let began = self.timestamp;
        let frames = (length.as_millis() / FRAME.as_millis()).max(1) as u16;
        for frame in 1..=frames {
            let duration = frame * SAMPLES as u16;
            let packet = self.packet(EVENT, frame == 1, began, &event(code, false, duration));
            let _ = socket.send_to(&packet, peer).await;
            self.timestamp += SAMPLES;
            clock.tick().await;
        }
        // The end, three times.
        for _ in 0..3 {
            let ended = event(code, true, frames * SAMPLES as u16);
            let packet = self.packet(EVENT, false, began, &ended);
            let _ = socket.send_to(&packet, peer).await;
        }
        for _ in 0..gap.as_millis() / FRAME.as_millis() {
            self.audio(socket, peer, &[0xff; SAMPLES as usize]).await;
            clock.tick().await;
        }
        // A digit is told by its timestamp: two of the same key must not share one.
        self.timestamp += 8;
    }

    fn packet(&mut self, kind: u8, marker: bool, timestamp: u32, payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x80, u8::from(marker) << 7 | kind];
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(timestamp.to_be_bytes());
        packet.extend(0x00c0_ffee_u32.to_be_bytes());
        packet.extend(payload);
        self.sequence = self.sequence.wrapping_add(1);
        packet
    }
}
