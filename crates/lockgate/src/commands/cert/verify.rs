//! `lockgate cert verify FILE`: the eleven steps of Part 4 §6.1.3 on a certificate, against a store that is only read.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;
use ua_pki::{
    Certificate, CertificateRules, Error, Role, Step, TrustList, ValidationContext, Verdict, validate,
};
use zeroize::Zeroizing;

use crate::advice::{Advice, Outcome};
use crate::cli::{AskedPolicy, Verify, Whose};
use crate::clock;
use crate::commands::store;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{safe, say};
use crate::view::{CertificateText, CertificateView, Judged, Means, ProblemView, VerdictText, VerdictView};

/// Most bytes read of a file; what is longer is no certificate, whatever is in it.
const MAX_FILE: u64 = 1 << 20;

#[derive(Serialize)]
struct Verified {
    #[serde(flatten)]
    verdict: VerdictView,
    /// Files of the store that could not be used.
    problems: Vec<ProblemView>,
    file: String,
    store: String,
    role: &'static str,
    /// The policy whose rules were asked in step 4; `null` when it was skipped.
    policy: Option<&'static str>,
    at: String,
    /// As they are in the file; empty when there is none.
    certificates: Vec<CertificateView>,
}

pub(super) fn run(context: &Context, args: &Verify) -> Outcome {
    let bytes = read(&args.file)?;
    let (root, trust) = trust_list(context, args.store.pki.as_deref())?;
    let at = args.at.unwrap_or_else(clock::now);
    let (chain, rules, verdict) = judge(args, &bytes, &trust, at);
    let means = Means { context, judged: Judged::File(&args.file) };
    let mut verdict = VerdictView::of(&verdict, role(args.role), &means);
    if args.application_uri.is_none() {
        // nothing to compare with; what a peer would refuse anyway is still told
        verdict.skip(Step::ApplicationUri);
    }
    let good = verdict.is_good();
    let verified = Verified {
        verdict,
        problems: trust.problems().iter().map(ProblemView::of).collect(),
        file: args.file.display().to_string(),
        store: root,
        role: role_word(args.role),
        policy: rules.map(CertificateRules::name),
        at: at.to_string(),
        certificates: chain.iter().map(CertificateView::of).collect(),
    };
    context.answer("cert-verify", &verified, || verified.text())?;
    if !context.json {
        for problem in &verified.problems {
            say(&format!("ignored {}: {}", safe(&problem.path), safe(&problem.message)));
        }
    }
    Ok(if good { Exit::Ok } else { Exit::ServerNotTrusted })
}

fn judge(
    args: &Verify,
    bytes: &[u8],
    trust: &TrustList,
    at: Timestamp,
) -> (Vec<Certificate>, Option<CertificateRules>, Verdict) {
    let role = role(args.role);
    let read = if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_FILE {
        Err(Error::Malformed(format!("the file has more than {MAX_FILE} bytes, which no certificate has")))
    } else {
        Certificate::chain_from_bytes(bytes)
    };
    let chain = match read {
        Ok(chain) => chain,
        Err(error) => return (Vec::new(), None, Verdict::unreadable(bytes, &error, role)),
    };
    let rules = match args.policy {
        Some(AskedPolicy::Nothing) => None,
        Some(AskedPolicy::Rules(rules)) if args.danger_deprecated_policy => {
            Some(rules.danger_allow_deprecated())
        }
        Some(AskedPolicy::Rules(rules)) => Some(rules),
        None => chain.first().map(|leaf| CertificateRules::for_key(leaf.public_key().kind())),
    };
    let rules_of_call = ValidationContext {
        now: at,
        role,
        policy: rules,
        host: args.url.as_ref().map(ua_client::EndpointUrl::host),
        application_uri: args.application_uri.as_deref(),
        suppress: &args.suppress,
    };
    let verdict = validate(&chain, trust, &rules_of_call);
    (chain, rules, verdict)
}

fn role(whose: Whose) -> Role {
    match whose {
        Whose::Server => Role::Server,
        Whose::Client => Role::Client,
        Whose::User => Role::User,
    }
}

fn role_word(role: Whose) -> &'static str {
    match role {
        Whose::Server => "server",
        Whose::Client => "client",
        Whose::User => "user",
    }
}

/// The beginning of the file, which is all of it when it can be a certificate.
fn read(file: &Path) -> Outcome<Zeroizing<Vec<u8>>> {
    // somebody may name the file with the key
    let mut bytes = Zeroizing::new(Vec::new());
    let read = File::open(file).and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes));
    read.map_err(|error| {
        Box::new(
            Advice::new("cert.unreadable_file", Exit::Config, format!("the file cannot be read: {error}"))
                .fact("file", file.display().to_string())
                .then("check the name of the file, and that this user may read it"),
        )
    })?;
    Ok(bytes)
}

fn trust_list(context: &Context, pki: Option<&Path>) -> Outcome<(String, TrustList)> {
    let store = store::look(context, pki)?;
    let root = store.root().display().to_string();
    let trust = store.trust_list().map_err(|error| {
        Box::new(
            Advice::new(
                "pki.unreadable",
                Exit::Config,
                format!("the certificate store cannot be read: {error}"),
            )
            .fact("store", root.clone())
            .then("check that this user may read it"),
        )
    })?;
    Ok((root, trust))
}

impl Verified {
    /// Whether the step is for a certificate of this role at all.
    fn applies(&self, step: Step) -> bool {
        match step {
            Step::HostName => self.role == role_word(Whose::Server),
            Step::ApplicationUri => self.role != role_word(Whose::User),
            _ => true,
        }
    }

    fn text(&self) -> String {
        let mut out = self.verdict.text();
        let not_asked = [
            (Step::Policy, "--policy"),
            (Step::HostName, "--url"),
            (Step::ApplicationUri, "--application-uri"),
        ];
        for (step, option) in not_asked.into_iter().filter(|_| !self.certificates.is_empty()) {
            if self.verdict.skipped.contains(&step.slug()) {
                let why =
                    if self.applies(step) { format!("give {option}") } else { "does not apply".to_owned() };
                out.push_str(&format!("{:<12} step {}: {} ({why})\n", "skipped", step.number(), step.name()));
            }
        }
        for (number, certificate) in self.certificates.iter().enumerate() {
            out.push_str(if number == 0 { "\n" } else { "\nissuer sent with it\n" });
            out.push_str(&certificate.text());
        }
        out
    }
}
