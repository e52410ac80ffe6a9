//! TPDUs of 3GPP TS 23.040 and their alphabets (23.038): decode and encode. Pure.
