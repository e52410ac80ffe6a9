//! Serial ports and the loop that carries a session's actions out.
