//! Column types, as the catalog names them and as the Data API returns their values.

/// A type of Redshift, in so far as the simulator holds values of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ty {
    SmallInt,
    Int,
    BigInt,
    /// Precision and scale. With scale 0 values are integers in SQLite, otherwise floating point (about 15 digits).
    Decimal(u32, u32),
    Real,
    Double,
    Bool,
    Char(u32),
    Varchar(u32),
    Varbyte(u32),
    Super,
    Timestamp,
    Timestamptz,
    Date,
    /// Microseconds; months have no place in it.
    Interval,
    /// A string literal or NULL whose type its surroundings decide.
    Unknown,
}

/// A column of a relation or a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub name: String,
    pub ty: Ty,
}

impl Column {
    /// A column of this name and type.
    pub(crate) fn new(name: impl Into<String>, ty: Ty) -> Self {
        Self {
            name: name.into(),
            ty,
        }
    }
}

impl Ty {
    /// Name in `ColumnMetadata.typeName` (as the wire protocol's drivers name it).
    pub(crate) fn wire_name(self) -> &'static str {
        match self {
            Self::SmallInt => "int2",
            Self::Int => "int4",
            Self::BigInt => "int8",
            Self::Decimal(..) => "numeric",
            Self::Real => "float4",
            Self::Double => "float8",
            Self::Bool => "bool",
            Self::Char(_) => "bpchar",
            Self::Varchar(_) | Self::Unknown => "varchar",
            Self::Varbyte(_) => "varbyte",
            Self::Super => "super",
            Self::Timestamp => "timestamp",
            Self::Timestamptz => "timestamptz",
            Self::Date => "date",
            Self::Interval => "interval",
        }
    }

    /// Name in `svv_columns.data_type` and in error texts.
    pub(crate) fn sql_name(self) -> &'static str {
        match self {
            Self::SmallInt => "smallint",
            Self::Int => "integer",
            Self::BigInt => "bigint",
            Self::Decimal(..) => "numeric",
            Self::Real => "real",
            Self::Double => "double precision",
            Self::Bool => "boolean",
            Self::Char(_) => "character",
            Self::Varchar(_) => "character varying",
            Self::Unknown => "\"unknown\"",
            Self::Varbyte(_) => "binary varying",
            Self::Super => "super",
            Self::Timestamp => "timestamp without time zone",
            Self::Timestamptz => "timestamp with time zone",
            Self::Date => "date",
            Self::Interval => "interval",
        }
    }

    /// Declared length or precision, 0 where there is none.
    pub(crate) fn precision(self) -> u32 {
        match self {
            Self::SmallInt => 5,
            Self::Int => 10,
            Self::BigInt => 19,
            Self::Decimal(precision, _) => precision,
            Self::Real => 8,
            Self::Double => 17,
            Self::Bool => 1,
            Self::Char(length) | Self::Varchar(length) | Self::Varbyte(length) => length,
            Self::Timestamp => 29,
            Self::Timestamptz => 35,
            Self::Date => 13,
            Self::Super | Self::Unknown | Self::Interval => 0,
        }
    }

    /// Digits after the point.
    pub(crate) fn scale(self) -> u32 {
        match self {
            Self::Decimal(_, scale) => scale,
            Self::Timestamp | Self::Timestamptz => 6,
            _ => 0,
        }
    }

    /// Whole numbers.
    pub(crate) fn is_integer(self) -> bool {
        matches!(self, Self::SmallInt | Self::Int | Self::BigInt)
    }

    /// Anything one can calculate with.
    pub(crate) fn is_number(self) -> bool {
        self.is_integer() || matches!(self, Self::Decimal(..) | Self::Real | Self::Double)
    }

    /// Character types and untyped literals.
    pub(crate) fn is_text(self) -> bool {
        matches!(self, Self::Char(_) | Self::Varchar(_) | Self::Unknown)
    }

    /// Dates and timestamps.
    pub(crate) fn is_time(self) -> bool {
        matches!(self, Self::Timestamp | Self::Timestamptz | Self::Date)
    }

    /// The type that can hold values of both (CASE branches, UNION, COALESCE).
    pub(crate) fn common(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unknown, any) | (any, Self::Unknown) => any,
            (a, b) if a == b => a,
            (Self::Super, _) | (_, Self::Super) => Self::Super,
            (a, b) if a.is_number() && b.is_number() => wider(a, b),
            (Self::Date, Self::Timestamp) | (Self::Timestamp, Self::Date) => Self::Timestamp,
            (Self::Varchar(a) | Self::Char(a), Self::Varchar(b) | Self::Char(b)) => Self::Varchar(a.max(b)),
            (Self::Varbyte(a), Self::Varbyte(b)) => Self::Varbyte(a.max(b)),
            (a, _) => a,
        }
    }
}

fn wider(a: Ty, b: Ty) -> Ty {
    let rank = |ty: Ty| match ty {
        Ty::SmallInt => 1,
        Ty::Int => 2,
        Ty::BigInt => 3,
        Ty::Decimal(..) => 4,
        Ty::Real => 5,
        _ => 6,
    };
    match (a, b) {
        (Ty::Decimal(p1, s1), Ty::Decimal(p2, s2)) => Ty::Decimal(p1.max(p2), s1.max(s2)),
        _ if rank(a) >= rank(b) => a,
        _ => b,
    }
}
