//! Patterns over paths of browse names: `*` is any text inside one name, `**` any number of names, `?` one character.

use std::fmt;
use std::str::FromStr;

use globset::{GlobBuilder, GlobMatcher};

/// A pattern over a path such as `Mixing/Line1/Level`. A `/` in front and a leading `Objects/` may be written and mean
/// nothing, since paths begin below the objects folder. A `/` inside a browse name is written `_`.
#[derive(Clone)]
pub struct PathPattern {
    text: String,
    matcher: GlobMatcher,
}

impl PathPattern {
    /// Whether the path matches as a whole.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        self.matcher.is_match(path)
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// The path that patterns are held against.
pub(crate) fn path_of(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| name.replace('/', "_")).collect();
    names.join("/")
}

impl FromStr for PathPattern {
    /// What is wrong with it.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let below = text.trim_start_matches('/');
        let below = below.strip_prefix("Objects/").unwrap_or(below);
        if below.is_empty() {
            return Err("is empty; every variable is **".to_owned());
        }
        if below.len() > LONGEST {
            return Err(format!("is longer than {LONGEST} bytes"));
        }
        let glob = GlobBuilder::new(below).literal_separator(true).backslash_escape(true).build();
        let glob = glob.map_err(|error| format!("`{text}` is no pattern: {}", error.kind()))?;
        Ok(Self { text: text.to_owned(), matcher: glob.compile_matcher() })
    }
}

impl fmt::Debug for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl PartialEq for PathPattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Bounds the matcher that is made from it.
const LONGEST: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, path: &str) -> bool {
        pattern.parse::<PathPattern>().unwrap().matches(path)
    }

    #[test]
    fn a_star_stays_inside_a_name_and_two_do_not() {
        assert!(matches("Line1/*", "Line1/Level") && !matches("Line1/*", "Line1/Tank/Level"));
        assert!(matches("Line1/**", "Line1/Tank/Level") && matches("**/Level", "Level"));
        assert!(matches("**/Level", "Line1/Tank/Level") && !matches("**/Level", "Line1/Level/Unit"));
        assert!(matches("Line?/Level", "Line2/Level") && !matches("Line?/Level", "Line12/Level"));
        assert!(matches("**", "Line1/Tank/Level"));
    }

    #[test]
    fn capitals_matter_and_the_objects_folder_may_be_written() {
        assert!(!matches("line1/*", "Line1/Level"));
        assert!(matches("/Objects/Line1/*", "Line1/Level") && matches("Objects/Line1/*", "Line1/Level"));
    }

    #[test]
    fn signs_of_the_pattern_can_be_meant_as_they_stand() {
        assert!(matches(r"Tank\[1\]/Level", "Tank[1]/Level"));
        assert!(
            matches("Tank[12]/{Level,Flow}", "Tank2/Flow") && !matches("Tank[12]/{Level,Flow}", "Tank3/Flow")
        );
    }

    #[test]
    fn what_is_no_pattern_says_why() {
        for (text, why) in
            [("", "empty"), ("/Objects/", "empty"), ("Line[1", "no pattern"), ("{a", "no pattern")]
        {
            let error = text.parse::<PathPattern>().unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
        assert!("x".repeat(1025).parse::<PathPattern>().is_err());
    }

    #[test]
    fn a_slash_inside_a_name_is_not_the_end_of_it() {
        assert_eq!(path_of(&["Line1", "m/s"]), "Line1/m_s");
    }
}
