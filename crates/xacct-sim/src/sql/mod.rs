//! The SQL that the simulated Redshift understands.
