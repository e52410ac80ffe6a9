//! Pure rules and types.
