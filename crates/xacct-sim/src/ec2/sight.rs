//! What a caller can see: EC2 is eventually consistent, so a new object can be missing for a while, and one good read
//! does not mean that the next call (answered by another host) sees it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::clock::SimTime;
use crate::sample;
use crate::world::{ApiError, Call, CallerKind};

/// An object with an id that can be looked up.
pub(crate) trait Thing {
    /// Prefix of the ids.
    const PREFIX: &'static str;
    /// Error code when there is none, and how the text calls it.
    const NOT_FOUND: (&'static str, &'static str);

    /// From when on everybody sees it.
    fn visible_at(&self) -> SimTime;

    /// From when on nobody sees it any more, for objects that linger as tombstones.
    fn vanishes_at(&self) -> Option<SimTime> {
        None
    }
}

/// How one call looks at the world.
#[derive(Debug, Clone)]
pub(crate) struct Sight {
    now: SimTime,
    seed: u64,
    /// The account itself sees everything at once.
    all: bool,
    request_id: String,
}

/// At the end of a window of invisibility reads are a matter of luck.
const FLICKER: Duration = Duration::from_secs(1);

impl Sight {
    pub(crate) fn of(call: &Call<'_>) -> Self {
        Self {
            now: call.now,
            seed: call.world.settings.seed,
            all: call.caller.kind == CallerKind::Root,
            request_id: call.request_id.clone(),
        }
    }

    /// Whether an object is seen by this call.
    pub(crate) fn sees<T: Thing>(&self, id: &str, thing: &T) -> bool {
        thing.vanishes_at().is_none_or(|at| self.now < at) && self.sees_from(id, thing.visible_at())
    }

    /// Whether something that everybody sees from `visible_at` on is seen by this call.
    pub(crate) fn sees_from(&self, id: &str, visible_at: SimTime) -> bool {
        if self.all || self.now >= visible_at {
            return true;
        }
        visible_at - self.now < FLICKER
            && sample::uniform(self.seed, &["flicker", id, &self.request_id]) < 0.5
    }

    /// Looks an object up.
    ///
    /// # Errors
    /// `….Malformed` for an id of another kind, `….NotFound` when there is none or it is not visible yet.
    pub(crate) fn find<'t, T: Thing>(
        &self,
        table: &'t BTreeMap<String, T>,
        id: &str,
    ) -> Result<&'t T, ApiError> {
        check_form::<T>(id)?;
        table
            .get(id)
            .filter(|thing| self.sees(id, *thing))
            .ok_or_else(|| not_found::<T>(id))
    }

    /// The same, to change.
    pub(crate) fn find_mut<'t, T: Thing>(
        &self,
        table: &'t mut BTreeMap<String, T>,
        id: &str,
    ) -> Result<&'t mut T, ApiError> {
        check_form::<T>(id)?;
        table
            .get_mut(id)
            .filter(|thing| self.sees(id, *thing))
            .ok_or_else(|| not_found::<T>(id))
    }
}

/// "There is none", in the words for this kind of object.
pub(crate) fn not_found<T: Thing>(id: &str) -> ApiError {
    let (code, noun) = T::NOT_FOUND;
    ApiError::bad(code, format!("The {noun} '{id}' does not exist"))
}

fn check_form<T: Thing>(id: &str) -> Result<(), ApiError> {
    if id
        .strip_prefix(T::PREFIX)
        .is_some_and(|rest| rest.starts_with('-'))
    {
        return Ok(());
    }
    let (code, _) = T::NOT_FOUND;
    let code = code
        .strip_suffix(".NotFound")
        .map_or("InvalidID.Malformed".to_owned(), |stem| {
            format!("{stem}.Malformed")
        });
    Err(ApiError::bad(
        code,
        format!("Invalid id: \"{id}\" (expecting \"{}-...\")", T::PREFIX),
    ))
}
