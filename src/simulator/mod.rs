//! A mobile network and its modems behind PTYs and in-memory streams: a stand-in for the hardware.
