//! The trait implementations that the checked texts of this crate share.

/// Gives a newtype over `String` its constructor, conversions and serde, all of
/// which pass through the type's own `check`.
macro_rules! checked_name {
    ($name:ident, $what:literal) => {
        impl $name {
            /// Checks `value` and wraps it.
            ///
            /// # Errors
            /// [`Invalid`](xacct_types::Invalid) says which rule was broken.
            pub fn new(value: impl Into<String>) -> Result<Self, xacct_types::Invalid> {
                let value = value.into();
                match Self::check(&value) {
                    Ok(()) => Ok(Self(value)),
                    Err(why) => Err(xacct_types::Invalid::new($what, &value, why)),
                }
            }

            /// The text itself, not quoted.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = xacct_types::Invalid;
            fn from_str(value: &str) -> Result<Self, Self::Err> {
                Self::new(value)
            }
        }

        impl TryFrom<String> for $name {
            type Error = xacct_types::Invalid;
            fn try_from(value: String) -> Result<Self, Self::Error> {
                Self::new(value)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }
    };
}

pub(crate) use checked_name;
