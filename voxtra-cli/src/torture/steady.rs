//! The well-behaved call that runs beside all cases and must not notice them.
//!
//! It has threads of its own, so that the cases' load on this process delays it as little as
//! possible. A late frame is only held against the server as far as the machine can't be blamed:
//! every frame also goes to an echo within this process at the same time, and the kernel tells how
//! long the thread here that listens, and with `--pid` the server's threads, waited for a core.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use voxtra_core::audiosocket::{Decoder, Frame, kind};

use super::process::{Waits, Watch};
use super::target::{FRAME, FRAME_BYTES, Manner, SOON, Target};
use super::wire::{message, number_of, numbered};

/// The thread that hears the server.
const READER: &str = "steady-reader";

/// The call, while it runs.
#[derive(Debug)]
pub(crate) struct Steady {
    manner: Manner,
    stop: Arc<AtomicBool>,
    lines: [TcpStream; 2],
    talker: JoinHandle<Talk>,
    server: JoinHandle<Arrivals>,
    control: JoinHandle<Arrivals>,
    echo: JoinHandle<()>,
    watch: Watch,
}

/// What was said.
#[derive(Debug, Default)]
struct Talk {
    ticks: Vec<Tick>,
    trouble: Option<String>,
}

#[derive(Debug, Clone, Copy)]
struct Tick {
    due: Instant,
    sent: Instant,
}

/// What was heard.
#[derive(Debug, Default)]
struct Arrivals {
    /// When the frame with this number came back.
    echoes: Vec<Option<Instant>>,
    /// When any frame came.
    frames: Vec<Instant>,
    trouble: Option<String>,
}

impl Steady {
    pub(crate) fn start(target: Target, pid: Option<u32>) -> Result<Self, String> {
        let begin = || -> io::Result<Self> {
            let line = TcpStream::connect_timeout(&target.address, SOON)?;
            line.set_nodelay(true)?;
            line.set_write_timeout(Some(SOON))?;
            (&line).write_all(&message(kind::ID, target.id().as_bytes()))?;
            let (control, echo) = own_echo()?;
            let stop = Arc::new(AtomicBool::new(false));
            let named = |name: &str| thread::Builder::new().name(name.into());
            let (reader, own_reader) = (line.try_clone()?, control.try_clone()?);
            let server = named(READER).spawn(move || listen(reader))?;
            let control_reader = named("control-reader").spawn(move || listen(own_reader))?;
            let (mut writer, mut own_writer) = (line.try_clone()?, control.try_clone()?);
            let stopping = stop.clone();
            let talker = named("steady-writer")
                .spawn(move || talk(&mut writer, &mut own_writer, &stopping))?;
            Ok(Self {
                manner: target.manner,
                stop,
                lines: [line, control],
                talker,
                server,
                control: control_reader,
                echo,
                watch: Watch::start(pid, READER),
            })
        };
        begin().map_err(|error| format!("can't start the well-behaved call: {error}"))
    }

    /// Ends the call and judges it.
    pub(crate) fn finish(self) -> Account {
        self.stop.store(true, Ordering::Relaxed);
        let talk = self.talker.join().unwrap_or_default();
        // The last echoes are on their way.
        thread::sleep(Duration::from_millis(500));
        for line in &self.lines {
            let _ = line.shutdown(Shutdown::Both);
        }
        let server = self.server.join().unwrap_or_default();
        let control = self.control.join().unwrap_or_default();
        let _ = self.echo.join();
        let waits = self.watch.finish();
        Account::of(self.manner, &talk, &server, &control, &waits)
    }
}

/// An echo within this process, and a connection to it.
fn own_echo() -> io::Result<(TcpStream, JoinHandle<()>)> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let near = TcpStream::connect(listener.local_addr()?)?;
    let (mut far, _) = listener.accept()?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let echo = thread::Builder::new()
        .name("control-echo".into())
        .spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count) = far.read(&mut buffer) {
                let bytes = buffer.get(..count).unwrap_or_default();
                if bytes.is_empty() || far.write_all(bytes).is_err() {
                    break;
                }
            }
        })?;
    Ok((near, echo))
}

fn talk(line: &mut TcpStream, control: &mut TcpStream, stop: &AtomicBool) -> Talk {
    let mut talk = Talk::default();
    let mut due = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let number = u32::try_from(talk.ticks.len()).unwrap_or(u32::MAX);
        let frame = message(
            kind::of_audio(Default::default()),
            &numbered(number, FRAME_BYTES),
        );
        talk.ticks.push(Tick {
            due,
            sent: Instant::now(),
        });
        if let Err(error) = line.write_all(&frame) {
            talk.trouble = Some(format!("the server took no more frames: {error}"));
            return talk;
        }
        // Our own echo has no reason to fail, and nothing to say about the server if it does.
        let _ = control.write_all(&frame);
        due += FRAME;
    }
    talk
}

fn listen(mut line: TcpStream) -> Arrivals {
    let mut arrivals = Arrivals::default();
    let mut decoder = Box::<Decoder>::default();
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let count = match line.read(&mut buffer) {
            Ok(count) if count > 0 => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            _ => return arrivals,
        };
        let at = Instant::now();
        let mut input = buffer.get(..count).unwrap_or_default();
        while let Some(decoded) = decoder.decode(&mut input) {
            // An id that comes back has a case of its own.
            if matches!(decoded, Ok(Frame::Id(_))) && arrivals.frames.is_empty() {
                continue;
            }
            let audio = match decoded {
                Ok(Frame::Audio(audio)) => audio,
                other => {
                    arrivals.trouble.get_or_insert_with(|| {
                        let what = other.map_or_else(|error| error.to_string(), |f| f.to_string());
                        format!("it sent what no caller wants: {what}")
                    });
                    continue;
                }
            };
            arrivals.frames.push(at);
            if let Some(number) =
                number_of(audio.payload).and_then(|number| usize::try_from(number).ok())
                && audio.payload == numbered(u32::try_from(number).unwrap_or(0), FRAME_BYTES)
            {
                if arrivals.echoes.len() <= number {
                    arrivals.echoes.resize(number + 1, None);
                }
                if let Some(place) = arrivals.echoes.get_mut(number) {
                    place.get_or_insert(at);
                }
            }
        }
    }
}

/// How the call was.
#[derive(Debug, Clone, Default)]
pub(crate) struct Account {
    pub(crate) sent: usize,
    pub(crate) received: usize,
    pub(crate) lost: usize,
    /// Frames that came after the next one was due, the machine's share taken off.
    pub(crate) late: Vec<LateFrame>,
    /// Frames that were as late and that the machine explains.
    pub(crate) excused: usize,
    /// Turn-around of echoed frames, or the spacing of what the server sends by itself; sorted.
    pub(crate) figures: Vec<Duration>,
    /// Turn-around of the echo in this process; sorted.
    pub(crate) control: Vec<Duration>,
    /// How late frames left here; sorted.
    pub(crate) own_lateness: Vec<Duration>,
    pub(crate) trouble: Option<String>,
}

/// A frame that was late.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LateFrame {
    pub(crate) at: Instant,
    pub(crate) took: Duration,
    /// What of it is the machine's.
    pub(crate) machine: Duration,
}

impl Account {
    fn of(
        manner: Manner,
        talk: &Talk,
        server: &Arrivals,
        control: &Arrivals,
        waits: &Waits,
    ) -> Self {
        let took = |arrivals: &Arrivals, n: usize| -> Option<Duration> {
            let tick = talk.ticks.get(n)?;
            Some(
                arrivals
                    .echoes
                    .get(n)
                    .copied()
                    .flatten()?
                    .saturating_duration_since(tick.sent),
            )
        };
        // The echo in this process, of this frame and its neighbours; one that is lost says
        // nothing.
        let beside = |n: usize| {
            (n.saturating_sub(1)..=n + 1)
                .filter_map(|n| took(control, n))
                .max()
                .unwrap_or_default()
        };
        let mut account = Self {
            sent: talk.ticks.len(),
            control: sorted((0..talk.ticks.len()).filter_map(|n| took(control, n))),
            own_lateness: sorted(
                talk.ticks
                    .iter()
                    .map(|tick| tick.sent.saturating_duration_since(tick.due)),
            ),
            trouble: talk.trouble.clone().or_else(|| server.trouble.clone()),
            ..Self::default()
        };
        let mut judge = |from: Instant, to: Instant, bound: Duration, own: Duration| {
            let took = to.saturating_duration_since(from);
            let machine = own.max(waits.within(from, to));
            if took.saturating_sub(machine) > bound {
                account.late.push(LateFrame {
                    at: from,
                    took,
                    machine,
                });
            } else if took > bound {
                account.excused += 1;
            }
        };
        if manner == Manner::Echoes {
            for (n, tick) in talk.ticks.iter().enumerate() {
                if let Some(at) = server.echoes.get(n).copied().flatten() {
                    judge(tick.sent, at, FRAME, beside(n));
                }
            }
            account.figures = sorted((0..talk.ticks.len()).filter_map(|n| took(server, n)));
            account.received = account.figures.len();
            account.lost = account.sent - account.received;
        } else {
            // The first second is the server's to find its words in; whoever is late for a frame
            // has missed two.
            let frames = server.frames.get(50..).unwrap_or_default();
            for (&[before, after], n) in frames.array_windows().zip(50..) {
                judge(before, after, 2 * FRAME, beside(n));
            }
            account.figures = sorted(
                frames
                    .array_windows()
                    .map(|[before, after]| after.saturating_duration_since(*before)),
            );
            account.received = server.frames.len();
        }
        account
    }
}

fn sorted(durations: impl Iterator<Item = Duration>) -> Vec<Duration> {
    let mut all: Vec<Duration> = durations.collect();
    all.sort_unstable();
    all
}

/// The duration that a share of all (sorted) stayed under.
pub(crate) fn quantile(sorted: &[Duration], share: f64) -> Duration {
    let at = (sorted.len() as f64 * share).ceil() as usize;
    sorted
        .get(at.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// Four frames; the third comes back after 70 ms, and took this long in our own echo.
    fn account(own: Duration, waited: Duration) -> Account {
        let start = Instant::now();
        let at = |n: u32| start + n * FRAME;
        let talk = Talk {
            ticks: (0..4)
                .map(|n| Tick {
                    due: at(n),
                    sent: at(n),
                })
                .collect(),
            trouble: None,
        };
        let arrivals = |third: Duration| Arrivals {
            echoes: vec![
                Some(at(0) + ms(1)),
                Some(at(1) + ms(1)),
                Some(at(2) + third),
            ],
            ..Arrivals::default()
        };
        let waits = Waits::of(vec![(at(2) + ms(30), waited)]);
        Account::of(
            Manner::Echoes,
            &talk,
            &arrivals(ms(70)),
            &arrivals(own),
            &waits,
        )
    }

    #[test]
    fn a_late_frame_is_the_servers_unless_the_machine_explains_it() {
        let late = account(ms(2), ms(3));
        assert_eq!((late.sent, late.received, late.lost), (4, 3, 1));
        assert_eq!((late.late.len(), late.excused), (1, 0));
        assert_eq!((late.late[0].took, late.late[0].machine), (ms(70), ms(3)));
        assert_eq!(
            (
                account(ms(55), ms(0)).late.len(),
                account(ms(55), ms(0)).excused
            ),
            (0, 1)
        );
        assert_eq!(account(ms(1), ms(60)).excused, 1);
        assert_eq!(account(ms(40), ms(40)).late.len(), 1);
    }

    #[test]
    fn quantiles_are_of_what_there_is() {
        let all: Vec<Duration> = (1..=100).map(ms).collect();
        assert_eq!(quantile(&all, 0.5), ms(50));
        assert_eq!(quantile(&all, 1.0), ms(100));
        assert_eq!(quantile(&[], 0.5), Duration::ZERO);
    }
}
