//! Stars and hashes: those that enclose text, that multiply, and that are keys of a telephone.

/// For each character, whether it is a star of a pair that encloses text, as CommonMark has it.
pub(super) fn pairs(chars: &[char]) -> Vec<bool> {
    let mut paired = vec![false; chars.len()];
    // Where an open one begins, and how many stars of it are left.
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    while let Some(c) = chars.get(at).copied() {
        let stars = chars.iter().skip(at).take_while(|c| **c == '*').count();
        if c != '*' {
            at += 1;
            continue;
        }
        let (begin, end) = (at, at + stars);
        at = end;
        let before = begin.checked_sub(1).and_then(|at| chars.get(at)).copied();
        let (last, next) = (
            before.unwrap_or(' '),
            chars.get(end).copied().unwrap_or(' '),
        );
        if last.is_ascii_digit() && next.is_ascii_digit() {
            continue;
        }
        let outside = |c: char| !c.is_alphanumeric();
        let opens = next != ' ' && (!outside(next) || outside(last));
        let closes = last != ' ' && (!outside(last) || outside(next));
        let mut left = stars;
        while closes && left > 0 {
            let Some((first, stars)) = open.pop() else {
                break;
            };
            let both = left.min(stars);
            let closing = end - left;
            let opening = first + stars - both;
            let halves = (opening..opening + both).chain(closing..closing + both);
            for place in halves {
                if let Some(paired) = paired.get_mut(place) {
                    *paired = true;
                }
            }
            left -= both;
            if stars > both {
                open.push((first, stars - both));
            }
        }
        if opens && left > 0 {
            open.push((end - left, left));
        }
    }
    paired
}

/// A star between numbers: "3 * 4", "3*4".
pub(super) fn multiplies(chars: &[char], at: usize) -> bool {
    let (before, behind) = chars.split_at_checked(at).unwrap_or((chars, &[]));
    let factor = |c: Option<&char>| c.is_some_and(char::is_ascii_digit);
    let blank = |c: &&char| **c != ' ';
    let blanks = (
        before.last() == Some(&' '),
        behind.get(1).copied() == Some(' '),
    );
    blanks.0 == blanks.1
        && factor(before.iter().rev().find(blank))
        && factor(behind.iter().skip(1).find(blank))
}

/// A star beside a number, or for itself: "*67", "press *", "5* hotel".
pub(super) fn is_star_key(last: char, next: char) -> bool {
    last.is_ascii_digit() || next.is_ascii_digit() || next == '#' || begins(last) && ends(next)
}

/// A hash behind a number, or for itself: "*9#", "press #". "#1" is a number, "C#" a name.
pub(super) fn is_hash_key(last: char, next: char) -> bool {
    let emphasis = |c: char| matches!(c, '*' | '_');
    last.is_ascii_digit() && (ends(next) || emphasis(next))
        || last == '*' && next.is_ascii_digit()
        || (begins(last) || emphasis(last)) && (ends(next) || emphasis(next))
}

/// Before a mark that stands for itself.
fn begins(c: char) -> bool {
    matches!(
        c,
        ' ' | '(' | '"' | '\'' | '`' | '“' | '„' | '‘' | '‚' | '«' | '»'
    )
}

/// Behind a mark that stands for itself.
fn ends(c: char) -> bool {
    begins(c) && c != '(' || matches!(c, ')' | '.' | ',' | ';' | ':' | '!' | '?' | '”' | '’')
}
