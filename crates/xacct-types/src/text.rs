//! The trait implementations that every checked text shares.

/// Gives a newtype over `String` its conversions, `Display` and serde, all of
/// which pass through the type's own `check`.
macro_rules! checked_text {
    ($name:ident, $what:literal) => {
        impl $name {
            /// Checks `value` and wraps it.
            ///
            /// # Errors
            /// [`Invalid`](crate::Invalid) says which rule was broken.
            pub fn new(value: impl Into<String>) -> Result<Self, $crate::Invalid> {
                let value = value.into();
                match Self::check(&value) {
                    Ok(()) => Ok(Self(value)),
                    Err(why) => Err($crate::Invalid::new($what, &value, why)),
                }
            }

            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::Invalid;
            fn from_str(value: &str) -> Result<Self, Self::Err> {
                Self::new(value)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::Invalid;
            fn try_from(value: String) -> Result<Self, Self::Error> {
                Self::new(value)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

pub(crate) use checked_text;
