//! A URL with variables in its path and query.

use super::super::variables::{Template, VariableError};

/// A URL whose scheme, host and port are fixed: nothing from outside can lead to another server.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    origin: String,
    rest: Template,
    ends_with_slash: bool,
}

impl Address {
    /// Reads a URL such as `https://host/orders/{{order}}?verbose=1`.
    ///
    /// # Errors
    /// What is wrong with it, for a person. The URL is not quoted.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let start = ["https://", "http://"];
        let scheme = start.into_iter().find(|scheme| url.starts_with(scheme));
        let scheme = scheme.ok_or("must begin with http:// or https://")?;
        let host = url.get(scheme.len()..).unwrap_or_default();
        let end = host.find(['/', '?', '#']).unwrap_or(host.len());
        let (host, rest) = host.split_at_checked(end).unwrap_or((host, ""));
        if host.contains("{{") {
            return Err("has a variable in its host, which must be fixed".to_owned());
        }
        if host.is_empty() || host.contains('@') {
            return Err("must have a host, and neither user nor password".to_owned());
        }
        let origin = format!("{scheme}{host}/");
        if url::Url::parse(&origin).is_err() {
            return Err("is no URL: its host or port is wrong".to_owned());
        }
        if rest.contains('#') {
            return Err("has a fragment (`#`), which no server is told".to_owned());
        }
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        if path.contains("//") {
            return Err("has an empty segment (`//`) in its path".to_owned());
        }
        let path = path.strip_prefix('/').unwrap_or(path);
        let mut relative = path.to_owned();
        if !query.is_empty() {
            relative.push('?');
            relative.push_str(query);
        }
        Ok(Self {
            origin,
            rest: Template::parse(&relative).map_err(|error: VariableError| error.to_string())?,
            ends_with_slash: path.is_empty() || path.ends_with('/'),
        })
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The names of its variables.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.rest.names()
    }

    /// Path and query with these values, relative to the origin, and `more` at the query's end.
    ///
    /// # Errors
    /// A value would lead to another path.
    pub(crate) fn fill<'v>(
        &self,
        value: impl Fn(&str) -> Option<&'v str>,
        more: &[(String, String)],
    ) -> Result<String, String> {
        let mut relative = self.rest.render(value, percent);
        let path = relative.split('?').next().unwrap_or_default();
        let last_is_empty = path.is_empty() || path.ends_with('/');
        let empty =
            path.contains("//") || path.starts_with('/') || last_is_empty && !self.ends_with_slash;
        if empty {
            return Err("a value for the path of its address is empty".to_owned());
        }
        if path.split('/').any(|segment| matches!(segment, "." | "..")) {
            return Err("a value for the path of its address is . or ..".to_owned());
        }
        for (name, value) in more {
            relative.push(if relative.contains('?') { '&' } else { '?' });
            relative.push_str(&percent(name));
            relative.push('=');
            relative.push_str(&percent(value));
        }
        // "a:b" at the beginning would be a scheme.
        Ok(format!("./{relative}"))
    }
}

/// A value as a part of a path or a query: all but what RFC 3986, section 2.3 leaves as it is.
fn percent(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(url: &str, value: &str) -> Result<String, String> {
        let address = Address::parse(url).unwrap();
        let more = [("q".to_owned(), "a b".to_owned())];
        let relative = address.fill(|_| Some(value), &more)?;
        let origin = url::Url::parse(address.origin()).unwrap();
        Ok(origin.join(&relative).unwrap().to_string())
    }

    #[test]
    fn values_are_encoded_and_stay_where_they_stand() {
        for (url, value, expected) in [
            ("https://h", "", "https://h/?q=a%20b"),
            ("https://h/", "", "https://h/?q=a%20b"),
            ("https://h:8443/a/{{x}}", "7", "https://h:8443/a/7?q=a%20b"),
            (
                "http://h/{{x}}/b",
                "ü/?#&",
                "http://h/%C3%BC%2F%3F%23%26/b?q=a%20b",
            ),
            (
                "http://h/{{x}}",
                "//evil.com/",
                "http://h/%2F%2Fevil.com%2F?q=a%20b",
            ),
            ("http://h/{{x}}", "http:x", "http://h/http%3Ax?q=a%20b"),
            ("http://h/a:b", "", "http://h/a:b?q=a%20b"),
            (
                "http://h/a?n={{x}}",
                "+1&y=2",
                "http://h/a?n=%2B1%26y%3D2&q=a%20b",
            ),
            ("http://h/a?n={{x}}", "", "http://h/a?n=&q=a%20b"),
            ("http://h?n={{x}}", "1", "http://h/?n=1&q=a%20b"),
        ] {
            assert_eq!(fill(url, value).as_deref(), Ok(expected), "{url} {value}");
        }
    }

    #[test]
    fn no_value_leads_to_another_path() {
        for url in ["http://h/a/{{x}}", "http://h/a/{{x}}/b", "http://h/{{x}}"] {
            for value in ["", ".", ".."] {
                assert!(fill(url, value).is_err(), "{url} {value:?}");
            }
        }
    }

    #[test]
    fn a_host_is_fixed_and_a_url_is_one() {
        for url in [
            "",
            "ftp://h/",
            "http://",
            "https://{{x}}/a",
            "https://u:p@h/",
            "https://h:99999/",
            "https://h//a",
            "https://h/a#b",
            "https://h/{{",
        ] {
            assert!(Address::parse(url).is_err(), "{url}");
        }
    }
}
