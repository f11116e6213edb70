//! Makes foreign text harmless on a terminal.

/// Longest foreign string shown in full; the rest is replaced by an ellipsis.
const MAX_SHOWN: usize = 400;

/// `text` as [`safe`] shows it, but whole, however long it is.
pub fn harmless(text: &str) -> String {
    text.chars().map(|c| if acts(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

/// `text` with every character that could act on a terminal, or on the eye, replaced by its code.
pub fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (shown, c) in text.chars().enumerate() {
        if shown == MAX_SHOWN {
            out.push('…');
            break;
        }
        if acts(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Whether a character does something other than being seen: control characters (C0, DEL, C1, and with them
/// every ANSI sequence), bidirectional overrides and isolates, invisible and line-breaking characters, tags.
pub fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// `text` as one word of a POSIX shell command line.
pub fn shell(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", safe(text).replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ansi_sequence_is_shown_not_obeyed() {
        assert_eq!(safe("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(safe("a\u{9b}31mb"), "a\\u{9b}31mb");
    }

    #[test]
    fn right_to_left_overrides_and_invisible_characters_are_shown_by_code() {
        assert_eq!(safe("exe\u{202E}txt"), "exe\\u{202e}txt");
        assert_eq!(safe("a\u{200B}b\u{2066}c"), "a\\u{200b}b\\u{2066}c");
    }

    #[test]
    fn line_breaks_cannot_forge_a_line_of_output() {
        assert_eq!(safe("a\r\nerror: b"), "a\\u{d}\\u{a}error: b");
    }

    #[test]
    fn ordinary_text_in_any_script_is_left_alone() {
        assert_eq!(safe("Kessel 3 – Füllstand 温度"), "Kessel 3 – Füllstand 温度");
    }

    #[test]
    fn very_long_text_is_cut() {
        assert_eq!(safe(&"x".repeat(10_000)).chars().count(), MAX_SHOWN + 1);
    }

    #[test]
    fn a_shell_word_cannot_run_a_command() {
        assert_eq!(shell("line1"), "line1");
        assert_eq!(shell("a b; rm"), "'a b; rm'");
        assert_eq!(shell("it's $(x)"), "'it'\\''s $(x)'");
    }
}
