//! A framing as a server takes it: it also says how a connection begins.

use uuid::Uuid;
use voxtra_core::audiosocket::{Decoder, Frame, HEADER_LEN};
use voxtra_core::leg::{AudioSocket, Framing};

use super::memory::Heap;
use super::stats::Refusal;

/// A framing whose connections begin with the id of their call.
pub(crate) trait Transport: Framing + Send + 'static {
    /// Length of the message that presents the id, in bytes.
    const ID_LEN: usize;

    /// The id that these bytes present, the first of a connection and at most
    /// [`ID_LEN`](Self::ID_LEN) of them. `None` while more must come. What is no id should be
    /// refused at its first byte, without waiting for the rest.
    fn id(bytes: &[u8]) -> Option<Result<Uuid, Refusal>>;
}

/// The type of a message with an id.
const ID_KIND: u8 = 0x01;

impl Transport for AudioSocket<Heap> {
    const ID_LEN: usize = HEADER_LEN + 16;

    fn id(mut bytes: &[u8]) -> Option<Result<Uuid, Refusal>> {
        let first = *bytes.first()?;
        match Decoder::<[u8; 16]>::new().decode(&mut bytes) {
            Some(Ok(Frame::Id(id))) => Some(Ok(Uuid::from_bytes(id))),
            None if first == ID_KIND => None,
            _ => Some(Err(Refusal::NotAnId)),
        }
    }
}
