//! The text of a page, for a model that asked for data and was given HTML.

/// The text between the tags, with one blank between words. Scripts and styles are left out.
pub(super) fn text_of(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        text.push(' ');
        rest = behind(tag);
    }
    text.push_str(rest);
    let words: Vec<&str> = text.split_whitespace().collect();
    unescaped(&words.join(" "))
}

/// What comes behind a tag, or behind an element that has no text for people.
fn behind(tag: &str) -> &str {
    if let Some(comment) = tag.strip_prefix("!--") {
        return comment.split_once("-->").map_or("", |(_, rest)| rest);
    }
    let name: String = tag
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let body = tag.split_once('>').map_or("", |(_, rest)| rest);
    if !matches!(name.as_str(), "script" | "style" | "svg" | "template") {
        return body;
    }
    let mut rest = body;
    while let Some((_, end)) = rest.split_once("</") {
        let closes = end.get(..name.len());
        if closes.is_some_and(|closes| closes.eq_ignore_ascii_case(&name)) {
            return end.split_once('>').map_or("", |(_, rest)| rest);
        }
        rest = end;
    }
    ""
}

/// With the commonest references to characters replaced.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        // No name is longer. A page of `&` alone would else be searched to its end for each.
        let end = after.bytes().take(9).position(|byte| byte == b';');
        let found = end.and_then(|end| after.split_at_checked(end));
        let found = found.and_then(|(name, rest)| Some((name, rest.strip_prefix(';')?)));
        match found.and_then(|(name, behind)| Some((character(name)?, behind))) {
            Some((character, behind)) => {
                out.push(character);
                rest = behind;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok(),
                None => number.parse().ok(),
            };
            char::from_u32(code?).filter(|c| !c.is_control())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_read_is_left() {
        for (html, expected) in [
            ("", ""),
            ("plain\n text", "plain text"),
            (
                "<!doctype html><title>Shop</title><h1>Open<br>9&ndash;6</h1>",
                "Shop Open 9&ndash;6",
            ),
            ("<p>a</p><script>if (a<b) {}</script><p>b</p>", "a b"),
            ("<STYLE>p > a {}</STYLE>x<!-- <b>no</b> -->y", "x y"),
            (
                "a &lt;b&gt; &amp;amp; &#252;&#xFC; &unknown; & &#1;",
                "a <b> &amp; üü &unknown; & &#1;",
            ),
            ("x<script>never closed", "x"),
            ("x<b", "x"),
            ("x<!-- y", "x"),
            ("&amp;lt; &amp &;&12345678;", "&lt; &amp &;&12345678;"),
        ] {
            assert_eq!(text_of(html), expected, "{html}");
        }
    }
}
