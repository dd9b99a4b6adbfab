//! The names that the tutorial uses and that stand where a file says nothing.

use redshift_streaming::SchemaSpec;
use redshift_streaming::ddl::{DatabaseName, Identifier};
use xacct_types::TopicName;

/// Reads a name of this file, all of which are legal; a test holds that.
macro_rules! fixed {
    ($kind:ty, $name:literal) => {
        match <$kind>::new($name) {
            Ok(name) => name,
            Err(error) => unreachable!("{error}"),
        }
    };
}

pub(super) fn topic() -> TopicName {
    fixed!(TopicName, "testtopic")
}

pub(super) fn view() -> Identifier {
    fixed!(Identifier, "myview1")
}

pub(super) fn schema() -> SchemaSpec {
    SchemaSpec::new(fixed!(Identifier, "mskschema"))
}

pub(super) fn database() -> DatabaseName {
    fixed!(DatabaseName, "streaming")
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_name_of_the_tutorial_is_legal() {
        assert_eq!(super::topic().as_str(), "testtopic");
        assert_eq!(super::view().as_str(), "myview1");
        assert_eq!(super::schema().name.as_str(), "mskschema");
        assert_eq!(super::database().as_str(), "streaming");
    }
}
