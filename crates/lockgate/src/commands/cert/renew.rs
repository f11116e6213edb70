//! `lockgate cert renew` and `lockgate cert use`: the certificate that takes the place of ours, and the switch to it.

use std::path::Path;

use serde::Serialize;
use ua_pki::{ApplicationIdentity, Certificate, Error, OwnPair, OwnRole};

use super::own::{self, Ours};
use crate::advice::{Advice, Outcome};
use crate::cli::{self, Which};
use crate::clock;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{safe, say};
use crate::view::{CertificateText, CertificateView};

#[derive(Serialize)]
struct Renewed {
    /// `next`, or `active` when it is in use at once.
    role: &'static str,
    certificate_file: String,
    certificate: CertificateView,
    /// Thumbprint of the certificate whose place it takes.
    replaces: String,
}

pub(super) fn renew(context: &Context, args: &cli::Renew) -> Outcome {
    let pki = args.store.pki.as_deref();
    let config = own::configured(context, pki)?;
    let ours = Ours::open(context, pki)?;
    let present = ours.pair(OwnRole::Active)?.ok_or_else(|| ours.none())?;
    if !present.certificate.is_self_signed() && !args.self_signed {
        return Err(signed_by_authority(&present.certificate));
    }
    if !args.replace
        && let Some(next) = ours.pair(OwnRole::Next)?
    {
        return Err(ours.next_waits(&next, &["cert", "renew", "--replace"]));
    }
    let mut profile = own::profile(&args.names, config.as_ref(), Some(&present.certificate), args.days)?;
    if let Some(key) = args.key {
        profile.key = key.kind();
    }
    own::refuse_curve(profile.key)?;
    let failed = |error: Error| ours.failed(&error);
    let identity = if args.same_key {
        let own = ours.store.own().map_err(failed)?.ok_or_else(|| ours.none())?;
        ApplicationIdentity::self_signed_for(&profile, own.key().clone())
    } else {
        ApplicationIdentity::self_signed(&profile)
    };
    let identity = identity.map_err(failed)?;
    ours.store.replace_next(&identity).map_err(failed)?;
    if args.use_now {
        ours.store.use_next().map_err(failed)?;
    }
    tell(&ours, context, args.use_now, &present.certificate)
}

fn tell(ours: &Ours<'_>, context: &Context, used: bool, present: &Certificate) -> Outcome {
    let role = if used { OwnRole::Active } else { OwnRole::Next };
    let pair = ours.pair(role)?.ok_or_else(|| ours.none())?;
    let renewed = Renewed {
        role: if used { "active" } else { "next" },
        certificate_file: pair.certificate_file.display().to_string(),
        certificate: CertificateView::of(&pair.certificate),
        replaces: present.thumbprint().grouped(),
    };
    context.answer("cert-renew", &renewed, || renewed.text())?;
    own::carry(ours, role).iter().for_each(|line| say(line));
    if used {
        say("a running lockgate uses it from its next connect on");
    } else {
        say("until then lockgate goes on with the certificate in use; when every server trusts the new one:");
        say(&format!("  {}", ours.line(&["cert", "use", "next"])));
    }
    Ok(Exit::Ok)
}

impl Renewed {
    fn text(&self) -> String {
        let role = match self.role {
            "active" => "in use from now on",
            _ => "next: waits until the servers trust it",
        };
        format!(
            "{:<12} {role}\n{:<12} {}\n{}{:<12} {}\n",
            "role",
            "written",
            safe(&self.certificate_file),
            self.certificate.text(),
            "replaces",
            self.replaces
        )
    }
}

#[derive(Serialize)]
struct Switched {
    active: CertificateView,
    former: Option<CertificateView>,
}

pub(super) fn switch(context: &Context, which: Which, pki: Option<&Path>) -> Outcome {
    let ours = Ours::open(context, pki)?;
    let role = match which {
        Which::Next => OwnRole::Next,
        Which::Former => OwnRole::Former,
    };
    let pair = ours.pair(role)?.ok_or_else(|| nothing_to_use(&ours, role))?;
    refuse_outside_time(role, &pair)?;
    let used = match which {
        Which::Next => ours.store.use_next(),
        Which::Former => ours.store.use_former(),
    };
    let used = used.map_err(|e| ours.failed(&e))?;
    let former = ours.pair(OwnRole::Former)?;
    let switched = Switched {
        active: CertificateView::of(used.certificate()),
        former: former.map(|pair| CertificateView::of(&pair.certificate)),
    };
    context.answer("cert-use", &switched, || {
        let former = switched.former.as_ref().map_or("(none)", |former| &former.thumbprint);
        format!("{:<12} in use from now on\n{}{:<12} {former}\n", "role", switched.active.text(), "former")
    })?;
    say("a running lockgate uses it from its next connect on; if a server refuses it, the way back is:");
    say(&format!("  {}", ours.line(&["cert", "use", "former"])));
    Ok(Exit::Ok)
}

fn refuse_outside_time(role: OwnRole, pair: &OwnPair) -> Outcome<()> {
    let (from, until) = (pair.certificate.not_before(), pair.certificate.not_after());
    let now = clock::now();
    if (from..=until).contains(&now) {
        return Ok(());
    }
    let advice = Advice::new(
        "cert.not_valid_now",
        Exit::Config,
        "this certificate is not valid now; the one in use stays",
    )
    .fact("thumbprint", pair.certificate.thumbprint().grouped())
    .fact("valid from", from.to_string())
    .fact("valid until", until.to_string())
    .fact("now", now.to_string());
    Err(Box::new(if role == OwnRole::Next {
        advice.then("check the clock of this machine; if it is right:").then_run(&[
            "cert",
            "renew",
            "--replace",
        ])
    } else {
        advice.then("check the clock of this machine; if it is right, there is no way back to it")
    }))
}

pub(super) fn nothing_to_use(ours: &Ours<'_>, role: OwnRole) -> Box<Advice> {
    let advice =
        Advice::new("cert.nothing_to_use", Exit::Config, format!("there is no {role} certificate of ours"))
            .fact("store", ours.store.root().display().to_string());
    Box::new(if role == OwnRole::Next {
        advice.then("make one:").then_run(&["cert", "renew"])
    } else {
        advice.then("see what is there:").then_run(&["cert", "show"])
    })
}

fn signed_by_authority(certificate: &Certificate) -> Box<Advice> {
    Box::new(
        Advice::new(
            "cert.signed_by_authority",
            Exit::Config,
            "an authority signed our certificate, and has to sign the next one as well",
        )
        .fact("issued by", certificate.issuer())
        .then("write a request, have it signed, and take in the answer:")
        .then_run(&["cert", "csr", "--new-key", "--output", "lockgate.csr"])
        .then_run(&["cert", "import", "FILE"])
        .then("or, where the authority is gone, sign it ourselves (every server must then trust it):")
        .then_run(&["cert", "renew", "--self-signed"]),
    )
}
