//! The customers' API and the admin interface over axum.
