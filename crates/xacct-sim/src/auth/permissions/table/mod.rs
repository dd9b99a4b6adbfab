//! The table: which permissions each operation needs, on which resources, by which source.
//!
//! Most operations need the action of their own name. A resource is written `service:type/{Parameter}`; `*` in place of a
//! parameter stands for "one that does not exist yet", which is how AWS names it in its own messages. A leading `?` means
//! "only if the parameter is given". What cannot be said by parameters alone (roles passed, service-linked roles, secrets)
//! is in [`super::special`].

mod ec2;
mod identity;
mod msk;
mod redshift;
mod resolver;

/// The operations of one service.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table {
    /// Signing name, also the prefix of the actions.
    pub(crate) service: &'static str,
    /// Where AWS says so.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "read by people and by the table's own test")
    )]
    pub(crate) source: &'static str,
    pub(crate) rows: &'static [Row],
}

/// One operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) operation: &'static str,
    /// Resources of the action that is called like the operation; none if it needs no such action.
    pub(crate) on: &'static [&'static str],
    /// Resources that AWS lists as optional: judged too where the settings say so.
    pub(crate) optional: &'static [&'static str],
    /// Further permissions.
    pub(crate) more: &'static [Need],
}

/// One further permission.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Need {
    pub(crate) action: &'static str,
    pub(crate) on: &'static [&'static str],
    /// Needed only if the request has this parameter.
    pub(crate) when: Option<&'static str>,
}

/// Everything that is modelled.
pub(crate) const TABLES: [Table; 7] = [
    ec2::EC2,
    identity::IAM,
    identity::STS,
    resolver::RESOLVER,
    msk::MSK,
    redshift::SERVERLESS,
    redshift::DATA,
];

/// The row of an operation.
pub(crate) fn find(service: &str, operation: &str) -> Option<&'static Row> {
    let table = TABLES.iter().find(|table| table.service == service)?;
    table.rows.iter().find(|row| row.operation == operation)
}

const fn row(operation: &'static str, on: &'static [&'static str]) -> Row {
    Row {
        operation,
        on,
        optional: &[],
        more: &[],
    }
}

/// An operation without an action of its own name.
const fn bare(operation: &'static str) -> Row {
    row(operation, &[])
}

impl Row {
    const fn or_also(self, optional: &'static [&'static str]) -> Row {
        Row { optional, ..self }
    }

    const fn and(self, more: &'static [Need]) -> Row {
        Row { more, ..self }
    }
}

const fn need(action: &'static str, on: &'static [&'static str]) -> Need {
    Need {
        action,
        on,
        when: None,
    }
}

const fn need_if(when: &'static str, action: &'static str, on: &'static [&'static str]) -> Need {
    Need {
        action,
        on,
        when: Some(when),
    }
}
