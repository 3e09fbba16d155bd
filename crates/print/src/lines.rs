//! Text into lines: between Chinese signs anywhere, between Latin words at blanks, and no line begins with a mark that
//! closes or ends with one that opens.

/// Marks that stand at no beginning of a line.
const CLOSING: &str = "，。、；：？！）》〉」』】〕”’…—～·,.;:?!)]}%";
/// Marks that stand at no end of a line.
const OPENING: &str = "（《〈「『【〔“‘([{";

/// Lines of at most `room`, where `width` says how wide each sign is.
pub fn broken(text: &str, room: f32, width: impl Fn(char) -> f32) -> Vec<String> {
    text.lines().flat_map(|paragraph| paragraph_lines(paragraph.trim_end(), room, &width)).collect()
}

fn paragraph_lines(text: &str, room: f32, width: &impl Fn(char) -> f32) -> Vec<String> {
    let (mut lines, mut line, mut filled) = (vec![], String::new(), 0.0_f32);
    for piece in pieces(text) {
        let wide: f32 = piece.chars().map(width).sum();
        if !line.is_empty() && filled + wide > room {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
            filled = 0.0;
            if piece.trim().is_empty() {
                continue;
            }
        }
        // A word that is longer than a line is cut where the line is full.
        for sign in piece.chars() {
            if !line.is_empty() && filled + width(sign) > room {
                lines.push(std::mem::take(&mut line));
                filled = 0.0;
            }
            filled += width(sign);
            line.push(sign);
        }
    }
    lines.push(line);
    lines
}

/// What stays together: a Latin word, a blank, or a Chinese sign with the marks that cling to it.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = vec![];
    for sign in text.chars().map(|sign| if sign == '\t' { ' ' } else { sign }) {
        let clings = pieces.last().is_some_and(|last| {
            let before = last.chars().next_back().unwrap_or(' ');
            CLOSING.contains(sign) && !before.is_whitespace()
                || OPENING.contains(before)
                || (is_word(before) && is_word(sign))
        });
        match pieces.last_mut().filter(|_| clings) {
            Some(last) => last.push(sign),
            None => pieces.push(sign.into()),
        }
    }
    pieces
}

fn is_word(sign: char) -> bool {
    sign.is_alphanumeric() && (sign as u32) < 0x2e80 || "-_@/.'+".contains(sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chinese signs are twice as wide as others.
    fn wide(sign: char) -> f32 {
        if (sign as u32) < 0x2e80 { 1.0 } else { 2.0 }
    }

    #[test]
    fn chinese_breaks_anywhere_but_before_a_closing_mark() {
        assert_eq!(broken("您的来信收悉。谢谢", 12.0, wide), ["您的来信收", "悉。谢谢"]);
        assert_eq!(broken("按《规定》办", 6.0, wide), ["按《规", "定》办"]);
    }

    #[test]
    fn words_and_numbers_stay_whole_unless_a_line_cannot_hold_them() {
        assert_eq!(broken("Dear customer of ours", 9.0, wide), ["Dear", "customer", "of ours"]);
        assert_eq!(broken("订单20261122已发", 10.0, wide), ["订单", "20261122已", "发"]);
        assert_eq!(broken("abcdefgh", 3.0, wide), ["abc", "def", "gh"]);
        assert_eq!(broken("一\n\n二", 9.0, wide), ["一", "", "二"]);
    }
}
