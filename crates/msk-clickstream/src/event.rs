//! Click events, and the JSON that warehouses read.
//!
//! One event is one JSON object. Names are lower case, because Amazon Redshift folds the names by which
//! SUPER values are navigated. Fields that do not apply are left out.
//!
//! | field | type | meaning |
//! |---|---|---|
//! | `schema` | number | version of this layout, 1 |
//! | `id` | text | UUID version 7: unique, and sorts by time |
//! | `occurred_at` | text | RFC 3339 in UTC with milliseconds at most |
//! | `type` | text | `page_view`, `click`, `search`, `cart`, `purchase` or `custom` |
//! | `visitor` | text | who; events of one visitor keep their order |
//! | `session` | text | the visit, if known |
//! | `page` | object | `path`, `title`, `referrer` |
//! | `request` | object | `method`, `status`, `bytes`, `user_agent`, `address` |
//! | `element` | text | of `click`: what was clicked |
//! | `query`, `results` | text, number | of `search`: the words, and how many hits |
//! | `change`, `item` | text, object | of `cart`: `add` or `remove`, and what |
//! | `order`, `items`, `currency` | text, array, text | of `purchase` |
//! | `name` | text | of `custom`: what happened |
//! | `properties` | object | anything else |
//!
//! An item is `{"sku": text, "quantity": number, "price": number}`, its price for one piece in the
//! smallest unit of the currency, so that no cent is lost in a floating point number.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::{NoContext, Timestamp, Uuid};

/// Something that a visitor did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClickEvent {
    schema: Schema,
    /// Unique, and sorts by time.
    pub id: Uuid,
    /// When it happened, at the precision of milliseconds.
    #[serde(with = "rfc3339")]
    pub occurred_at: SystemTime,
    /// What happened.
    #[serde(flatten)]
    pub action: Action,
    /// Who did it. Events of one visitor keep their order.
    pub visitor: String,
    /// The visit, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Where it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<Page>,
    /// The HTTP request behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, Value>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// A page was shown.
    PageView,
    /// Something on it was clicked.
    Click {
        /// What was clicked, for example a selector.
        element: String,
    },
    /// Something was looked for.
    Search {
        /// The words.
        query: String,
        /// How many hits were shown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        results: Option<u32>,
    },
    /// The cart changed.
    Cart {
        /// How.
        change: CartChange,
        /// What was put in or taken out.
        item: Item,
    },
    /// Something was bought.
    Purchase {
        /// The number of the order.
        order: String,
        /// What was bought.
        items: Vec<Item>,
        /// ISO 4217 code of the prices' currency.
        currency: String,
    },
    /// Anything else.
    Custom {
        /// What happened, by a name of your own.
        name: String,
    },
}

/// How a cart changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CartChange {
    /// Put in.
    Add,
    /// Taken out.
    Remove,
}

/// Something that can be bought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The shop's number for it.
    pub sku: String,
    /// How many.
    pub quantity: u32,
    /// Price of one, in the smallest unit of the currency.
    pub price: u64,
}

/// The page on which something happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Page {
    /// Path and query.
    pub path: String,
    /// Title as shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where the visitor came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referrer: Option<String>,
}

impl Page {
    /// A page by its path and query.
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            title: None,
            referrer: None,
        }
    }

    /// Adds where the visitor came from.
    #[must_use]
    pub fn with_referrer(mut self, referrer: impl Into<String>) -> Self {
        self.referrer = Some(referrer.into());
        self
    }

    /// Adds the title.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }
}

/// The HTTP request behind an event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Request {
    /// `GET`, `POST` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Status of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Size of the answer's body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// What the browser calls itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// Address or name of the client; see [`truncate_address`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl ClickEvent {
    /// Name and version of this layout, as the header `schema` says it.
    pub const SCHEMA: &str = "click-event/1";

    /// An event at `occurred_at` by `visitor`, with a new id.
    pub fn new(occurred_at: SystemTime, visitor: impl Into<String>, action: Action) -> Self {
        let since = occurred_at
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let timestamp = Timestamp::from_unix(NoContext, since.as_secs(), since.subsec_nanos());
        Self::with_id(Uuid::new_v7(timestamp), occurred_at, visitor.into(), action)
    }

    pub(crate) fn with_id(id: Uuid, occurred_at: SystemTime, visitor: String, action: Action) -> Self {
        Self {
            schema: Schema,
            id,
            occurred_at,
            action,
            visitor,
            session: None,
            page: None,
            request: None,
            properties: BTreeMap::new(),
        }
    }

    /// Adds the visit.
    #[must_use]
    pub fn with_session(mut self, session: impl Into<String>) -> Self {
        self.session = Some(session.into());
        self
    }

    /// Adds the page.
    #[must_use]
    pub fn with_page(mut self, page: Page) -> Self {
        self.page = Some(page);
        self
    }

    /// Adds the HTTP request.
    #[must_use]
    pub fn with_request(mut self, request: Request) -> Self {
        self.request = Some(request);
        self
    }

    /// Adds a property.
    #[must_use]
    pub fn with_property(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.properties.insert(name.into(), value.into());
        self
    }
}

/// Removes what tells one client from its neighbours: the last byte of an IPv4 address, all but the
/// first 48 bits of an IPv6 address. Anything else is a name and is returned as `None`.
///
/// ```
/// use msk_clickstream::truncate_address;
///
/// assert_eq!(truncate_address("198.18.4.43").as_deref(), Some("198.18.4.0"));
/// assert_eq!(truncate_address("2001:db8:1:2::3").as_deref(), Some("2001:db8:1::"));
/// assert_eq!(truncate_address("host.example.org"), None);
/// ```
pub fn truncate_address(address: &str) -> Option<String> {
    Some(match address.parse().ok()? {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            IpAddr::from([a, b, c, 0]).to_string()
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            IpAddr::from([a, b, c, 0, 0, 0, 0, 0]).to_string()
        }
    })
}

/// The version of the layout. Other versions are refused when read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
struct Schema;

impl Schema {
    const VERSION: u32 = 1;
}

impl From<Schema> for u32 {
    fn from(_: Schema) -> Self {
        Schema::VERSION
    }
}

impl TryFrom<u32> for Schema {
    type Error = String;

    fn try_from(version: u32) -> Result<Self, String> {
        if version == Self::VERSION {
            Ok(Self)
        } else {
            Err(format!("unknown schema version {version}"))
        }
    }
}

/// Times as RFC 3339 text.
mod rfc3339 {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use aws_smithy_types::DateTime;
    use aws_smithy_types::date_time::Format;
    use serde::{Deserialize, Deserializer, Serializer, de, ser};

    pub(super) fn serialize<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
        let since = time.duration_since(UNIX_EPOCH).map_err(ser::Error::custom)?;
        let millis = i64::try_from(since.as_millis()).map_err(ser::Error::custom)?;
        let text = DateTime::from_millis(millis)
            .fmt(Format::DateTime)
            .map_err(ser::Error::custom)?;
        serializer.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = DateTime::from_str(&text, Format::DateTimeWithOffset).map_err(de::Error::custom)?;
        let millis = time.to_millis().map_err(de::Error::custom)?;
        let since = u64::try_from(millis).map_err(|_| de::Error::custom("a time before 1970"))?;
        Ok(UNIX_EPOCH + Duration::from_millis(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::time::{Duration, UNIX_EPOCH};

    fn at() -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(1_767_323_045_250)
    }

    #[test]
    fn the_json_is_the_documented_one() {
        let id = Uuid::from_u128(1);
        let event = ClickEvent::with_id(
            id,
            at(),
            "v".to_owned(),
            Action::Click {
                element: "#buy".to_owned(),
            },
        )
        .with_session("s")
        .with_page(Page::new("/shop?id=1").with_referrer("https://example.org/"))
        .with_request(Request {
            status: Some(200),
            ..Request::default()
        })
        .with_property("ab_test", "b");
        let expected = json!({
            "schema": 1,
            "id": "00000000-0000-0000-0000-000000000001",
            "occurred_at": "2026-01-02T03:04:05.25Z",
            "type": "click",
            "element": "#buy",
            "visitor": "v",
            "session": "s",
            "page": {"path": "/shop?id=1", "referrer": "https://example.org/"},
            "request": {"status": 200},
            "properties": {"ab_test": "b"},
        });
        assert_eq!(serde_json::to_value(&event).unwrap(), expected);
        assert_eq!(serde_json::from_value::<ClickEvent>(expected).unwrap(), event);
    }

    #[test]
    fn every_action_survives_the_way_through_json() {
        let item = Item {
            sku: "a".to_owned(),
            quantity: 2,
            price: 1_999,
        };
        let actions = [
            Action::PageView,
            Action::Search {
                query: "shoes".to_owned(),
                results: Some(3),
            },
            Action::Cart {
                change: CartChange::Add,
                item: item.clone(),
            },
            Action::Purchase {
                order: "1".to_owned(),
                items: vec![item],
                currency: "EUR".to_owned(),
            },
            Action::Custom {
                name: "video_started".to_owned(),
            },
        ];
        for action in actions {
            let event = ClickEvent::new(at(), "v", action);
            let text = serde_json::to_string(&event).unwrap();
            assert_eq!(
                serde_json::from_str::<ClickEvent>(&text).unwrap(),
                event,
                "{text}"
            );
        }
    }

    #[test]
    fn names_in_the_json_are_lower_case() {
        let event = ClickEvent::new(
            at(),
            "v",
            Action::Search {
                query: "q".to_owned(),
                results: None,
            },
        );
        let value = serde_json::to_value(event).unwrap();
        let names = value.as_object().unwrap().keys();
        assert!(
            names
                .into_iter()
                .all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        );
    }

    #[test]
    fn ids_sort_by_time() {
        let earlier = ClickEvent::new(at(), "v", Action::PageView);
        let later = ClickEvent::new(at() + Duration::from_millis(1), "v", Action::PageView);
        assert!(earlier.id < later.id);
        assert_eq!(earlier.id.get_version_num(), 7);
    }

    #[test]
    fn another_schema_version_is_refused() {
        let event = ClickEvent::new(at(), "v", Action::PageView);
        let mut value = serde_json::to_value(event).unwrap();
        value["schema"] = json!(2);
        let refused = serde_json::from_value::<ClickEvent>(value).unwrap_err();
        assert!(refused.to_string().contains("schema version 2"), "{refused}");
    }
}
