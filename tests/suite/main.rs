//! The end-to-end suite: one binary, so that the library is linked once.
mod codec;
mod modem;
mod rooms;
