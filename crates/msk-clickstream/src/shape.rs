//! What the JSON of a [`ClickEvent`] may hold, for whoever makes columns of it.

use crate::event::ClickEvent;
use xacct_types::{Attribute, AttributeKind, EventType};

/// The longest text that a column takes; a longer one reads as NULL.
const TEXT: AttributeKind = AttributeKind::Text(65_535);

impl EventType for ClickEvent {
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::new(&["schema"], AttributeKind::Integer),
        Attribute::new(&["id"], AttributeKind::Text(36)),
        Attribute::new(&["occurred_at"], AttributeKind::Timestamp),
        Attribute::new(&["type"], AttributeKind::Text(64)),
        Attribute::new(&["visitor"], TEXT),
        Attribute::new(&["session"], TEXT),
        Attribute::new(&["page", "path"], TEXT),
        Attribute::new(&["page", "title"], TEXT),
        Attribute::new(&["page", "referrer"], TEXT),
        Attribute::new(&["request", "method"], TEXT),
        Attribute::new(&["request", "status"], AttributeKind::Integer),
        Attribute::new(&["request", "bytes"], AttributeKind::Integer),
        Attribute::new(&["request", "user_agent"], TEXT),
        Attribute::new(&["request", "address"], TEXT),
        Attribute::new(&["element"], TEXT),
        Attribute::new(&["query"], TEXT),
        Attribute::new(&["results"], AttributeKind::Integer),
        Attribute::new(&["change"], AttributeKind::Text(64)),
        Attribute::new(&["item"], AttributeKind::Json),
        Attribute::new(&["order"], TEXT),
        Attribute::new(&["items"], AttributeKind::Json),
        Attribute::new(&["currency"], TEXT),
        Attribute::new(&["name"], TEXT),
        Attribute::new(&["properties"], AttributeKind::Json),
    ];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Action, CartChange, Item, Page, Request};
    use serde_json::Value;
    use std::collections::BTreeSet;
    use std::time::SystemTime;

    /// One event of each kind, with everything that it can have.
    fn events() -> Vec<Value> {
        let item = Item {
            sku: "a".into(),
            quantity: 1,
            price: 2,
        };
        let actions = [
            Action::PageView,
            Action::Click { element: "a".into() },
            Action::Search {
                query: "q".into(),
                results: Some(1),
            },
            Action::Cart {
                change: CartChange::Add,
                item: item.clone(),
            },
            Action::Purchase {
                order: "o".into(),
                items: vec![item],
                currency: "EUR".into(),
            },
            Action::Custom { name: "n".into() },
        ];
        let request = Request {
            method: Some("GET".into()),
            status: Some(200),
            bytes: Some(1),
            user_agent: Some("u".into()),
            address: Some("a".into()),
        };
        let full = |action| {
            ClickEvent::new(SystemTime::UNIX_EPOCH, "v", action)
                .with_session("s")
                .with_page(Page::new("/").with_title("t").with_referrer("r"))
                .with_request(request.clone())
                .with_property("p", 1)
        };
        actions
            .map(|action| serde_json::to_value(full(action)).unwrap())
            .to_vec()
    }

    fn at<'a>(event: &'a Value, path: &[&str]) -> Option<&'a Value> {
        path.iter().try_fold(event, |value, part| value.get(part))
    }

    #[test]
    fn every_attribute_is_in_some_event_and_is_what_it_says() {
        let events = events();
        for attribute in ClickEvent::ATTRIBUTES {
            let found: Vec<&Value> = events
                .iter()
                .filter_map(|event| at(event, attribute.path))
                .collect();
            assert!(!found.is_empty(), "{attribute:?}");
            let fits = |value: &&Value| match attribute.kind {
                AttributeKind::Text(most) => value.as_str().is_some_and(|text| text.len() <= most as usize),
                AttributeKind::Timestamp => value.as_str().is_some_and(|text| text.ends_with('Z')),
                AttributeKind::Integer => value.is_i64() || value.is_u64(),
                AttributeKind::Json => value.is_object() || value.is_array(),
                _ => false,
            };
            assert!(found.iter().all(fits), "{attribute:?}: {found:?}");
        }
    }

    #[test]
    fn nothing_in_an_event_is_left_out() {
        let known: BTreeSet<&str> = ClickEvent::ATTRIBUTES
            .iter()
            .map(|attribute| attribute.path[0])
            .collect();
        for event in events() {
            for (name, value) in event.as_object().unwrap() {
                assert!(known.contains(name.as_str()), "{name}");
                let inner = ["page", "request"].contains(&name.as_str());
                for part in value
                    .as_object()
                    .filter(|_| inner)
                    .into_iter()
                    .flat_map(|object| object.keys())
                {
                    let path = [name.as_str(), part.as_str()];
                    assert!(ClickEvent::ATTRIBUTES.iter().any(|a| a.path == path), "{path:?}");
                }
            }
        }
    }
}
