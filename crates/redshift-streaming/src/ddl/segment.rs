//! Relations that hold the landed records of one stream between them, cut by position.

use super::column::StreamKind;
use super::ident::QualifiedName;
use super::landing::Landing;
use super::literal::quoted;
use super::materialized_view::CreateMaterializedView;
use std::collections::BTreeMap;
use xacct_types::Invalid;

/// A relation with landed records, and the position above which its records count.
///
/// ```
/// use redshift_streaming::ddl::{
///     CreateMaterializedView, CreateView, Cut, Identifier, Landing, QualifiedName, Segment, StreamColumn,
/// };
/// use xacct_types::TopicName;
///
/// let columns = [StreamColumn::KafkaPartition, StreamColumn::KafkaOffset];
/// let landing = Landing::kafka(Identifier::new("s")?, &TopicName::new("t")?).with_columns(columns, [])?;
/// let view = CreateMaterializedView::new(QualifiedName::parse("v")?, landing.clone());
/// let history = Segment::new(QualifiedName::parse("h")?, landing.clone(), Cut::default());
/// let cut = Cut::new(landing.kind(), [("0".into(), "41".into()), ("1".into(), "7".into())])?;
/// let now = Segment::new(view.name().clone(), landing.clone(), cut);
/// let parsed = CreateView::parsed_over(QualifiedName::parse("p")?, &landing, &[history, now]).unwrap();
/// assert!(parsed.to_string().ends_with(
///     "FROM \"v\" WHERE (CAN_JSON_PARSE(\"raw\")) AND \"kafka_offset\" > \
///      CASE \"kafka_partition\" WHEN 0 THEN 41 WHEN 1 THEN 7 ELSE -1 END"
/// ));
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    pub(super) relation: QualifiedName,
    pub(super) form: Landing,
    pub(super) above: Cut,
}

/// The last position of each partition that counts elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cut(BTreeMap<String, String>);

impl Segment {
    /// The records of `relation`, which has the columns of `form`, behind `above`.
    #[must_use]
    pub fn new(relation: QualifiedName, form: Landing, above: Cut) -> Self {
        Self {
            relation,
            form,
            above,
        }
    }

    /// All records of a landing view; none for one whose select a user wrote.
    #[must_use]
    pub fn of(view: &CreateMaterializedView) -> Option<Self> {
        let form = view.body().landing()?.clone();
        Some(Self::new(view.name().clone(), form, Cut::default()))
    }
}

impl Cut {
    /// Partitions with their last positions; of Kafka both are numbers.
    ///
    /// # Errors
    /// [`Invalid`] where they are not.
    pub fn new(
        kind: StreamKind,
        positions: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Invalid> {
        let positions: BTreeMap<String, String> = positions.into_iter().collect();
        let number = |text: &String| text.parse::<i64>().is_ok();
        for (partition, position) in &positions {
            let legal = match kind {
                StreamKind::Kafka => number(partition) && number(position),
                StreamKind::Kinesis => !format!("{partition}{position}").contains(char::is_control),
            };
            if !legal {
                let why = "is no position of this kind of stream";
                return Err(Invalid::new("position", &format!("{partition}:{position}"), why));
            }
        }
        Ok(Self(positions))
    }

    /// The condition for records behind the cut; none where there is no cut.
    pub(super) fn condition(&self, form: &Landing) -> Option<String> {
        let [partition, position] = form.position()?;
        if self.0.is_empty() {
            return None;
        }
        let whens = self.0.iter().map(|(of, last)| match form.kind() {
            StreamKind::Kafka => format!(" WHEN {of} THEN {last}"),
            StreamKind::Kinesis => format!(" WHEN {} THEN {}", quoted(of), quoted(last)),
        });
        let whens: String = whens.collect();
        Some(match form.kind() {
            StreamKind::Kafka => format!("{position} > CASE {partition}{whens} ELSE -1 END"),
            // Sequence numbers all have equally many digits, so text compares as numbers do.
            StreamKind::Kinesis => format!("{position} > CASE TRIM({partition}){whens} ELSE '' END"),
        })
    }
}
