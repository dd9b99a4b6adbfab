//! The doctor on pipelines as the first tutorial leaves them: its templates taken literally, step by step.
//!
//! What it leaves out or gets wrong is in its own text: `deploy-redshift.sh` is given the ARN of a policy for that of the
//! role, return routes and the resolver rule are separate steps by hand, and so is the trust of the stream's role, which
//! the template fills with `ec2.amazonaws.com`.

use crate::world::{SOURCE, WAREHOUSE, World};
use serde_json::{Value as Json, json};
use xacct::{Outputs, Patient, Report, Severity, doctor};
use xacct_sim::Sim;

/// What is wrong, how it came, the link that must be named, and a word that the finding must have.
type Case = (&'static str, fn(&Sim, &Outputs), &'static str, &'static str);

const POLICY: &str =
    "arn:aws:iam::111111111111:policy/msk-serverless-cluster-redshiftStreamingManagedPolicy-VMKCG1WMA3UO";

fn call(sim: &Sim, account: &str, service: &str, operation: &str, params: Json) -> Json {
    let answer = sim.call(account, service, operation, params);
    answer.unwrap_or_else(|error| panic!("{operation}: {} {}", error.code, error.message))
}

fn assume_a_policy(sim: &Sim, outputs: &Outputs) {
    let role = outputs.warehouse.role.name();
    let listed = call(
        sim,
        WAREHOUSE,
        "iam",
        "ListRolePolicies",
        json!({ "RoleName": role }),
    );
    let document = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": POLICY } ] });
    let name = &listed["PolicyNames"][0];
    let put = json!({ "RoleName": role, "PolicyName": name, "PolicyDocument": document.to_string() });
    call(sim, WAREHOUSE, "iam", "PutRolePolicy", put);
}

fn no_return_routes(sim: &Sim, outputs: &Outputs) {
    let network = &outputs.network;
    let filter = json!({ "Filter": [{ "Name": "vpc-id", "Value": [network.source.vpc.id] }] });
    let tables = call(sim, SOURCE, "ec2", "DescribeRouteTables", filter);
    for table in tables["routeTableSet"].as_array().unwrap() {
        let back = network.warehouse.vpc.cidr;
        let route = json!({ "RouteTableId": table["routeTableId"], "DestinationCidrBlock": back });
        drop(sim.call(SOURCE, "ec2", "DeleteRoute", route));
    }
}

fn trust_for_ec2(sim: &Sim, outputs: &Outputs) {
    let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
        "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:AssumeRole" }] });
    let role = outputs.source.reader_role.name();
    let update = json!({ "RoleName": role, "PolicyDocument": trust.to_string() });
    call(sim, SOURCE, "iam", "UpdateAssumeRolePolicy", update);
}

fn no_rule(sim: &Sim, outputs: &Outputs) {
    let network = &outputs.network;
    let both = json!({ "ResolverRuleId": network.rule, "VPCId": network.warehouse.vpc.id });
    call(
        sim,
        WAREHOUSE,
        "route53resolver",
        "DisassociateResolverRule",
        both,
    );
    wait(sim);
    let rule = json!({ "ResolverRuleId": network.rule });
    call(sim, WAREHOUSE, "route53resolver", "DeleteResolverRule", rule);
}

fn wait(sim: &Sim) {
    sim.run(async { tokio::time::sleep(std::time::Duration::from_secs(900)).await });
}

const CASES: &[Case] = &[
    (
        "a policy's ARN for a role's",
        assume_a_policy,
        "source/role",
        "is the ARN of a policy of iam",
    ),
    (
        "no return routes",
        no_return_routes,
        "source/route/warehouse-cidr",
        "has no route to",
    ),
    (
        "trust for ec2",
        trust_for_ec2,
        "source/role/trust",
        "ec2.amazonaws.com",
    ),
    (
        "no resolver rule",
        no_rule,
        "warehouse/resolver-rule",
        "no rule forwards",
    ),
];

fn diagnose(sim: &Sim, patient: &Patient) -> Report {
    let (source, warehouse) = (sim.sdk_config(SOURCE), sim.sdk_config(WAREHOUSE));
    sim.run(async { doctor(patient, &source, &warehouse).await })
        .unwrap()
}

#[test]
fn each_defect_of_the_tutorial_gets_a_finding_that_names_it_and_no_other() {
    let world = World::new();
    let outputs = world.deploy().outputs().clone();
    let topic = "testtopic".parse().unwrap();
    let patient = Patient::new(
        outputs.source.cluster.arn.clone(),
        &outputs.warehouse.workgroup.name,
    )
    .reading([topic]);
    let healthy = world.sim.snapshot();
    let report = diagnose(&healthy.restore(), &patient);
    assert!(report.holds(), "{report}");
    for (what, change, link, word) in CASES {
        let sim = healthy.restore();
        change(&sim, &outputs);
        wait(&sim);
        let writes = sim.api_calls().write;
        let report = diagnose(&sim, &patient);
        assert_eq!(sim.api_calls().write, writes, "{what}: the doctor only looks");
        let errors = report
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error);
        let errors: Vec<_> = errors.collect();
        assert!(!errors.is_empty(), "{what}: {report}");
        for error in errors {
            assert!(error.link.starts_with(link), "{what}: {report}");
            assert!(format!("{error:?}").contains(word), "{what}: {error:?}");
        }
    }
    // The same mistake in the external schema.
    let chain = [outputs.warehouse.role.to_string(), POLICY.to_owned()];
    let report = diagnose(&healthy.restore(), &patient.through(chain));
    assert!(
        report.to_string().contains("is the ARN of a policy of iam"),
        "{report}"
    );
}
