//! Text frames as binary ones: the websocket library ends a connection over a text that is no
//! UTF-8, and with it every event that follows.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The connection of a websocket to a server. What is read from it has no text frames: their
/// opcode is that of binary frames (RFC 6455, 5.2).
#[derive(Debug)]
pub(super) struct TextAsBytes<S> {
    stream: S,
    frames: Frames,
}

impl<S> TextAsBytes<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            frames: Frames::default(),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TextAsBytes<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if let Some(new) = buffer.filled_mut().get_mut(before..) {
            self.frames.pass(new);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TextAsBytes<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const OPCODE: u8 = 0x0f;
const MASKED: u8 = 0x80;

/// Where in which frame the bytes are.
#[derive(Debug, Default)]
enum Frames {
    /// At the first byte of a frame.
    #[default]
    Start,
    /// At the byte with the length.
    Length,
    /// Within a length of several bytes: how many are to come, and those that came. Four bytes of
    /// a mask may follow, though no server masks.
    Long(u8, u64, bool),
    /// Within the payload, with so many bytes to come.
    Payload(u64),
}

impl Frames {
    fn pass(&mut self, bytes: &mut [u8]) {
        let mut at = 0_usize;
        while at < bytes.len() {
            if let Self::Payload(left) = *self {
                let here = usize::try_from(left).unwrap_or(usize::MAX);
                let here = here.min(bytes.len().saturating_sub(at));
                *self = Self::payload(left.saturating_sub(here as u64));
                at = at.saturating_add(here);
                continue;
            }
            let Some(byte) = bytes.get_mut(at) else {
                return;
            };
            at = at.saturating_add(1);
            *self = match *self {
                Self::Start | Self::Payload(_) => {
                    if *byte & OPCODE == TEXT {
                        *byte = (*byte & !OPCODE) | BINARY;
                    }
                    Self::Length
                }
                Self::Length => {
                    let is_masked = *byte & MASKED != 0;
                    match *byte & !MASKED {
                        126 => Self::Long(2, 0, is_masked),
                        127 => Self::Long(8, 0, is_masked),
                        short => Self::after(u64::from(short), is_masked),
                    }
                }
                Self::Long(left, length, is_masked) => {
                    let length = (length << 8) | u64::from(*byte);
                    match left.saturating_sub(1) {
                        0 => Self::after(length, is_masked),
                        left => Self::Long(left, length, is_masked),
                    }
                }
            };
        }
    }

    /// After the length.
    fn after(length: u64, is_masked: bool) -> Self {
        Self::payload(length.saturating_add(if is_masked { 4 } else { 0 }))
    }

    fn payload(left: u64) -> Self {
        if left == 0 {
            return Self::Start;
        }
        Self::Payload(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of a server, with this opcode and length.
    fn frame(opcode: u8, length: usize) -> Vec<u8> {
        let mut frame = vec![0x80 | opcode];
        match u16::try_from(length) {
            Ok(short) if length < 126 => frame.push(u8::try_from(short).unwrap()),
            Ok(long) => {
                frame.push(126);
                frame.extend(long.to_be_bytes());
            }
            Err(_) => {
                frame.push(127);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        // Each payload is full of what a text frame begins with.
        frame.extend(std::iter::repeat_n(0x81, length));
        frame
    }

    proptest::proptest! {
        #[test]
        fn only_the_opcode_of_texts_changes_however_the_bytes_come(
            frames in proptest::collection::vec((0..11_u8, 0..200_usize), 1..8),
            long in 60_000..70_000_usize,
            piece in 1..300_usize,
        ) {
            let frames: Vec<_> = frames.into_iter().chain([(TEXT, long), (TEXT, 0), (9, 1)]).collect();
            let write = |texts: u8| -> Vec<u8> {
                let opcode = |opcode| if opcode == TEXT { texts } else { opcode };
                frames.iter().flat_map(|(kind, length)| frame(opcode(*kind), *length)).collect()
            };
            let mut bytes = write(TEXT);
            let mut reader = Frames::default();
            for piece in bytes.chunks_mut(piece) {
                reader.pass(piece);
            }
            proptest::prop_assert!(bytes == write(BINARY));
        }
    }
}
