//! What a refresh can really read.
