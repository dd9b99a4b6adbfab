//! What an event's JSON holds: the trait in which the crate that defines events meets
//! the crate that makes columns of them.

/// What an attribute is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AttributeKind {
    /// A text of at most this many bytes.
    Text(u32),
    /// A whole number of up to 64 bits.
    Integer,
    /// A number with a fraction.
    Number,
    /// True or false.
    Boolean,
    /// A date and time, written as RFC 3339 has it.
    Timestamp,
    /// An object, a list, or whatever it happens to be.
    Json,
}

/// One attribute of an event: where it stands, and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attribute {
    /// The names that lead to it, from the outside in; at least one.
    pub path: &'static [&'static str],
    /// What it is.
    pub kind: AttributeKind,
}

impl Attribute {
    /// What stands at `path`.
    #[must_use]
    pub const fn new(path: &'static [&'static str], kind: AttributeKind) -> Self {
        Self { path, kind }
    }

    /// A name for a column of it: the path, joined with underscores.
    #[must_use]
    pub fn column(&self) -> String {
        self.path.join("_")
    }
}

/// An event whose attributes are known.
///
/// ```
/// use xacct_types::{Attribute, AttributeKind, EventType};
///
/// struct Login;
///
/// impl EventType for Login {
///     const ATTRIBUTES: &'static [Attribute] = &[
///         Attribute::new(&["at"], AttributeKind::Timestamp),
///         Attribute::new(&["user", "name"], AttributeKind::Text(64)),
///     ];
/// }
///
/// assert_eq!(Login::ATTRIBUTES[1].column(), "user_name");
/// ```
pub trait EventType {
    /// What its JSON may hold. An attribute that an event leaves out is NULL.
    const ATTRIBUTES: &'static [Attribute];
}
