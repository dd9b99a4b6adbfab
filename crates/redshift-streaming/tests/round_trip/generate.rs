//! Generated statements: what they are made of comes from one stream of choices, what
//! their names say from another, so that a statement can be had again with harmless names.

use redshift_streaming::ddl::{
    AlterExternalSchema, AlterMaterializedView, AppendTable, BrokerList, Certificate, CertificateArn,
    ColumnNames, CreateDatabase, CreateExternalSchema, CreateMaterializedView, CreateTableLike, CreateView,
    DatabaseName, Distribution, DropDatabase, DropMaterializedView, DropSchema, DropView, ExtraColumns,
    Grant, Grantee, IamRole, Identifier, KafkaSource, KinesisSource, Landing, MskSource, Payload, Privilege,
    QualifiedName, RefreshMaterializedView, RoleChain, SchemaAuthentication, SchemaOption, SortKey, SqlType,
    Statement, StreamName, StreamSource, TypedView, ViewChange,
};
use xacct_types::{ClusterArn, RoleArn, SecretArn, TopicName};

/// Names that try to end early, or to be something else.
pub(crate) const HOSTILE: &[&str] = &[
    "\"",
    "\"\"",
    "a\"b",
    "a\\",
    "\\\"",
    "\\'",
    "'",
    "''",
    "'; DROP SCHEMA s; --",
    "\"; DROP SCHEMA s; --",
    "/*",
    "*/",
    "--",
    "$$",
    "$a$",
    ";",
    "select",
    "SELECT",
    "raw",
    "default",
    "kafka_offset",
    "payload",
    "a.b",
    "[x]",
    "`",
    "ä😀",
    " ",
    "%",
    "E'",
    "U&\"",
    "null",
    "IAMR:Role",
    "\u{202e}",
    "\u{feff}",
];

/// Where choices come from: a seed, or the bytes of a fuzzer until they end.
enum Source<'a> {
    Seed(u64),
    Bytes(std::slice::Iter<'a, u8>),
}

/// One statement's choices.
pub(crate) struct Choices<'a> {
    shape: Source<'a>,
    words: u64,
    hostile: bool,
    named: u32,
}

/// SplitMix64.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl<'a> Choices<'a> {
    /// The statement of this seed, with names that try to break out or with harmless ones.
    pub(crate) fn seeded(seed: u64, hostile: bool) -> Self {
        Self {
            shape: Source::Seed(seed),
            words: seed ^ 0x5851_f42d_4c95_7f2d,
            hostile,
            named: 0,
        }
    }

    /// The statement that these bytes choose.
    #[allow(dead_code, reason = "for the fuzz target, which includes this file")]
    pub(crate) fn of_bytes(bytes: &'a [u8]) -> Self {
        let words = bytes
            .iter()
            .fold(7, |sum: u64, byte| sum.wrapping_mul(31) + u64::from(*byte));
        Self {
            shape: Source::Bytes(bytes.iter()),
            words,
            hostile: true,
            named: 0,
        }
    }

    /// One of `options`, each as likely.
    fn below(&mut self, options: usize) -> usize {
        let chosen = match &mut self.shape {
            Source::Seed(state) => random(state),
            Source::Bytes(bytes) => bytes.next().copied().map_or(0, u64::from),
        };
        usize::try_from(chosen % options as u64).unwrap()
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 1
    }

    /// Text over an alphabet, of the stream of words.
    fn word(&mut self, alphabet: &[u8], longest: usize) -> String {
        let length = 1 + random(&mut self.words) as usize % longest;
        let letter = |state: &mut u64| char::from(alphabet[random(state) as usize % alphabet.len()]);
        (0..length).map(|_| letter(&mut self.words)).collect()
    }

    pub(crate) fn name(&mut self) -> Identifier {
        self.named += 1;
        if !self.hostile {
            return Identifier::new(format!("n{}", self.named)).unwrap();
        }
        let text = match random(&mut self.words) % 8 {
            0..3 => HOSTILE[random(&mut self.words) as usize % HOSTILE.len()].to_owned(),
            3 => "x".repeat(127),
            4 => "\u{10348}".repeat(31),
            5 => self.anything(),
            _ => format!("a{}", self.word(b"abcdefghijklmnopqrstuvwxyz0123456789_", 20)),
        };
        Identifier::new(text).unwrap()
    }

    /// Any printable characters, more often those that mean something in SQL.
    fn anything(&mut self) -> String {
        const MEANING: &[char] = &[
            '\'',
            '"',
            '\\',
            ';',
            '-',
            '/',
            '*',
            '$',
            '.',
            '(',
            ')',
            ' ',
            'é',
            '\u{1f600}',
        ];
        let length = 1 + random(&mut self.words) % 30;
        let mut text = String::new();
        for _ in 0..length {
            let value = random(&mut self.words);
            let any = char::from_u32((value >> 8) as u32 % 0x11_0000).filter(|c| !c.is_control());
            text.push(match value % 4 {
                0 => any.unwrap_or('x'),
                1 => char::from(b' ' + ((value >> 8) % 95) as u8),
                _ => MEANING[(value >> 8) as usize % MEANING.len()],
            });
        }
        text
    }

    fn names(&mut self, most: usize) -> Vec<Identifier> {
        (0..=self.below(most)).map(|_| self.name()).collect()
    }

    fn qualified(&mut self) -> QualifiedName {
        let name = QualifiedName::new(self.name());
        if self.coin() {
            name.in_schema(self.name())
        } else {
            name
        }
    }

    fn role(&mut self) -> Option<IamRole> {
        if self.below(4) == 0 {
            return Some(IamRole::Default);
        }
        let count = 1 + self.below(10);
        let roles: Vec<RoleArn> = (0..count)
            .map(|_| {
                let (account, name) = (
                    self.word(b"0123456789", 1).repeat(12),
                    self.word(b"aZ09+=.@_-", 64),
                );
                let path = if self.coin() { "/service-role/" } else { "/" };
                RoleArn::new(format!("arn:aws:iam::{account}:role{path}{name}")).unwrap()
            })
            .collect();
        RoleChain::new(roles).ok().map(IamRole::from)
    }

    fn brokers(&mut self) -> BrokerList {
        let list: Vec<String> = (0..=self.below(3))
            .map(|_| format!("b{}:{}", self.word(b"az09.-", 30), 1 + self.below(65_535)))
            .collect();
        BrokerList::new(list.join(",")).unwrap()
    }

    fn cluster(&mut self) -> ClusterArn {
        let (name, uuid) = (self.word(b"aZ09", 20), "8ecca3e4-7e5a-4152-a212-ab7f9cde97be-1");
        ClusterArn::new(format!(
            "arn:aws:kafka:ap-south-1:111111111111:cluster/c{name}/{uuid}"
        ))
        .unwrap()
    }

    fn certificate(&mut self) -> Certificate {
        let id = self.word(b"abcdef0123456789", 30);
        if self.coin() {
            let arn = format!("arn:aws:acm:us-east-1:111111111111:certificate/{id}");
            Certificate::Acm(CertificateArn::new(arn).unwrap())
        } else {
            let arn = format!("arn:aws:secretsmanager:us-east-1:111111111111:secret:{id}-AbCdEf");
            Certificate::Secret(SecretArn::new(arn).unwrap())
        }
    }

    fn source(&mut self) -> Option<StreamSource> {
        Some(match self.below(7) {
            0 => KinesisSource::new(self.role()?).into(),
            1 => KinesisSource::new(self.role()?)
                .in_region("us-east-1".parse().unwrap())
                .into(),
            2 => MskSource::iam(self.cluster(), self.role()?).into(),
            3 => {
                let role = if self.coin() { Some(self.role()?) } else { None };
                MskSource::unauthenticated(self.cluster(), role).ok()?.into()
            }
            4 => KafkaSource::iam(self.brokers(), self.role()?).ok()?.into(),
            5 => KafkaSource::unauthenticated(self.brokers()).ok()?.into(),
            _ => KafkaSource::mtls(self.brokers(), self.role()?, self.certificate())
                .ok()?
                .into(),
        })
    }

    fn landing(&mut self) -> Option<Landing> {
        let (schema, stream) = (self.name(), format!("s{}", self.word(b"aZ09_-.", 60)));
        let landing = match self.below(3) {
            0 => Landing::kinesis(schema, &StreamName::new(stream).unwrap()),
            1 => Landing::kinesis(schema, &StreamName::new(stream).unwrap())
                .with_column_names(ColumnNames::Preview)
                .ok()?,
            _ => Landing::kafka(schema, &TopicName::new(stream).unwrap()),
        };
        let all = landing.kind().columns();
        let all: Vec<_> = all
            .iter()
            .copied()
            .filter(|c| landing.names().of(*c).is_some())
            .collect();
        let end = self.below(all.len() + 1);
        let split = self.below(end + 1);
        let payload = [
            Payload::Json,
            Payload::Json,
            Payload::JsonUnguarded,
            Payload::Raw,
            Payload::Text,
        ][self.below(5)];
        let mut landing = landing.with_payload(payload);
        if payload == Payload::Json {
            landing = landing.with_raw_name(self.name()).ok()?;
        }
        if self.coin() {
            landing = landing.with_payload_name(self.name()).ok()?;
        }
        landing
            .with_columns(all[..split].to_vec(), all[split..end].to_vec())
            .ok()
    }

    fn materialized_view(&mut self) -> Option<Statement> {
        let (name, landing) = (self.qualified(), self.landing()?);
        let key = landing.columns().find(|column| !column.is_super());
        let key = key.and_then(|column| landing.names().of(column));
        let mut view = CreateMaterializedView::new(name, landing);
        if self.coin() {
            view = view.backup(self.coin());
        }
        if self.coin() {
            view = view.auto_refresh(self.coin());
        }
        match (self.below(4), key) {
            (0, _) => view = view.distributed(Distribution::Even).ok()?,
            (1, _) => view = view.distributed(Distribution::All).ok()?,
            (2, Some(key)) => {
                view = view.sorted_by([key.clone()]).ok()?;
                view = view.distributed(Distribution::Key(key)).ok()?;
            }
            _ => {}
        }
        Some(view.into())
    }

    fn plain_view(&mut self) -> Option<Statement> {
        let name = self.qualified();
        let mut view = if self.coin() {
            let landing = CreateMaterializedView::new(self.qualified(), self.landing()?);
            CreateView::quarantine(name, &landing)?
        } else {
            let mut typed = TypedView::new(self.qualified());
            for _ in 0..=self.below(3) {
                let path = self.names(3);
                let types = [
                    SqlType::Varchar(100),
                    SqlType::Decimal(10, 2),
                    SqlType::TimestampTz,
                    SqlType::Super,
                ];
                let (path, chosen) = (
                    path.iter().map(Identifier::as_str),
                    types[self.below(types.len())],
                );
                typed = typed.attribute(path, chosen, self.name()).ok()?;
            }
            typed.create(name)
        };
        if self.coin() {
            view = view.or_replace();
        }
        if self.coin() {
            view = view.late_binding();
        } else if self.coin() {
            view = view.columns(self.names(3)).ok()?;
        }
        Some(view.into())
    }

    fn view_change(&mut self) -> Option<ViewChange> {
        Some(match self.below(10) {
            0 => ViewChange::AutoRefresh(self.coin()),
            1 => ViewChange::DistributionEven,
            2 => ViewChange::DistributionAll,
            3 => ViewChange::DistributionAuto,
            4 => ViewChange::DistributionKey(self.name()),
            5 => ViewChange::SortKey(SortKey::new(self.names(3)).ok()?),
            6 => ViewChange::SortKeyAuto,
            7 => ViewChange::SortKeyNone,
            8 => ViewChange::RowLevelSecurity(self.coin()),
            _ => ViewChange::RowLevelSecurityForDatashares(self.coin()),
        })
    }

    fn schema_option(&mut self) -> Option<SchemaOption> {
        Some(match self.below(5) {
            0 => SchemaOption::Role(self.role()?),
            1 => SchemaOption::Brokers(self.brokers()),
            2 => SchemaOption::Authentication(SchemaAuthentication::None),
            3 => SchemaOption::Authentication(SchemaAuthentication::Iam),
            _ => SchemaOption::Authentication(SchemaAuthentication::Mtls(self.certificate())),
        })
    }

    fn grant(&mut self) -> Statement {
        let privilege = if self.coin() {
            Privilege::Usage(self.name())
        } else {
            Privilege::Select(self.qualified())
        };
        let grantee = match self.below(4) {
            0 => Grantee::User(self.name()),
            1 => Grantee::Role(self.name()),
            2 => Grantee::Group(self.name()),
            _ => Grantee::Public,
        };
        let grant = Grant::new(privilege, grantee);
        if self.coin() {
            grant.revoke().into()
        } else {
            grant.into()
        }
    }

    fn drop(&mut self) -> Statement {
        let more: Vec<QualifiedName> = (0..self.below(3)).map(|_| self.qualified()).collect();
        let (exists, cascade) = (self.coin(), self.coin());
        macro_rules! dressed {
            ($drop:expr) => {{
                let drop = $drop;
                let drop = if exists { drop.if_exists() } else { drop };
                if cascade {
                    drop.cascade().into()
                } else {
                    drop.into()
                }
            }};
        }
        match self.below(3) {
            0 => dressed!(
                more.into_iter()
                    .fold(DropView::new(self.qualified()), DropView::and)
            ),
            1 => dressed!(more.into_iter().fold(
                DropMaterializedView::new(self.qualified()),
                DropMaterializedView::and
            )),
            _ => dressed!(more.into_iter().fold(DropSchema::new(self.name()), |drop, name| {
                drop.and(name.name().clone())
            })),
        }
    }

    fn table(&mut self) -> Statement {
        if self.coin() {
            let create = CreateTableLike::new(self.qualified(), self.qualified());
            return if self.coin() {
                create.if_not_exists().into()
            } else {
                create.into()
            };
        }
        let append = AppendTable::new(self.qualified(), self.qualified());
        match self.below(3) {
            0 => append.into(),
            1 => append.extra_columns(ExtraColumns::Ignore).into(),
            _ => append.extra_columns(ExtraColumns::Fill).into(),
        }
    }

    /// A statement, or none where the choices fit no legal one.
    pub(crate) fn statement(&mut self) -> Option<Statement> {
        Some(match self.below(16) {
            0..3 => {
                let schema = CreateExternalSchema::new(self.name(), self.source()?);
                if self.coin() {
                    schema.if_not_exists().into()
                } else {
                    schema.into()
                }
            }
            3..6 => self.materialized_view()?,
            6..8 => self.plain_view()?,
            8..10 => AlterMaterializedView::new(self.qualified(), self.view_change()?).into(),
            10 => {
                let mut alter = AlterExternalSchema::new(self.name(), self.schema_option()?);
                for _ in 0..self.below(3) {
                    alter = alter.and(self.schema_option()?);
                }
                alter.into()
            }
            11 => self.grant(),
            12 => self.drop(),
            13 => self.table(),
            14 => {
                let refresh = RefreshMaterializedView::new(self.qualified());
                if self.coin() {
                    refresh.cascade().into()
                } else {
                    refresh.into()
                }
            }
            _ => {
                let name = DatabaseName::new(format!("db_{}", self.word(b"az09_", 40))).unwrap();
                if self.coin() {
                    DropDatabase::new(name).into()
                } else {
                    CreateDatabase::new(name).into()
                }
            }
        })
    }
}
