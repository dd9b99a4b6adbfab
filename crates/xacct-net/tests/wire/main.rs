//! Every call on the wire: answers of real services, one success and one refusal each.
