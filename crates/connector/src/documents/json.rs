//! JSON as every command prints it: one object that says which schema it follows, with everything that could act
//! on a terminal written as `\uXXXX`. The escapes are plain JSON: a parser gives back the exact string.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter};

use super::escape::acts;

#[derive(Serialize)]
struct Document<'a, T> {
    schema: String,
    #[serde(flatten)]
    body: &'a T,
}

impl<'a, T> Document<'a, T> {
    fn new(name: &str, body: &'a T) -> Self {
        Self { schema: format!("lockgate/{name}/1"), body }
    }
}

/// `body` as one pretty object whose first member is `"schema": "lockgate/<name>/1"`.
///
/// # Errors
/// That of the body's own `Serialize`.
pub fn document<T: Serialize>(name: &str, body: &T) -> Result<String, serde_json::Error> {
    let mut out = write(&Document::new(name, body), PrettyFormatter::new())?;
    out.push('\n');
    Ok(out)
}

/// The same on one line, without the line end.
///
/// # Errors
/// That of the body's own `Serialize`.
pub fn compact<T: Serialize>(name: &str, body: &T) -> Result<String, serde_json::Error> {
    line(&Document::new(name, body))
}

/// `value` as one line of JSON, without the line end.
///
/// # Errors
/// That of the value's own `Serialize`.
pub fn line<T: Serialize>(value: &T) -> Result<String, serde_json::Error> {
    write(value, serde_json::ser::CompactFormatter)
}

fn write<T: Serialize, F: Formatter>(value: &T, inner: F) -> Result<String, serde_json::Error> {
    let mut bytes = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, Safe { inner }))?;
    String::from_utf8(bytes).map_err(|e| serde_json::Error::io(io::Error::other(e)))
}

/// Delegates the layout to `inner` and writes dangerous characters as escapes.
struct Safe<F> {
    inner: F,
}

impl<F: Formatter> Formatter for Safe<F> {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, w: &mut W, text: &str) -> io::Result<()> {
        let mut buffer = [0; 4];
        let mut units = [0; 2];
        for c in text.chars() {
            if acts(c) {
                for unit in c.encode_utf16(&mut units) {
                    write!(w, "\\u{unit:04x}")?;
                }
            } else {
                w.write_all(c.encode_utf8(&mut buffer).as_bytes())?;
            }
        }
        Ok(())
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.inner.begin_array(w)
    }
    fn end_array<W: ?Sized + io::Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.inner.end_array(w)
    }
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        self.inner.begin_array_value(w, first)
    }
    fn end_array_value<W: ?Sized + io::Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.inner.end_array_value(w)
    }
    fn begin_object<W: ?Sized + io::Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.inner.begin_object(w)
    }
    fn end_object<W: ?Sized + io::Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.inner.end_object(w)
    }
    fn begin_object_key<W: ?Sized + io::Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        self.inner.begin_object_key(w, first)
    }
    fn begin_object_value<W: ?Sized + io::Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.inner.begin_object_value(w)
    }
    fn end_object_value<W: ?Sized + io::Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.inner.end_object_value(w)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Body<'a> {
        name: &'a str,
    }

    #[test]
    fn the_schema_comes_first_and_names_the_command() {
        let text = document("discover", &Body { name: "x" }).unwrap();
        assert_eq!(text, "{\n  \"schema\": \"lockgate/discover/1\",\n  \"name\": \"x\"\n}\n");
    }

    #[test]
    fn what_could_act_on_a_terminal_is_escaped_and_survives_parsing() {
        let nasty = "a\u{9b}31m\u{202E}b\u{1b}[0m\u{E0041}\"\\\n";
        let text = line(&Body { name: nasty }).unwrap();
        assert!(!text.chars().any(acts), "{text:?}");
        let back: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(back["name"], nasty);
    }
}
