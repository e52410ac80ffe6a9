//! What the business does, a function per verb.
