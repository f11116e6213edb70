//! `lockgate trust import` and `import-crl`: what others trust, carried in. The plan comes first.
//!
//! One certificate, named as a file, is taken at once, with the chain that comes with it. Several to be trusted, or a
//! folder of them, are an administrator's decision: asked on a terminal, or given by `--yes`.

use std::path::Path;

use serde::Serialize;
use ua_pki::{Becomes, Certificate, Destination, ImportPlan, Imported, Item, PlannedImport, Store};

use super::material;
use super::store::{failed, look, open};
use crate::advice::{Advice, Outcome, disk};
use crate::cli::{ImportAs, TrustImport};
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{Table, print, safe, say, talk};
use crate::view::{CertificateText, CertificateView, CrlText, CrlView};

#[derive(Serialize)]
struct Import {
    store: String,
    /// False after `--dry-run`.
    imported: bool,
    entries: Vec<Entry>,
    /// Folders that were not looked into.
    left: Vec<String>,
}

#[derive(Serialize)]
struct Entry {
    path: String,
    becomes: &'static str,
    /// Why it was refused.
    reason: Option<String>,
    certificate: Option<CertificateView>,
    crl: Option<CrlView>,
}

pub(super) fn run(context: &Context, args: &TrustImport) -> Outcome {
    let dir = args.store.pki.as_deref();
    let folder = args.path.is_dir();
    let plan = if folder { of_folder(context, args)? } else { of_file(context, args)? };
    let several = plan.count(&Becomes::Trusted) > 1;
    let store = look(context, dir)?;
    let mut import = Import::of(&store, &plan);
    let single = !folder && !several;
    if args.dry_run {
        context.answer("trust-import", &import, || import.plan())?;
        if !context.json {
            say("nothing was changed");
        }
        return Ok(import.exit());
    }
    if nothing_to_do(&plan) {
        context.answer("trust-import", &import, || import.plan())?;
        return Ok(import.exit());
    }
    if !single {
        // on a terminal it is what the question is about, so it comes before it
        if context.json {
            import.plan().lines().for_each(say);
        } else {
            print(&import.plan())?;
        }
        confirm(args, &plan)?;
    }
    let store = open(context, dir)?;
    store.import(&plan).map_err(|error| failed(store.root(), &error))?;
    import.imported = true;
    context.answer(
        "trust-import",
        &import,
        || if single { import.one_by_one() } else { import.summary() },
    )?;
    remind(context, &store, &plan)?;
    Ok(import.exit())
}

/// `import-crl`: one list, and why it is worth nothing if it is.
pub(super) fn crl(context: &Context, file: &Path, dir: Option<&Path>) -> Outcome {
    let crl = material::crl(file)?;
    let plan = {
        let read = material::read(file)?;
        let store = look(context, dir)?;
        store.plan_file(file, &read, Destination::Trusted).map_err(|error| failed(store.root(), &error))?
    };
    if let Some(Becomes::Refused(why)) = plan.entries().first().map(|entry| &entry.becomes) {
        return Err(Box::new(
            Advice::new("trust.revocation_list_refused", Exit::Usage, format!("not taken: {why}"))
                .fact("file", file.display().to_string())
                .fact("issuer", crl.issuer())
                .then("bring the list of the authority whose certificate is in the store"),
        ));
    }
    let store = open(context, dir)?;
    let there = plan.count(&Becomes::AlreadyThere) > 0;
    store.import(&plan).map_err(|error| failed(store.root(), &error))?;
    let import = Import { imported: true, ..Import::of(&store, &plan) };
    context.answer("trust-import", &import, || {
        let done = if there { "was there already" } else { "revocation list used from now on" };
        format!("{done}\n{}", CrlView::of(&crl).text())
    })?;
    let authorities = store.trust_list().map_err(|error| failed(store.root(), &error))?;
    let known = |one: &&Certificate| one.subject() == crl.issuer();
    if !authorities.trusted().iter().chain(authorities.issuers()).any(|one| known(&one)) {
        say("no authority of this name is in the store; the list counts when there is one:");
        say(&format!("  {}", context.line(&["trust", "import", "CA.der"])));
    }
    Ok(Exit::Ok)
}

/// An authority without a revocation list is of no use yet.
fn remind(context: &Context, store: &Store, plan: &ImportPlan) -> Outcome<()> {
    let list = store.trust_list().map_err(|error| failed(store.root(), &error))?;
    let authorities = plan.entries().iter().filter_map(|entry| match (&entry.what, &entry.becomes) {
        (Imported::Certificate(one), Becomes::Trusted | Becomes::Issuer) if one.is_ca() => Some(one),
        _ => None,
    });
    let lacks = |one: &&Certificate| !list.crls().iter().any(|crl| crl.issuer() == one.subject());
    let lacking: Vec<&str> = authorities.filter(lacks).map(Certificate::subject).collect();
    if lacking.is_empty() {
        return Ok(());
    }
    for subject in lacking {
        say(&format!("there is no revocation list of {} yet", safe(subject)));
    }
    say("until it is there, what that authority issued is refused (BadCertificateRevocationUnknown):");
    say(&format!("  {}", context.line(&["trust", "import-crl", "FILE"])));
    Ok(())
}

fn of_folder(context: &Context, args: &TrustImport) -> Outcome<ImportPlan> {
    if args.role.is_some() {
        let text = "--as is for files; in a folder, trusted/ and issuers/ say what each certificate is";
        return Err(Box::new(Advice::new("usage.import_folder", Exit::Usage, text)));
    }
    let store = look(context, args.store.pki.as_deref())?;
    store.plan_folder(&args.path).map_err(|error| match error {
        ua_pki::Error::NoStore { why, .. } => Box::new(
            Advice::new(
                "trust.not_a_store",
                Exit::Usage,
                format!("this folder cannot be imported: it {why}"),
            )
            .fact("folder", args.path.display().to_string())
            .then("name the folder that has trusted/ and issuers/ in it; pki/ and pkiclient/ are usual names")
            .then("a folder with nothing but certificates: import its files one by one"),
        ),
        other => material::unreadable(&args.path, &other),
    })
}

fn of_file(context: &Context, args: &TrustImport) -> Outcome<ImportPlan> {
    let file = args.path.as_path();
    let read = material::read(file)?;
    let useful = |item: &&Item| matches!(item, Item::Certificate(_) | Item::Crl(_));
    if let (None, Some(first)) = (read.items().iter().find(useful), read.items().first()) {
        return Err(material::not_a_certificate(file, first));
    }
    let destination = match args.role {
        None | Some(ImportAs::Trusted) => Destination::Trusted,
        Some(ImportAs::Issuer) => Destination::Issuer,
    };
    let store = look(context, args.store.pki.as_deref())?;
    let plan = store.plan_file(file, &read, destination);
    let plan = plan.map_err(|error| failed(store.root(), &error))?;
    match plan.entries() {
        [PlannedImport { becomes: Becomes::Refused(why), .. }] => Err(Box::new(
            Advice::new("trust.refused", Exit::Usage, format!("not taken: {why}"))
                .fact("file", file.display().to_string())
                .then("what the file holds is shown by")
                .then_run_alone(&["cert", "show", &file.display().to_string()]),
        )),
        _ => Ok(plan),
    }
}

fn nothing_to_do(plan: &ImportPlan) -> bool {
    let kinds = [Becomes::Trusted, Becomes::Issuer, Becomes::RevocationList];
    kinds.iter().all(|kind| plan.count(kind) == 0)
}

fn confirm(args: &TrustImport, plan: &ImportPlan) -> Outcome<()> {
    if args.yes {
        return Ok(());
    }
    let path = args.path.display().to_string();
    if talk::can_ask() {
        let count = plan.count(&Becomes::Trusted);
        let answer = talk::ask(&format!("take everything as shown, and trust {count} of it? (yes/no) "));
        let answer = answer.map_err(|error| disk("read the answer", &args.path, &error))?;
        if answer.as_deref() == Some("yes") {
            return Ok(());
        }
        let text = "nothing was taken: the answer was not yes";
        return Err(Box::new(Advice::new("trust.import_declined", Exit::Usage, text)));
    }
    Err(Box::new(
        Advice::new(
            "trust.needs_yes",
            Exit::Usage,
            "nothing was taken: a folder, or several certificates to be trusted, need a yes",
        )
        .then("compare the thumbprints above with what you expect; when they are right:")
        .then_run(&["trust", "import", &path, "--yes"]),
    ))
}

impl Import {
    fn of(store: &Store, plan: &ImportPlan) -> Self {
        Self {
            store: store.root().display().to_string(),
            imported: false,
            entries: plan.entries().iter().map(Entry::of).collect(),
            left: plan.left().iter().map(|path| path.display().to_string()).collect(),
        }
    }

    /// Partly when something was refused.
    fn exit(&self) -> Exit {
        if self.entries.iter().any(|entry| entry.reason.is_some()) { Exit::Partly } else { Exit::Ok }
    }

    /// What becomes of everything, one line each; the reasons of what is refused below.
    fn plan(&self) -> String {
        let mut table = Table::new(&["BECOMES", "THUMBPRINT", "SUBJECT", "FILE"]);
        for entry in self.entries.iter().filter(|entry| entry.reason.is_none()) {
            let (thumbprint, subject) = entry.named();
            table.row([entry.becomes, thumbprint, subject, &entry.path]);
        }
        format!("{table}{}", self.remarks())
    }

    /// What was done, in numbers.
    fn summary(&self) -> String {
        let count = |becomes| self.entries.iter().filter(|entry| entry.becomes == becomes).count();
        format!(
            "taken: {} trusted, {} issuers, {} revocation lists; {} there already, {} refused\n",
            count("trusted"),
            count("issuer"),
            count("revocation list"),
            count("there already"),
            count("refused")
        )
    }

    /// What was done, in full.
    fn one_by_one(&self) -> String {
        let entries = self.entries.iter().filter(|entry| entry.reason.is_none());
        let pages: Vec<String> = entries.map(Entry::page).collect();
        format!("{}{}", pages.join("\n"), self.remarks())
    }

    fn remarks(&self) -> String {
        let refused = self.entries.iter().filter_map(|entry| {
            let why = entry.reason.as_ref()?;
            let (_, subject) = entry.named();
            let subject = if subject.is_empty() { String::new() } else { format!(" ({})", safe(subject)) };
            Some(format!("refused {}{subject}: {}\n", safe(&entry.path), safe(why)))
        });
        let left = self.left.iter().map(|path| format!("not touched: {}\n", safe(path)));
        refused.chain(left).collect()
    }
}

impl Entry {
    fn of(entry: &PlannedImport) -> Self {
        let (becomes, reason) = match &entry.becomes {
            Becomes::Trusted => ("trusted", None),
            Becomes::Issuer => ("issuer", None),
            Becomes::RevocationList => ("revocation list", None),
            Becomes::AlreadyThere => ("there already", None),
            Becomes::Refused(why) => ("refused", Some(why.clone())),
        };
        let (certificate, crl) = match &entry.what {
            Imported::Certificate(one) => (Some(CertificateView::of(one)), None),
            Imported::Crl(crl) => (None, Some(CrlView::of(crl))),
            Imported::Nothing => (None, None),
        };
        Self { path: entry.path.display().to_string(), becomes, reason, certificate, crl }
    }

    /// Thumbprint and subject, or issuer.
    fn named(&self) -> (&str, &str) {
        match (&self.certificate, &self.crl) {
            (Some(one), _) => (&one.thumbprint, &one.subject),
            (None, Some(crl)) => ("", &crl.issuer),
            (None, None) => ("", ""),
        }
    }

    fn page(&self) -> String {
        let what = match self.becomes {
            "trusted" if self.certificate.as_ref().is_some_and(|one| one.authority == Some(true)) => {
                "trusted from now on, with everything that this authority issues"
            }
            "trusted" => "trusted from now on",
            "issuer" => "known as an issuer from now on; by itself this trusts nobody",
            "revocation list" => "revocation list used from now on",
            _ => "was there already",
        };
        let text = self.certificate.as_ref().map(CertificateView::text);
        let text = text.or_else(|| self.crl.as_ref().map(CrlView::text)).unwrap_or_default();
        format!("{what}\n{text}")
    }
}
