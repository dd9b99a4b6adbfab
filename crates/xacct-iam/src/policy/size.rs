//! How long documents may be, and splitting those that are longer.
//!
//! Limits: IAM user guide, "IAM and AWS STS quotas". White space is not
//! counted by AWS; the compact form has none outside of strings.

use super::{Element, PolicyDocument, Statement};
use crate::error::PolicyError;

/// How many managed policies a role can hold by default (the quota can be raised to 20).
pub const MANAGED_POLICIES_PER_ROLE: usize = 10;

/// What a document is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Limit {
    /// One customer managed policy: 6,144 characters.
    Managed,
    /// All inline policies of one role together: 10,240 characters.
    RoleInline,
    /// A role's trust policy: 2,048 characters (the quota can be raised to 4,096).
    Trust,
}

impl Limit {
    /// The number of characters that fit.
    #[must_use]
    pub const fn characters(self) -> usize {
        match self {
            Self::Managed => 6_144,
            Self::RoleInline => 10_240,
            Self::Trust => 2_048,
        }
    }

    const fn what(self) -> &'static str {
        match self {
            Self::Managed => "a managed policy",
            Self::RoleInline => "a role's inline policies together",
            Self::Trust => "a trust policy",
        }
    }

    fn exceeded(self, size: usize, hint: &'static str) -> PolicyError {
        PolicyError::TooLong {
            size,
            what: self.what(),
            limit: self.characters(),
            hint,
        }
    }
}

impl PolicyDocument {
    /// The characters of the compact form.
    #[must_use]
    pub fn size(&self) -> usize {
        self.to_json().chars().count()
    }

    /// Checks that the document fits.
    ///
    /// # Errors
    /// [`PolicyError::TooLong`] with both numbers.
    pub fn check_size(&self, limit: Limit) -> Result<(), PolicyError> {
        let size = self.size();
        if size <= limit.characters() {
            return Ok(());
        }
        Err(limit.exceeded(size, ""))
    }

    /// Splits the document into several that together mean the same and each fit.
    ///
    /// Statements keep their order; one that is too long by itself is cut
    /// between its actions, else between its resources, and its parts get a
    /// number behind their id. The rule that decides is that a list of actions
    /// (or resources) is a union in an Allow and in a Deny alike.
    ///
    /// # Errors
    /// [`PolicyError::TooLong`] where one statement cannot be cut further, or
    /// where the document is a trust policy, of which a role has just one.
    pub fn split(&self, limit: Limit) -> Result<Vec<Self>, PolicyError> {
        if limit == Limit::Trust {
            self.check_size(limit)?;
            return Ok(vec![self.clone()]);
        }
        let mut parts: Vec<Self> = Vec::new();
        for statement in &self.statements {
            for piece in self.fitting_pieces(statement, limit)? {
                let extended = parts.last().map(|last| last.with(piece.clone()));
                match (extended, parts.last_mut()) {
                    (Some(extended), Some(last)) if extended.check_size(limit).is_ok() => *last = extended,
                    _ => parts.push(self.only(piece)),
                }
            }
        }
        if parts.is_empty() {
            parts.push(self.clone());
        }
        Ok(parts)
    }

    fn with(&self, statement: Statement) -> Self {
        let mut longer = self.clone();
        longer.statements.push(statement);
        longer
    }

    fn only(&self, statement: Statement) -> Self {
        Self {
            version: self.version,
            id: self.id.clone(),
            statements: vec![statement],
        }
    }

    /// The statement itself if it fits alone, else its parts.
    fn fitting_pieces(&self, statement: &Statement, limit: Limit) -> Result<Vec<Statement>, PolicyError> {
        let (mut waiting, mut pieces) = (vec![statement.clone()], Vec::new());
        while let Some(piece) = waiting.pop() {
            let size = self.only(piece.clone()).size();
            if size <= limit.characters() {
                pieces.push(piece);
                continue;
            }
            let hint = ", and one of its statements cannot be cut further";
            let (first, second) = halves(&piece).ok_or_else(|| limit.exceeded(size, hint))?;
            waiting.push(second);
            waiting.push(first);
        }
        if pieces.len() > 1 {
            number(&mut pieces);
        }
        Ok(pieces)
    }
}

/// A list of actions or resources.
type Names = Element<Vec<String>>;

/// Two statements that together mean `statement`, if it has a list to cut.
fn halves(statement: &Statement) -> Option<(Statement, Statement)> {
    let (mut first, mut second) = (statement.clone(), statement.clone());
    if let Some((front, back)) = cut(&statement.actions) {
        (first.actions, second.actions) = (front, back);
        return Some((first, second));
    }
    let (front, back) = cut(statement.resources.as_ref()?)?;
    (first.resources, second.resources) = (Some(front), Some(back));
    Some((first, second))
}

/// Cuts a list in two; a negated list is no union and stays whole.
fn cut(element: &Names) -> Option<(Names, Names)> {
    match element {
        Element::Only(list) if list.len() > 1 => {
            let (front, back) = list.split_at(list.len() / 2);
            Some((Element::Only(front.to_vec()), Element::Only(back.to_vec())))
        }
        _ => None,
    }
}

/// Ids must stay unique within a document: the parts are numbered from 1.
fn number(pieces: &mut [Statement]) {
    for (n, piece) in pieces.iter_mut().enumerate() {
        if let Some(sid) = &mut piece.sid {
            *sid = format!("{sid}Part{}", n + 1);
        }
    }
}
