//! Bytes from a modem to lines, final results, URCs and typed replies; commands to bytes. Pure.
