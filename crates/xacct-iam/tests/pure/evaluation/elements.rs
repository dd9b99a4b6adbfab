//! Which actions and resources a statement speaks about, and when its conditions hold.

use super::pages::*;

/// Page, the statement without its effect, and the decision on reading a topic.
pub(crate) const ELEMENTS: &[(&str, &str, char)] = &[
    (ACTION, r#""Action":"kafka-cluster:ReadData","Resource":"*""#, 'A'),
    (ACTION, r#""Action":"KAFKA-CLUSTER:readdata","Resource":"*""#, 'A'),
    (ACTION, r#""Action":"kafka-cluster:Read*","Resource":"*""#, 'A'),
    (ACTION, r#""Action":"kafka-cluster:ReadDat?","Resource":"*""#, 'A'),
    (ACTION, r#""Action":"*:ReadData","Resource":"*""#, 'A'),
    (ACTION, r#""Action":"kafka:*","Resource":"*""#, 'D'),
    (ACTION, r#""Action":[],"Resource":"*""#, 'D'),
    (
        NOT_ACTION,
        r#""NotAction":"kafka-cluster:WriteData","Resource":"*""#,
        'A',
    ),
    (
        NOT_ACTION,
        r#""NotAction":["kafka-cluster:*","s3:*"],"Resource":"*""#,
        'D',
    ),
    (
        RESOURCE,
        r#""Action":"*","Resource":"arn:aws:kafka:ap-south-1:111111111111:topic/clicks/8ecca3e4-s1/testtopic""#,
        'A',
    ),
    (
        RESOURCE,
        r#""Action":"*","Resource":"arn:aws:kafka:ap-south-1:111111111111:topic/clicks/*""#,
        'A',
    ),
    (
        RESOURCE,
        r#""Action":"*","Resource":"arn:aws:kafka:*:*:topic/*/testtopic""#,
        'A',
    ),
    (
        RESOURCE,
        r#""Action":"*","Resource":"arn:aws:kafka:ap-south-1:111111111111:topic/clicks/*/TestTopic""#,
        'D',
    ),
    (
        RESOURCE,
        r#""Action":"*","Resource":"arn:aws:kafka:ap-south-1:111111111111:cluster/clicks/*""#,
        'D',
    ),
    (
        RESOURCE,
        r#""Action":"*","Resource":"arn:aws:kafka:eu-west-1:111111111111:topic/*""#,
        'D',
    ),
    (RESOURCE, r#""Action":"*","Resource":"arn:aws:kafka""#, 'A'),
    (RESOURCE, r#""Action":"*","Resource":"arn:aws:sqs""#, 'D'),
    (
        RESOURCE,
        r#""Action":"*","Resource":"arn:aws:kafka:*:topic/clicks/*""#,
        '?',
    ),
    (
        NOT_RESOURCE,
        r#""Action":"*","NotResource":"arn:aws:kafka:*:*:topic/*/testtopic""#,
        'D',
    ),
    (
        NOT_RESOURCE,
        r#""Action":"*","NotResource":"arn:aws:kafka:*:*:topic/*/other""#,
        'A',
    ),
    (
        VARIABLES,
        r#""Action":"*","Resource":"arn:aws:kafka:ap-south-1:111111111111:topic/${aws:PrincipalTag/cluster}/*/*""#,
        '?',
    ),
    (
        VARIABLES,
        r#""Action":"*","Resource":"arn:aws:kafka:ap-south-1:${aws:PrincipalAccount}:topic/*""#,
        'D',
    ),
    (
        VARIABLES,
        r#""Action":"*","Resource":"arn:aws:kafka:ap-south-1:111111111111:topic/${aws:nothing}/*""#,
        'D',
    ),
    (
        VARIABLES,
        r#""Action":"*","Resource":"arn:aws:kafka:ap-south-1:111111111111:topic/${aws:nothing, 'clicks'}/*""#,
        'A',
    ),
    (RESOURCE, r#""Action":"*""#, 'D'),
    (PRINCIPAL, r#""Principal":"*","Action":"*","Resource":"*""#, 'D'),
    (
        ACTION,
        r#""Action":["s3:GetObject","kafka-cluster:ReadData"],"Resource":"*""#,
        'A',
    ),
    (ACTION, r#""Action":"kafka-cluster:*Data*","Resource":"*""#, 'A'),
    (
        ACTION,
        r#""Action":"kafka-cluster:ReadData?","Resource":"*""#,
        'D',
    ),
    (
        NOT_ACTION,
        r#""NotAction":"KAFKA-cluster:read*","Resource":"*""#,
        'D',
    ),
    (
        NOT_ACTION,
        r#""NotAction":"iam:*","Resource":"arn:aws:kafka:*:*:cluster/*""#,
        'D',
    ),
    (
        RESOURCE,
        r#""Action":"*","Resource":"arn:aws:kafka:ap-south-1:111111111111:topic/clicks/8ecca3e4-s1/test?opic""#,
        'A',
    ),
    (
        RESOURCE,
        r#""Action":"*","Resource":["arn:aws:s3:::a","arn:aws:kafka:ap-south-1:111111111111:topic/*"]"#,
        'A',
    ),
    (
        RESOURCE,
        r#""Action":"*","Resource":"arn:aws-cn:kafka:ap-south-1:111111111111:topic/*""#,
        'D',
    ),
    (
        RESOURCE,
        r#""Action":"*","Resource":"arn:aws:kafka:ap-south-1:111111111111:topic/clicks""#,
        'D',
    ),
    (
        NOT_RESOURCE,
        r#""Action":"*","NotResource":["arn:aws:s3:::a","arn:aws:s3:::b"]"#,
        'A',
    ),
    (NOT_RESOURCE, r#""Action":"*","NotResource":"*""#, 'D'),
    (
        VARIABLES,
        r#""Action":"*","Resource":"arn:aws:kafka:ap-south-1:111111111111:topic/clicks/${*}/testtopic""#,
        'D',
    ),
];
