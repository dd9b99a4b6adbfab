//! The order that a partition holds idempotent producers to.
//!
//! A broker remembers, for each producer id, the epoch and the last five batches. A batch must
//! continue the sequence; one that is still remembered is answered with the offset that it has; an
//! older one is reported as a duplicate; a gap is refused.

use std::collections::{BTreeMap, VecDeque};

use super::refusal::StoreError;

/// Batches that are remembered for each producer; a client may have as many in flight.
const REMEMBERED_BATCHES: usize = 5;

/// What an idempotent producer writes into the head of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProducerStamp {
    /// From `InitProducerId`.
    pub producer_id: i64,
    /// Raised when the producer is restarted under the same id.
    pub epoch: i16,
    /// Sequence number of the first record; wraps to 0 after `i32::MAX`.
    pub first_sequence: i32,
}

/// What a batch is to the partition.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Continuation {
    /// To be appended.
    Next,
    /// Appended before, at this offset.
    AlreadyAt(i64),
}

/// All producers that one partition has seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Producers(BTreeMap<i64, Producer>);

#[derive(Debug, Clone)]
struct Producer {
    epoch: i16,
    batches: VecDeque<Batch>,
}

#[derive(Debug, Clone, Copy)]
struct Batch {
    first: i32,
    last: i32,
    offset: i64,
}

impl Producers {
    /// Judges a batch of `count` records that would start at `offset`, and remembers it if it is next.
    pub(super) fn admit(
        &mut self,
        stamp: ProducerStamp,
        count: usize,
        offset: i64,
    ) -> Result<Continuation, StoreError> {
        let batch = Batch {
            first: stamp.first_sequence,
            last: advance(stamp.first_sequence, count.saturating_sub(1)),
            offset,
        };
        let known = self.0.entry(stamp.producer_id).or_insert_with(|| Producer {
            epoch: stamp.epoch,
            batches: VecDeque::with_capacity(REMEMBERED_BATCHES),
        });
        if let Continuation::AlreadyAt(offset) = known.judge(stamp, batch)? {
            return Ok(Continuation::AlreadyAt(offset));
        }
        known.remember(stamp.epoch, batch);
        Ok(Continuation::Next)
    }
}

impl Producer {
    fn judge(&self, stamp: ProducerStamp, batch: Batch) -> Result<Continuation, StoreError> {
        let producer_id = stamp.producer_id;
        if stamp.epoch < self.epoch {
            return Err(StoreError::StaleEpoch {
                producer_id,
                current: self.epoch,
                got: stamp.epoch,
            });
        }
        let Some(last) = self.batches.back().map(|batch| batch.last) else {
            return Ok(Continuation::Next);
        };
        let gap = StoreError::OutOfOrderSequence {
            producer_id,
            last,
            got: batch.first,
        };
        if stamp.epoch > self.epoch {
            return if batch.first == 0 {
                Ok(Continuation::Next)
            } else {
                Err(gap)
            };
        }
        let same = |seen: &&Batch| seen.first == batch.first && seen.last == batch.last;
        if let Some(seen) = self.batches.iter().find(same) {
            return Ok(Continuation::AlreadyAt(seen.offset));
        }
        if batch.first == advance(last, 1) {
            return Ok(Continuation::Next);
        }
        if batch.last <= last {
            return Err(StoreError::DuplicateSequence {
                producer_id,
                got: batch.first,
            });
        }
        Err(gap)
    }

    fn remember(&mut self, epoch: i16, batch: Batch) {
        if epoch > self.epoch {
            self.epoch = epoch;
            self.batches.clear();
        }
        if self.batches.len() == REMEMBERED_BATCHES {
            self.batches.pop_front();
        }
        self.batches.push_back(batch);
    }
}

/// `sequence + by`, wrapping to 0 after `i32::MAX` as Kafka does.
fn advance(sequence: i32, by: usize) -> i32 {
    let period = i64::from(i32::MAX) + 1;
    ((i64::from(sequence) + by as i64).rem_euclid(period)) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(epoch: i16, first_sequence: i32) -> ProducerStamp {
        ProducerStamp {
            producer_id: 7,
            epoch,
            first_sequence,
        }
    }

    #[test]
    fn a_repeated_batch_is_answered_with_the_offset_it_has() {
        let mut producers = Producers::default();
        assert_eq!(producers.admit(stamp(0, 0), 3, 10), Ok(Continuation::Next));
        assert_eq!(producers.admit(stamp(0, 3), 2, 13), Ok(Continuation::Next));
        assert_eq!(
            producers.admit(stamp(0, 0), 3, 99),
            Ok(Continuation::AlreadyAt(10))
        );
    }

    #[test]
    fn a_gap_is_refused_and_an_old_batch_is_a_duplicate() {
        let mut producers = Producers::default();
        for n in 0..8 {
            producers.admit(stamp(0, n), 1, i64::from(n)).unwrap();
        }
        let gap = StoreError::OutOfOrderSequence {
            producer_id: 7,
            last: 7,
            got: 9,
        };
        assert_eq!(producers.admit(stamp(0, 9), 1, 9), Err(gap));
        let old = StoreError::DuplicateSequence {
            producer_id: 7,
            got: 1,
        };
        assert_eq!(producers.admit(stamp(0, 1), 1, 9), Err(old));
    }

    #[test]
    fn a_new_epoch_starts_again_at_zero_and_fences_the_old_one() {
        let mut producers = Producers::default();
        producers.admit(stamp(0, 0), 5, 0).unwrap();
        assert!(producers.admit(stamp(1, 5), 1, 5).is_err());
        assert_eq!(producers.admit(stamp(1, 0), 1, 5), Ok(Continuation::Next));
        let fenced = StoreError::StaleEpoch {
            producer_id: 7,
            current: 1,
            got: 0,
        };
        assert_eq!(producers.admit(stamp(0, 5), 1, 6), Err(fenced));
    }

    #[test]
    fn sequence_numbers_wrap_to_zero() {
        let mut producers = Producers::default();
        producers.admit(stamp(0, i32::MAX - 1), 2, 0).unwrap();
        assert_eq!(producers.admit(stamp(0, 0), 1, 2), Ok(Continuation::Next));
    }
}
