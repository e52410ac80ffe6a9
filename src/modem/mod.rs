//! One AT session as a pure machine.
