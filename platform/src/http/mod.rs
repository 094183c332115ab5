//! The HTTP parts that command and query endpoints share.
