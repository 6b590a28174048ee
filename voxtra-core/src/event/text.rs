//! Text of bounded size, for events that must not need a heap.

use core::{
    borrow::Borrow,
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    ops::Deref,
    str::FromStr,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Text of at most `N` bytes of UTF-8, held in place: `Copy`, so that it can cross threads in a
/// ring.
///
/// ```
/// use voxtra_core::event::{Text, TextTooLong};
///
/// let reference: Text<8> = "MP-4711".try_into()?;
/// assert_eq!(&*reference, "MP-4711");
/// assert_eq!(Text::<8>::try_from("much too long"), Err(TextTooLong { len: 13, max: 8 }));
/// assert_eq!(&*Text::<8>::truncated("much too long"), "much too");
/// # Ok::<(), TextTooLong>(())
/// ```
#[derive(Clone, Copy)]
pub struct Text<const N: usize> {
    len: usize,
    /// UTF-8 up to `len`.
    bytes: [u8; N],
}

impl<const N: usize> Text<N> {
    /// Empty text.
    pub const fn new() -> Self {
        Self {
            len: 0,
            bytes: [0; N],
        }
    }

    /// As much of `text` as fits, cut between two characters.
    pub fn truncated(text: &str) -> Self {
        let mut end = text.len().min(N);
        while !text.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        Self::try_from(text.get(..end).unwrap_or_default()).unwrap_or_default()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.len).unwrap_or_default();
        // Only whole texts are ever appended.
        core::str::from_utf8(bytes).unwrap_or_default()
    }

    /// Appends all of `text`, or nothing.
    fn push(&mut self, text: &str) -> Option<()> {
        let end = self.len.checked_add(text.len())?;
        let room = self.bytes.get_mut(self.len..end)?;
        room.copy_from_slice(text.as_bytes());
        self.len = end;
        Some(())
    }
}

/// A text of `len` bytes doesn't fit into the `max` there is room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextTooLong {
    /// Bytes of the text.
    pub len: usize,
    /// Bytes that there is room for.
    pub max: usize,
}

impl fmt::Display for TextTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a text of {} bytes doesn't fit into {}",
            self.len, self.max
        )
    }
}

impl core::error::Error for TextTooLong {}

impl<const N: usize> TryFrom<&str> for Text<N> {
    type Error = TextTooLong;

    fn try_from(text: &str) -> Result<Self, TextTooLong> {
        let mut held = Self::new();
        match held.push(text) {
            Some(()) => Ok(held),
            None => Err(TextTooLong {
                len: text.len(),
                max: N,
            }),
        }
    }
}

impl<const N: usize> FromStr for Text<N> {
    type Err = TextTooLong;

    fn from_str(text: &str) -> Result<Self, TextTooLong> {
        Self::try_from(text)
    }
}

impl<const N: usize> Deref for Text<N> {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl<const N: usize> AsRef<str> for Text<N> {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl<const N: usize> Borrow<str> for Text<N> {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> PartialEq for Text<N> {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl<const N: usize> Eq for Text<N> {}

impl<const N: usize> PartialOrd for Text<N> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<const N: usize> Ord for Text<N> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

/// As a `str`, which it can be borrowed as.
impl<const N: usize> Hash for Text<N> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl<const N: usize> PartialEq<str> for Text<N> {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl<const N: usize> PartialEq<&str> for Text<N> {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

/// Appends what is written; what doesn't fit is an error and leaves the text as it was.
impl<const N: usize> fmt::Write for Text<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text).ok_or(fmt::Error)
    }
}

impl<const N: usize> Serialize for Text<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

/// A text that doesn't fit is an error, never cut.
impl<'de, const N: usize> Deserialize<'de> for Text<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bounded<const N: usize>;

        impl<const N: usize> de::Visitor<'_> for Bounded<N> {
            type Value = Text<N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a text of at most {N} bytes")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<N>, E> {
                Text::try_from(text).map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Bounded)
    }
}

#[cfg(test)]
mod tests {
    use core::fmt::Write;
    use std::string::ToString;

    use super::*;

    #[test]
    fn text_is_cut_between_characters() {
        // `é` takes two bytes, so five bytes end in the middle of one.
        assert_eq!(Text::<5>::truncated("éééé"), "éé");
        assert_eq!(Text::<1>::truncated("é"), "");
        assert_eq!(Text::<0>::truncated("x"), "");
        assert_eq!(Text::<8>::truncated("éééé"), "éééé");
    }

    #[test]
    fn text_that_does_not_fit_is_refused_whole() {
        assert_eq!(
            Text::<3>::try_from("four"),
            Err(TextTooLong { len: 4, max: 3 })
        );
        let mut text = Text::<4>::truncated("ab");
        assert!(text.write_str("cde").is_err());
        assert_eq!(text, "ab");
    }

    #[test]
    fn json_is_a_string() {
        let text: Text<4> = serde_json::from_str(r#""ab\n""#).unwrap();
        assert_eq!(serde_json::to_string(&text).unwrap(), r#""ab\n""#);
        let error = serde_json::from_str::<Text<2>>(r#""abc""#).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("a text of 3 bytes doesn't fit into 2"),
            "{error}"
        );
    }
}
