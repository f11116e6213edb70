//! Which of the surveyed endpoints to use: the strongest, or exactly what a person asked for.

use connector::sources::{Survey, SurveyedEndpoint};
use connector::status::mode_name;
use ua_client::{SecurityRequirement, UserTokenKind};
use ua_pki::SecurityPolicy;

use crate::advice::{Advice, Side};
use crate::cli::{Mode, Policy};
use crate::exit::Exit;

/// What a person named; the rest is the strongest that is offered.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wanted {
    pub(super) policy: Option<Policy>,
    pub(super) mode: Option<Mode>,
}

impl Wanted {
    /// The endpoint to use among those that `survey` found usable; `None` when none of them is what was asked for.
    pub(super) fn pick<'a>(
        &self,
        survey: &'a Survey,
        choice: &ua_client::Choice,
    ) -> Option<&'a SurveyedEndpoint> {
        let refused = |index: usize| choice.refused.iter().any(|(at, _)| *at == index);
        let best = survey.endpoints.get(choice.index).filter(|best| self.fits(best));
        let other = || {
            let usable = survey.endpoints.iter().enumerate().filter(|(index, _)| !refused(*index));
            usable
                .map(|(_, surveyed)| surveyed)
                .filter(|surveyed| self.fits(surveyed))
                .max_by_key(|surveyed| (surveyed.strength, surveyed.endpoint.policy))
        };
        best.or_else(other)
    }

    fn fits(&self, surveyed: &SurveyedEndpoint) -> bool {
        self.policy.is_none_or(|wanted| surveyed.endpoint.policy == Some(policy(wanted)))
            && self.mode.is_none_or(|wanted| mode_name(surveyed.endpoint.mode) == mode(wanted))
    }
}

/// Nothing of what the server offers is what was asked for.
pub(super) fn not_offered(survey: &Survey) -> Box<Advice> {
    let text = "the server does not offer what was asked for";
    Box::new(
        Advice::new("security.not_offered", Exit::ServerNotTrusted, text)
            .side(Side::Us)
            .fact("server", survey.url.as_str())
            .then("see what it offers:")
            .then_run(&["discover", survey.url.as_str()]),
    )
}

/// The server would let a user in, and nobody else.
pub(super) fn only_with_user(survey: &Survey) -> bool {
    usable_with(survey, UserTokenKind::UserName)
}

/// What is wrong when the server would let in somebody, by other logins than the one that is `wanted`.
pub(super) fn login_not_offered(survey: &Survey, wanted: UserTokenKind) -> Option<ua_client::Error> {
    let lists_it =
        |surveyed: &SurveyedEndpoint| surveyed.endpoint.user_tokens.iter().any(|token| token.kind == wanted);
    if survey.endpoints.iter().any(lists_it) {
        return None;
    }
    let kinds = [UserTokenKind::Anonymous, UserTokenKind::UserName, UserTokenKind::Certificate];
    let others = kinds.into_iter().filter(|kind| *kind != wanted && usable_with(survey, *kind));
    let offered: Vec<&str> = others.map(UserTokenKind::name).collect();
    let offered = Some(offered.join(", ")).filter(|offered| !offered.is_empty())?;
    Some(ua_client::Error::LoginNotOffered { wanted: wanted.name(), offered })
}

fn usable_with(survey: &Survey, kind: UserTokenKind) -> bool {
    let endpoints: Vec<_> = survey.endpoints.iter().map(|surveyed| surveyed.endpoint.clone()).collect();
    ua_client::choose(&endpoints, SecurityRequirement::strongest(kind)).is_ok()
}

/// Says that a user is needed; `again` is the command that names one.
pub(super) fn user_needed(url: &str, saved: &str, again: &[&str]) -> Box<Advice> {
    let text = "the server does not let anybody in without a user";
    Box::new(
        Advice::new("login.user_needed", Exit::LoginRefused, text)
            .side(Side::Server)
            .fact("server", url)
            .then(format!("{saved}name a user, with a role that may read and nothing else:"))
            .then_run(again),
    )
}

fn policy(wanted: Policy) -> SecurityPolicy {
    match wanted {
        Policy::Basic256Sha256 => SecurityPolicy::Basic256Sha256,
        Policy::Aes128Sha256RsaOaep => SecurityPolicy::Aes128Sha256RsaOaep,
        Policy::Aes256Sha256RsaPss => SecurityPolicy::Aes256Sha256RsaPss,
    }
}

/// By its name in the standard, as [`mode_name`] gives it.
fn mode(wanted: Mode) -> &'static str {
    match wanted {
        Mode::Sign => "Sign",
        Mode::SignAndEncrypt => "SignAndEncrypt",
    }
}
