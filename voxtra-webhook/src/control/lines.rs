//! Lines with a bound in bytes.

use std::io::{Error, ErrorKind, Result};

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};

/// The next line without its end; `None` if there is none any more.
///
/// # Errors
/// The line is longer than `most` bytes, its end is missing, or reading failed.
pub(super) async fn next(
    reader: &mut (impl AsyncBufRead + Unpin),
    most: usize,
) -> Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    reader.take(limit).read_until(b'\n', &mut line).await?;
    if line.pop_if(|last| *last == b'\n').is_some() {
        return Ok(Some(line));
    }
    if line.is_empty() {
        return Ok(None);
    }
    if line.len() > most {
        let says = format!("a line has {most} bytes at most");
        return Err(Error::new(ErrorKind::InvalidData, says));
    }
    Err(Error::new(
        ErrorKind::UnexpectedEof,
        "the end of a line is missing",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(mut text: &[u8], most: usize) -> Vec<std::result::Result<Vec<u8>, ErrorKind>> {
        let mut lines = Vec::new();
        loop {
            match next(&mut text, most).await {
                Ok(None) => return lines,
                Ok(Some(line)) => lines.push(Ok(line)),
                Err(error) => {
                    lines.push(Err(error.kind()));
                    return lines;
                }
            }
        }
    }

    #[tokio::test]
    async fn a_line_may_have_just_so_many_bytes_and_needs_its_end() {
        let four = || Ok(b"four".to_vec());
        assert_eq!(
            lines(b"four\n\nfour\n", 4).await,
            [four(), Ok(vec![]), four()]
        );
        assert_eq!(lines(b"fives\n", 4).await, [Err(ErrorKind::InvalidData)]);
        assert_eq!(
            lines(b"four\nfou", 4).await,
            [four(), Err(ErrorKind::UnexpectedEof)]
        );
    }
}
