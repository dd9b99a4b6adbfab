//! `ListRoles`, and the dates that decide whose lease it is.

use crate::answers::*;
use std::time::Duration;
use wiremock::matchers::body_string_contains;
use wiremock::{MockServer, ResponseTemplate};
use xacct_converge::Class;
use xacct_iam::lease::{Holder, LeaseError, LeaseName, Leases};
use xacct_tests::clock::virtual_context;
use xacct_tests::wire::{fake_config, query};

fn name() -> LeaseName {
    LeaseName::new(owner(), &"ap-south-1".parse().unwrap(), "warehouse")
}

fn leases(server: &MockServer) -> Leases {
    Leases::new(&fake_config(server), name())
}

fn holder(who: &str) -> Holder {
    Holder {
        who: who.into(),
        run: "r-1".into(),
    }
}

/// A role of the lease, made at noon.
fn role(number: u64, who: &str) -> String {
    let (tags, of) = (owner().tags("warehouse/lease"), name());
    let tags: String = tags
        .iter()
        .map(|(key, value)| format!("<member><Key>{key}</Key><Value>{value}</Value></member>"))
        .collect();
    format!(
        "<Path>{path}</Path><RoleName>{role}</RoleName><RoleId>AROA</RoleId>\
         <Arn>arn:aws:iam::222222222222:role{path}{role}</Arn><CreateDate>2026-01-02T12:00:00Z</CreateDate>\
         <Description>{}</Description><Tags>{tags}</Tags>",
        holder(who),
        path = of.path(),
        role = of.role(number),
    )
}

fn one(operation: &str, role: &str) -> ResponseTemplate {
    result(operation, &format!("<Role>{role}</Role>"))
}

#[tokio::test]
async fn all_pages_are_read_and_what_has_another_name_or_path_is_nobodys_lease() {
    let server = MockServer::start().await;
    let foreign = role(7, "x").replace(name().path(), "/");
    let page = format!(
        "<Roles><member>{foreign}</member><member>{}</member></Roles><IsTruncated>true</IsTruncated><Marker>m</Marker>",
        role(2, "a")
    );
    let page = result("ListRoles", &page).insert_header("x-amzn-requestid", "r-1");
    first(&server, "ListRoles", page).await;
    let page = format!(
        "<Roles><member>{}</member></Roles><IsTruncated>false</IsTruncated>",
        role(1, "a")
    );
    query("ListRoles")
        .and(body_string_contains("Marker=m"))
        .respond_with(result("ListRoles", &page))
        .mount(&server)
        .await;
    let observed = leases(&server).observe(&virtual_context()).await.unwrap();
    assert_eq!(observed.numbers, [1, 2]);
    assert_eq!(observed.request, "r-1");
    assert!(sent(&server, "ListRoles").await[0].contains(&format!("PathPrefix={}", name().path())));
}

#[tokio::test]
async fn whoever_may_not_list_is_told_so() {
    let server = MockServer::start().await;
    always(&server, "ListRoles", XML.error(403, "AccessDenied", "no")).await;
    let refused = leases(&server).observe(&virtual_context()).await;
    let failure = refused.err().unwrap();
    assert_eq!(
        (failure.operation(), failure.class()),
        ("iam:ListRoles", Class::Terminal)
    );
}

/// Somebody has role 1 since noon, and the service's clock shows `date`.
async fn at(date: &str) -> (MockServer, Result<u64, LeaseError>) {
    let server = MockServer::start().await;
    let (first, second) = (name().role(1), name().role(2));
    let exists = XML.error(409, "EntityAlreadyExists", "it is there");
    for_role(&server, "CreateRole", &first, exists).await;
    for_role(&server, "CreateRole", &second, one("CreateRole", &role(2, "us"))).await;
    let seen = one("GetRole", &role(1, "them")).insert_header("date", date);
    for_role(&server, "GetRole", &first, seen).await;
    let (cx, none) = (virtual_context(), Default::default());
    let taken = leases(&server)
        .acquire(&holder("us"), &none, Duration::ZERO, &cx, &cx)
        .await;
    (server, taken.map(|lease| lease.number()))
}

#[tokio::test]
async fn a_lease_is_over_a_quarter_of_an_hour_after_its_creation_by_the_services_dates() {
    let (_, refused) = at("Fri, 02 Jan 2026 12:14:59 GMT").await;
    let Err(LeaseError::Busy(role)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!((role.number, role.holder.who.as_str()), (1, "them"));
    let (server, taken) = at("Fri, 02 Jan 2026 12:15:00 GMT").await;
    // Noon of that day in seconds since 1970, and the second place in the chain.
    assert_eq!(taken.unwrap(), 1_767_355_200_002);
    let made = &sent(&server, "CreateRole").await[1];
    assert!(
        made.contains("held by us for run r-1") && made.contains("Deny"),
        "{made}"
    );
}
