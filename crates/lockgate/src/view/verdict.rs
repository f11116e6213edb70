//! A verdict of certificate validation for people.

use connector::documents::VerdictView;

use crate::output::safe;

/// What is shown of a verdict.
pub(crate) trait VerdictText {
    /// The verdict, and each finding with what is to be done about it.
    fn text(&self) -> String;
}

impl VerdictText for VerdictView {
    fn text(&self) -> String {
        let mut out = line("verdict", self.status);
        for finding in &self.findings {
            out.push('\n');
            let note = if finding.suppressed { "; does not count" } else { "" };
            out.push_str(&line("finding", &format!("{} ({}{note})", finding.status, finding.head)));
            out.push_str(&line("", &safe(&finding.message)));
            out.push_str(&line("to do", &format!("{}: {}", finding.who, safe(&finding.to_do))));
            if let Some(command) = &finding.command {
                out.push_str(&line("", &format!("  {command}")));
            }
        }
        out
    }
}

fn line(label: &str, text: &str) -> String {
    format!("{}\n", format!("{label:<12} {text}").trim_end())
}
