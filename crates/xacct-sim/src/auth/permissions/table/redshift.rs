//! Redshift Serverless and the Redshift Data API; whose credentials a statement runs with is in [`super::super::special`].

use super::{Row, Table, bare, need, need_if, row};

/// A statement in a session names no workgroup: opening the session was judged for it.
const DATA_WORKGROUP: &str = "?redshift-serverless:workgroup/{WorkgroupName}";
const NAMESPACE: &str = "redshift-serverless:namespace/{namespaceName}";
const WORKGROUP: &str = "redshift-serverless:workgroup/{workgroupName}";

/// `redshift-serverless`.
pub(super) const SERVERLESS: Table = Table {
    service: "redshift-serverless",
    source: "https://docs.aws.amazon.com/service-authorization/latest/reference/list_redshift-serverless.html; EC2 actions: handler permissions in github.com/aws-cloudformation/aws-cloudformation-resource-providers-redshift-serverless; secrets: https://docs.aws.amazon.com/redshift/latest/mgmt/redshift-secrets-manager-integration.html",
    rows: SERVERLESS_ROWS,
};

const SERVERLESS_ROWS: &[Row] = &[
    row("CreateNamespace", &["redshift-serverless:namespace/*"]).and(&[need_if(
        "tags",
        "redshift-serverless:TagResource",
        &["redshift-serverless:namespace/*"],
    )]),
    row("GetNamespace", &[NAMESPACE]),
    row("ListNamespaces", &["*"]),
    row("UpdateNamespace", &[NAMESPACE]),
    row("DeleteNamespace", &[NAMESPACE]).and(&[need_if(
        "finalSnapshotName",
        "redshift-serverless:CreateSnapshot",
        &[NAMESPACE],
    )]),
    row("CreateWorkgroup", &["redshift-serverless:workgroup/*"]).and(&[
        need_if(
            "tags",
            "redshift-serverless:TagResource",
            &["redshift-serverless:workgroup/*"],
        ),
        need("ec2:DescribeSecurityGroups", &["*"]),
        need("ec2:DescribeAddresses", &["*"]),
        need("ec2:DescribeInternetGateways", &["*"]),
        need("ec2:DescribeSubnets", &["*"]),
        need("ec2:DescribeAccountAttributes", &["*"]),
        need("ec2:DescribeAvailabilityZones", &["*"]),
    ]),
    row("GetWorkgroup", &[WORKGROUP]),
    row("ListWorkgroups", &["*"]),
    row("UpdateWorkgroup", &[WORKGROUP]).and(&[
        need_if("subnetIds", "ec2:DescribeSubnets", &["*"]),
        need_if("securityGroupIds", "ec2:DescribeSecurityGroups", &["*"]),
    ]),
    row("DeleteWorkgroup", &[WORKGROUP]),
    row("GetCredentials", &[WORKGROUP]),
    row("ListTagsForResource", &["{resourceArn}"]),
    row("TagResource", &["{resourceArn}"]),
    row("UntagResource", &["{resourceArn}"]),
];

/// `redshift-data`.
pub(super) const DATA: Table = Table {
    service: "redshift-data",
    source: "https://docs.aws.amazon.com/service-authorization/latest/reference/list_redshift-data.html; credentials: https://docs.aws.amazon.com/redshift/latest/mgmt/data-api-access.html",
    rows: DATA_ROWS,
};

const DATA_ROWS: &[Row] = &[
    row("ExecuteStatement", &[DATA_WORKGROUP]),
    row("BatchExecuteStatement", &[DATA_WORKGROUP]),
    row("DescribeStatement", &["*"]),
    row("GetStatementResult", &["*"]),
    bare("GetStatementResultV2").and(&[need("redshift-data:GetStatementResult", &["*"])]),
    row("CancelStatement", &["*"]),
    row("ListStatements", &["*"]),
    row("ListSessions", &["*"]),
    row("ListDatabases", &[DATA_WORKGROUP]),
    row("ListSchemas", &[DATA_WORKGROUP]),
    row("ListTables", &[DATA_WORKGROUP]),
    row("DescribeTable", &[DATA_WORKGROUP]),
];
