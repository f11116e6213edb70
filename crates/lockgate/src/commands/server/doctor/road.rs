//! The way to a session: name, TCP, Hello, endpoints, certificate, channel, session, login.

use std::net::SocketAddr;
use std::time::Duration;

use connector::SourceConfig;
use connector::sources::{Survey, SurveyedEndpoint, survey};
use connector::status::mode_name;
use tokio::net::{TcpStream, lookup_host};
use ua_client::{EndpointUrl, Login, Phase};
use ua_pki::SecurityPolicy;

use super::report::Report;
use super::session;
use crate::advice::{Advice, Outcome, Side, chain};
use crate::cli;
use crate::clock;
use crate::commands::server::meet;
use crate::commands::server::target::{Place, Target};
use crate::commands::{failure, pick};
use crate::context::Context;
use crate::exit::Exit;
use crate::view::{CertificateView, Means, VerdictView};

/// Walks until something is wrong; what went well is in the report.
pub(super) async fn walk(
    context: &Context,
    target: &Target,
    args: &cli::Target,
    report: &mut Report,
) -> Outcome<()> {
    let addresses = resolve(target.url(), report).await?;
    reach(target.url(), &addresses, report).await?;
    let survey = ask(context, target, args, report).await?;
    let source = certificate(context, target, args, &survey, report)?;
    let identity = std::sync::Arc::clone(&target.identity);
    let login = target.login.clone();
    let opened =
        connector::sources::open_as(&source, login, &target.store, identity, &target.session_name).await;
    match opened {
        Ok(opened) => {
            report.ok(format!("{} {}", source.policy.name(), mode_name(source.mode)));
            report.ok(proven(&source));
            report.ok(match &target.login {
                Login::UserName { name, .. } => format!("as {name}"),
                Login::Anonymous => "anonymous".to_owned(),
                Login::Certificate { user } => {
                    format!("with certificate {}", user.certificate().thumbprint().grouped())
                }
                Login::IssuedToken { .. } => "with an issued token".to_owned(),
            });
            session::examine(opened.session, report).await
        }
        Err(error) => {
            let failed = failed_step(&error);
            if is_before_dialling(&error) {
                report.skip_until(failed);
            } else if failed != "channel" {
                report.ok(format!("{} {}", source.policy.name(), mode_name(source.mode)));
            }
            if failed == "login" {
                // our key signs nothing for a server, and no password leaves us, before that
                report.ok_until(failed, proven(&source));
            }
            Err(meet::explain(context, target, &error).await)
        }
    }
}

/// What a session shows that exists.
fn proven(source: &SourceConfig) -> &'static str {
    if source.policy == SecurityPolicy::None {
        "made; without security the server proves nothing"
    } else {
        "the server proved that it holds the key, and lists the same endpoints as before"
    }
}

/// Whether the login was found wanting before anything was sent.
fn is_before_dialling(error: &connector::Error) -> bool {
    use ua_client::Error as E;
    matches!(
        error,
        connector::Error::Client(
            E::LoginNotOffered { .. } | E::PasswordWouldLeak { .. } | E::PasswordTooLong { .. }
        )
    )
}

/// Which step an error of opening the session belongs to.
fn failed_step(error: &connector::Error) -> &'static str {
    use ua_client::Error as E;
    match error {
        connector::Error::Client(E::RefusedByServer { phase, .. }) => match phase {
            Phase::Hello | Phase::OpenSecureChannel => "channel",
            Phase::CreateSession => "session",
            _ => "login",
        },
        connector::Error::Client(
            E::ServerProofInvalid { .. }
            | E::EndpointsDiffer { .. }
            | E::ApplicationUriDiffers { .. }
            | E::CertificateChanged { .. },
        ) => "session",
        connector::Error::Client(
            E::LoginRefused { .. }
            | E::LoginNotOffered { .. }
            | E::PasswordWouldLeak { .. }
            | E::PasswordTooLong { .. },
        ) => "login",
        _ => "channel",
    }
}

async fn resolve(url: &EndpointUrl, report: &mut Report) -> Outcome<Vec<SocketAddr>> {
    let unknown = |why: String| {
        Box::new(
            Advice::new("network.name_unknown", Exit::Unreachable, format!("the name {} leads nowhere: {why}", url.host()))
                .side(Side::Network)
                .rule("a name that this computer can resolve, or an address")
                .fact("server", url.as_str())
                .then("check the spelling; try the server's IP address, or have its name entered in DNS or /etc/hosts"),
        )
    };
    let host = ua_pki::ascii_host_name(url.host());
    let asked = tokio::time::timeout(REACH_TIMEOUT, lookup_host((host.as_ref(), url.port()))).await;
    let found: Vec<SocketAddr> = match asked {
        Err(_) => return Err(unknown(format!("no answer within {REACH_TIMEOUT:?}"))),
        Ok(Err(error)) => return Err(unknown(error.to_string())),
        Ok(Ok(found)) => found.collect(),
    };
    if found.is_empty() {
        return Err(unknown("it has no address".to_owned()));
    }
    let mut shown: Vec<String> = found.iter().map(|address| address.ip().to_string()).collect();
    shown.dedup();
    report.ok(if shown == [url.host()] {
        "an address".to_owned()
    } else {
        format!("{} is {}", url.host(), shown.join(", "))
    });
    Ok(found)
}

async fn reach(url: &EndpointUrl, addresses: &[SocketAddr], report: &mut Report) -> Outcome<()> {
    let mut refusals = Vec::new();
    for address in addresses {
        let began = clock::instant();
        match tokio::time::timeout(REACH_TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(_)) => {
                report.ok(format!("{address} answers within {} ms", began.elapsed().as_millis().max(1)));
                return Ok(());
            }
            Ok(Err(error)) => refusals.push(format!("{address}: {}", chain(&error))),
            Err(_) => refusals.push(format!("{address}: no answer within {REACH_TIMEOUT:?}")),
        }
    }
    let advice = Advice::new("network.unreachable", Exit::Unreachable, "nothing takes a connection there")
        .side(Side::Network)
        .rule("a TCP connection to the address (Part 6 §7.2)")
        .fact("server", url.as_str());
    let advice = refusals.into_iter().fold(advice, |advice, refusal| advice.fact("tried", refusal));
    Err(Box::new(advice.then(
        "refused: is the server running, and on this port? no answer: most likely a firewall in between; it must let \
         this one TCP port pass in this direction",
    )))
}

/// Hello and the list of endpoints, on one channel without security.
async fn ask(context: &Context, target: &Target, args: &cli::Target, report: &mut Report) -> Outcome<Survey> {
    let suppress = match &target.place {
        Place::Source(source) => source.danger_suppress.as_slice(),
        Place::Url(_) => &[],
    };
    match survey(target.url(), &target.store, meet::requirement(target, args), suppress).await {
        Ok(survey) => {
            report.ok("the server speaks OPC UA over TCP");
            Ok(survey)
        }
        Err(error) => {
            let said_hello = !matches!(
                &error,
                connector::Error::Client(
                    ua_client::Error::RefusedByServer { phase: Phase::Hello, .. }
                        | ua_client::Error::Unreachable { .. }
                        | ua_client::Error::Timeout { .. }
                )
            );
            if said_hello {
                report.ok("the server speaks OPC UA over TCP");
            }
            Err(failure::explain(context, Some(&target.about(None)), &error))
        }
    }
}

/// Chooses the endpoint, as the collector does for a source, and judges its certificate.
fn certificate(
    context: &Context,
    target: &Target,
    args: &cli::Target,
    survey: &Survey,
    report: &mut Report,
) -> Outcome<SourceConfig> {
    let (source, chosen) = match &target.place {
        Place::Source(source) => {
            let agreed = survey.endpoints.iter().find(|surveyed| {
                surveyed.endpoint.policy == Some(source.policy) && surveyed.endpoint.mode == source.mode
            });
            (source.as_ref().clone(), agreed)
        }
        Place::Url(url) => {
            let chosen = meet::choose(context, target, args, survey)?;
            (meet::source(url, args, chosen)?, Some(chosen))
        }
    };
    let Some(chosen) = chosen else {
        return Err(pick::not_offered(survey));
    };
    report.ok(format!(
        "{} offered; we use {} {}",
        survey.endpoints.len(),
        source.policy.name(),
        mode_name(source.mode)
    ));
    judge(context, target, chosen, &source, report)?;
    Ok(source)
}

fn judge(
    context: &Context,
    target: &Target,
    chosen: &SurveyedEndpoint,
    source: &SourceConfig,
    report: &mut Report,
) -> Outcome<()> {
    report.certificate = chosen.certificate.as_ref().map(CertificateView::of);
    let means = Means::waiting(context);
    report.verdict =
        chosen.verdict.as_ref().map(|verdict| VerdictView::of(verdict, ua_pki::Role::Server, &means));
    if chosen.endpoint.is_without_security() {
        report.note("none is used: nothing on this connection is protected");
        return Ok(());
    }
    let (Some(certificate), Some(verdict)) = (&chosen.certificate, &chosen.verdict) else {
        return Err(failure::explain(
            context,
            Some(&target.about(None)),
            &connector::Error::NoServerCertificate,
        ));
    };
    let thumbprint = certificate.thumbprint();
    if verdict.status().is_some() {
        let pinned = source.server_thumbprint;
        let about = target.about(None);
        return Err(Box::new(failure::not_trusted(context, &about, thumbprint, pinned, verdict)));
    }
    let good =
        format!("{}, valid until {}", thumbprint.grouped(), certificate.not_after().strftime("%Y-%m-%d"));
    match verdict.findings().len() {
        0 => report.ok(good),
        findings => report.note(format!("{good}; {findings} finding(s) that do not count")),
    }
    Ok(())
}

/// How long a name server, and how long each address, may take.
const REACH_TIMEOUT: Duration = Duration::from_secs(5);
