//! What a deployer of namespace, workgroup and SQL objects needs to be allowed, call by call.
//!
//! Sources: Service Authorization Reference, "Amazon Redshift Serverless" and "Amazon Redshift Data API"; Redshift
//! management guide, "Managing Amazon Redshift admin passwords using AWS Secrets Manager"; for what the workgroup looks
//! at in EC2, the permissions of the CloudFormation handler of `AWS::RedshiftServerless::Workgroup`.

use Phase::{Create, Destroy, Read, Update};
use xacct_types::{Call, Need, Phase, Place};

/// The rights on the secret that Redshift makes for the admin with its caller's.
const SECRET: [&str; 6] = [
    "secretsmanager:CreateSecret",
    "secretsmanager:DeleteSecret",
    "secretsmanager:DescribeSecret",
    "secretsmanager:RotateSecret",
    "secretsmanager:TagResource",
    "secretsmanager:UpdateSecret",
];

/// What a workgroup looks at in its caller's name.
const LOOKED_AT: [&str; 6] = [
    "ec2:DescribeAccountAttributes",
    "ec2:DescribeAddresses",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
];

/// Every call that making, changing, proving and removing a warehouse in `namespace` takes; handing it its role apart.
#[must_use]
pub fn calls(place: &Place, namespace: &str) -> Vec<Call> {
    let row = |operation: &'static str, phases: &'static [Phase], needs: Vec<Need>| Call {
        operation,
        phases,
        needs,
    };
    // Namespaces and workgroups are named in calls but have ids in ARNs, which nobody knows before they exist.
    let namespaces = place.arn("redshift-serverless", "namespace/*");
    let workgroups = place.arn("redshift-serverless", "workgroup/*");
    let secret = place.arn("secretsmanager", &format!("secret:redshift!{namespace}-*"));
    let any = |action: &str| vec![Need::new(action, "*")];
    let sql = |action: &str| {
        vec![
            place.on_ours(action, &workgroups),
            Need::new("secretsmanager:GetSecretValue", &secret),
        ]
    };
    vec![
        row(
            "redshift-serverless:GetNamespace",
            &[Read],
            vec![Need::new("redshift-serverless:GetNamespace", &namespaces)],
        ),
        row(
            "redshift-serverless:GetWorkgroup",
            &[Read],
            vec![Need::new("redshift-serverless:GetWorkgroup", &workgroups)],
        ),
        row(
            "redshift-serverless:ListTagsForResource",
            &[Read],
            vec![
                Need::new("redshift-serverless:ListTagsForResource", &namespaces),
                Need::new("redshift-serverless:ListTagsForResource", &workgroups),
            ],
        ),
        row(
            "redshift-data:ExecuteStatement",
            &[Read],
            sql("redshift-data:ExecuteStatement"),
        ),
        row(
            "redshift-data:BatchExecuteStatement",
            &[Read],
            sql("redshift-data:BatchExecuteStatement"),
        ),
        row(
            "redshift-data:DescribeStatement",
            &[Read],
            any("redshift-data:DescribeStatement"),
        ),
        row(
            "redshift-data:GetStatementResult",
            &[Read],
            any("redshift-data:GetStatementResult"),
        ),
        row(
            "redshift-serverless:CreateNamespace",
            &[Create],
            namespace_needs(place, &namespaces, &secret),
        ),
        row(
            "redshift-serverless:CreateWorkgroup",
            &[Create],
            workgroup_needs(place, &workgroups),
        ),
        row(
            "redshift-serverless:UpdateNamespace",
            &[Update],
            vec![place.on_ours("redshift-serverless:UpdateNamespace", &namespaces)],
        ),
        row(
            "redshift-serverless:UpdateWorkgroup",
            &[Update],
            vec![place.on_ours("redshift-serverless:UpdateWorkgroup", &workgroups)],
        ),
        row(
            "redshift-serverless:TagResource",
            &[Update],
            vec![
                place.on_ours("redshift-serverless:TagResource", &namespaces),
                place.on_ours("redshift-serverless:TagResource", &workgroups),
            ],
        ),
        row(
            "redshift-serverless:DeleteWorkgroup",
            &[Destroy],
            vec![place.on_ours("redshift-serverless:DeleteWorkgroup", &workgroups)],
        ),
        row(
            "redshift-serverless:DeleteNamespace",
            &[Destroy],
            vec![
                place.on_ours("redshift-serverless:DeleteNamespace", &namespaces),
                Need::new("secretsmanager:DeleteSecret", &secret),
            ],
        ),
    ]
}

fn namespace_needs(place: &Place, namespaces: &str, secret: &str) -> Vec<Need> {
    let mut needs = vec![
        place.making("redshift-serverless:CreateNamespace", namespaces),
        place.making("redshift-serverless:TagResource", namespaces),
        Need::new("secretsmanager:GetRandomPassword", "*"),
    ];
    needs.extend(SECRET.iter().map(|action| Need::new(action, secret)));
    needs
}

fn workgroup_needs(place: &Place, workgroups: &str) -> Vec<Need> {
    let mut needs = vec![
        place.making("redshift-serverless:CreateWorkgroup", workgroups),
        place.making("redshift-serverless:TagResource", workgroups),
        place.on_ours("ec2:DescribeVpcAttribute", place.arn("ec2", "vpc/*")),
    ];
    needs.extend(LOOKED_AT.iter().map(|action| Need::new(action, "*")));
    needs
}
