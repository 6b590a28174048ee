use std::error::Error;
use std::fmt;

/// An error that ends the program, for `main` to return:
/// `async fn main() -> Result<ExitCode, voxtra::Exit>`.
///
/// Every error becomes one by `?`. `main` prints its error with `Debug`, which for most errors
/// shows their insides; for this one it shows the messages of the error and of its causes, for
/// people to read. The exit status is 1.
pub struct Exit(Box<dyn Error + Send + Sync>);

impl<E: Error + Send + Sync + 'static> From<E> for Exit {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl Exit {
    /// With this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into().into())
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = self.0.to_string();
        f.write_str(&told)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            let message = error.to_string();
            // Many messages end with their cause's message.
            if !told.contains(&message) {
                write!(f, ": {message}")?;
                told = message;
            }
            cause = error.source();
        }
        Ok(())
    }
}

impl fmt::Debug for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("no voice")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn main_prints_the_message_and_its_causes() {
        fn fails() -> Result<(), Exit> {
            Err(Outer(std::io::Error::other("no such program")))?;
            Ok(())
        }
        let error = fails().unwrap_err();
        assert_eq!(format!("{error:?}"), "no voice: no such program");
        assert_eq!(format!("{:?}", Exit::new("gone")), "gone");
    }

    #[test]
    fn a_cause_that_was_told_is_not_told_again() {
        #[derive(Debug, thiserror::Error)]
        #[error("can't read: {0}")]
        struct Told(#[source] std::io::Error);
        let error = Exit::from(Told(std::io::Error::other("gone")));
        assert_eq!(format!("{error:?}"), "can't read: gone");
    }
}
