//! Whether a statement's principal is the caller, and how directly it names it.
//!
//! Sources: IAM user guide, "AWS JSON policy elements: Principal",
//! "NotPrincipal", and the table of implicit denies in "Policy evaluation logic".

use super::caller::{Caller, RoleCaller, ServiceCaller};
use super::truth::Truth;
use crate::policy::{AwsPrincipal, Element, Principals};

/// How directly a principal names the caller, which decides what may still cut
/// the permission within an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// Through its account: the caller's identity policies must allow too.
    Account,
    /// The role itself, or everybody: boundary and session policy still cut.
    Entity,
    /// The session or the user itself: no implicit deny cuts it.
    Direct,
}

/// From the least direct to the most.
pub(super) const REACHES: [Reach; 3] = [Reach::Account, Reach::Entity, Reach::Direct];

type Found = (Reach, Truth<()>);

/// Whether the element names the caller with exactly this reach.
pub(super) fn names(element: &Element<Principals>, caller: &Caller, reach: Reach) -> Truth<()> {
    match element {
        Element::Only(principals) => {
            let found = principals
                .all()
                .map(|(kind, name)| one(kind, name, caller))
                .filter(|(r, _)| *r == reach)
                .map(|(_, truth)| truth);
            Truth::any(found, ())
        }
        Element::AllBut(principals) if reach == Reach::Entity => is_not_exempt(principals, caller),
        Element::AllBut(_) => Truth::No(()),
    }
}

/// Whether the element names the caller at all, which is enough for a deny.
pub(super) fn names_at_all(element: &Element<Principals>, caller: &Caller) -> Truth<()> {
    Truth::any(REACHES.map(|reach| names(element, caller, reach)), ())
}

fn one(kind: &str, name: &str, caller: &Caller) -> Found {
    match (kind, caller) {
        ("AWS", Caller::Role(role)) => aws_role(name, role),
        ("AWS", Caller::User { arn, account }) => match AwsPrincipal::read(name) {
            AwsPrincipal::Anyone => (Reach::Entity, Truth::Yes),
            AwsPrincipal::Account(named) => (Reach::Account, truth(named == *account)),
            AwsPrincipal::User(named) => (Reach::Direct, truth(named == *arn)),
            AwsPrincipal::UniqueId(id) if id.starts_with("AIDA") => (Reach::Direct, dead(name)),
            _ => (Reach::Entity, Truth::No(())),
        },
        ("AWS", Caller::Service(_)) if name == "*" => {
            let doubt = "AWS does not document whether the principal * includes services";
            (Reach::Direct, Truth::Unknown(doubt.to_owned()))
        }
        ("Service", Caller::Service(service)) => (Reach::Direct, truth(is_service(name, service))),
        _ => (Reach::Entity, Truth::No(())),
    }
}

fn aws_role(name: &str, role: &RoleCaller) -> Found {
    match AwsPrincipal::read(name) {
        AwsPrincipal::Anyone => (Reach::Entity, Truth::Yes),
        AwsPrincipal::Account(account) => (Reach::Account, truth(account == role.arn.account())),
        AwsPrincipal::Role(arn) => (Reach::Entity, truth(arn == role.arn)),
        AwsPrincipal::Session(account, named, session) => {
            let of_role = account == role.arn.account() && named == role.arn.name();
            let truth = match &role.session {
                _ if !of_role => Truth::No(()),
                Some(own) => truth(*own == session),
                None => Truth::Unknown(format!(
                    "it is for the session {session}, and the session's name is not known"
                )),
            };
            (Reach::Direct, truth)
        }
        AwsPrincipal::UniqueId(id) if id.starts_with("AROA") => {
            let truth = match &role.unique_id {
                Some(own) => truth(*own == id),
                None => dead(name),
            };
            (Reach::Entity, truth)
        }
        _ => (Reach::Entity, Truth::No(())),
    }
}

fn truth(yes: bool) -> Truth<()> {
    if yes { Truth::Yes } else { Truth::No(()) }
}

/// AWS shows a unique id once what it meant is gone (or for seconds after it was made).
fn dead(id: &str) -> Truth<()> {
    Truth::Unknown(format!(
        "it is for {id}, which stands for something deleted unless the caller's own id is the same"
    ))
}

/// `redshift.amazonaws.com`, or its regional form for a caller in that region.
fn is_service(named: &str, service: &ServiceCaller) -> bool {
    if named == service.name {
        return true;
    }
    let regional = service.name.split_once('.').zip(service.region.as_deref());
    regional.is_some_and(|((name, suffix), region)| named == format!("{name}.{region}.{suffix}"))
}

/// `NotPrincipal` exempts a role or user that is listed together with its
/// account; listed alone, AWS may still deny the account.
fn is_not_exempt(principals: &Principals, caller: &Caller) -> Truth<()> {
    let found: Vec<Found> = principals
        .all()
        .map(|(kind, name)| one(kind, name, caller))
        .collect();
    let named = |of: fn(Reach) -> bool| {
        let with = found.iter().filter(|(reach, _)| of(*reach));
        Truth::any(with.map(|(_, truth)| truth.clone()), ())
    };
    let itself = named(|reach| reach != Reach::Account);
    if matches!(caller, Caller::Service(_)) {
        return itself.negated(());
    }
    match (named(|reach| reach == Reach::Account), itself) {
        (Truth::Yes, Truth::Yes) => Truth::No(()),
        (Truth::No(()), Truth::No(())) => Truth::Yes,
        (Truth::Unknown(doubt), _) | (_, Truth::Unknown(doubt)) => Truth::Unknown(doubt),
        _ => Truth::Unknown(
            "NotPrincipal lists the caller without its account, or the account without the caller".to_owned(),
        ),
    }
}
