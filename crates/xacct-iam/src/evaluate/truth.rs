//! Three-valued truth: yes, no with a reason, or not known with a reason.

/// Whether something holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Truth<N> {
    Yes,
    No(N),
    Unknown(String),
}

impl<N> Truth<N> {
    /// Whether all hold: the first no decides, a doubt only if there is no no.
    pub(super) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut doubt = None;
        for part in parts {
            match part {
                Self::Yes => {}
                Self::No(why) => return Self::No(why),
                Self::Unknown(why) => doubt = doubt.or(Some(why)),
            }
        }
        doubt.map_or(Self::Yes, Self::Unknown)
    }

    /// Whether any holds: a yes decides, a doubt only if there is no yes.
    pub(super) fn any(parts: impl IntoIterator<Item = Self>, no: N) -> Self {
        let mut doubt = None;
        for part in parts {
            match part {
                Self::Yes => return Self::Yes,
                Self::No(_) => {}
                Self::Unknown(why) => doubt = doubt.or(Some(why)),
            }
        }
        doubt.map_or(Self::No(no), Self::Unknown)
    }

    /// The opposite, with the reason that a no then has.
    pub(super) fn negated(self, no: N) -> Self {
        match self {
            Self::Yes => Self::No(no),
            Self::No(_) => Self::Yes,
            Self::Unknown(why) => Self::Unknown(why),
        }
    }
}
